-- The whole value must match.
CREATE TABLE t AS SELECT * FROM (VALUES ('ab12', 12), ('xab12', 123), ('ab12' || chr(10), -1), ('', 0), (NULL, NULL)) v(code, n);
-- rules t
-- {"kind": "pattern", "column": "code", "pattern": "[a-z]{2}[0-9]{2}", "action": "quarantine", "reason": "not a code"}
-- {"kind": "pattern", "column": "n", "pattern": "[0-9]{2}", "action": "warn"}
