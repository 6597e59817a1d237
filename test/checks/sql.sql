CREATE TABLE known AS SELECT * FROM (VALUES ('a'), ('b')) v(name);
CREATE TABLE t AS SELECT * FROM (VALUES (1, 2, 'a'), (2, 1, 'b'), (NULL, 1, 'c'), (4, 5, NULL)) v(low, high, name);
-- rules t
-- {"kind": "sql", "sql": "low <= high -- a comment", "action": "quarantine", "name": "order", "reason": "low over high"}
-- {"kind": "sql", "sql": "name IN (SELECT name FROM known)", "action": "quarantine", "nulls_break": true}
-- {"kind": "sql", "sql": "low < (SELECT avg(high) FROM t)", "action": "warn"}
