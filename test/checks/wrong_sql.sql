CREATE TABLE t AS SELECT 1 AS a;
-- rules t
-- {"kind": "sql", "sql": "a > 0)) OR ((true", "action": "warn", "name": "closes what it didn't open"}
