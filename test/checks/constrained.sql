-- Rows leave a table with keys and indexes as well.
CREATE TABLE t(id INTEGER PRIMARY KEY, name VARCHAR);
CREATE INDEX names ON t(name);
INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'a');
CREATE VIEW seen AS FROM t;
-- rules t
-- {"kind": "unique", "column": "name", "action": "quarantine"}
