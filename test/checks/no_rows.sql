CREATE TABLE t AS SELECT 1 AS a WHERE false;
-- rules t
-- {"kind": "not_null", "column": "a", "action": "quarantine"}
