CREATE TABLE t AS SELECT 1 AS a;
-- rules t
-- {"kind": "not_null", "column": "a", "action": "quarantine"}
-- {"kind": "unique", "column": "a", "action": "fail"}
