CREATE TABLE t AS SELECT * FROM (VALUES (1, 'a'), (2, 'a'), (2, 'b'), (NULL, 'c'), (NULL, 'd')) v(id, name);
-- rules t
-- {"kind": "unique", "column": "id", "action": "quarantine"}
-- {"kind": "unique", "column": "name", "action": "warn"}
