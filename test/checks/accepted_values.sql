CREATE TABLE t AS SELECT * FROM (VALUES ('paid', 1, 1.005, DATE '2026-01-01'), ('PAID', 2, 2.5, '2026-01-02'), (NULL, NULL, NULL, NULL), ('it''s', 1, 1, '2026-01-01')) v(status, n, x, day);
-- rules t
-- {"kind": "accepted_values", "column": "status", "values": ["paid", "it's"], "action": "quarantine"}
-- {"kind": "accepted_values", "column": "n", "values": ["1", "2"], "action": "warn"}
-- {"kind": "accepted_values", "column": "x", "values": ["1", "2.50"], "action": "warn"}
-- {"kind": "accepted_values", "column": "day", "values": ["2026-01-01"], "action": "warn", "nulls_break": true}
