CREATE TABLE payments AS SELECT * FROM (VALUES (1, 'a'), (NULL, 'b'), (3, NULL), (NULL, NULL), (5, '')) v(id, name);
-- rules payments
-- {"kind": "not_null", "column": "ID", "action": "quarantine", "reason": "no id"}
-- {"kind": "not_null", "column": "name", "action": "quarantine"}
