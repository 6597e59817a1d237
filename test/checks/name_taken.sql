CREATE TABLE t AS SELECT 1 AS _Rule;
-- rules t
-- {"kind": "not_null", "column": "_rule", "action": "quarantine"}
