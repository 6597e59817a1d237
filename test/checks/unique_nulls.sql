CREATE TABLE t AS SELECT * FROM (VALUES (1), (2), (NULL), (NULL)) v(id);
-- rules t
-- {"kind": "unique", "column": "id", "action": "quarantine", "nulls_break": true}
