CREATE TABLE t AS SELECT NULL::INTEGER AS a FROM range(3);
-- rules t
-- {"kind": "not_null", "column": "a", "action": "quarantine"}
