CREATE TABLE t AS SELECT * FROM (VALUES ('a'), ('b'), ('zz'), (NULL)) v(s);
-- rules t
-- {"kind": "accepted_values", "column": "s", "values": ["a", "b"], "action": "fail"}
-- {"kind": "not_null", "column": "s", "action": "fail", "reason": "we need it"}
-- {"kind": "pattern", "column": "s", "pattern": "a", "action": "warn"}
