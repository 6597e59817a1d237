-- A bound isn't rounded to the column's scale; NaN is outside of every range; text takes no range.
CREATE TABLE t AS SELECT * FROM (VALUES (0.01, 1.0::DOUBLE, DATE '2026-01-01'), (0.02, 'nan', '2026-06-30'), (-1, 'inf', '2025-12-31'), (NULL, NULL, NULL)) v(amount, x, day);
-- rules t
-- {"kind": "range", "column": "amount", "min": "0.015", "action": "quarantine", "name": "small"}
-- {"kind": "range", "column": "x", "min": "0", "action": "warn"}
-- {"kind": "range", "column": "x", "min": "0", "max": "1e3", "action": "warn", "nulls_break": true}
-- {"kind": "range", "column": "day", "min": "2026-01-01", "max": "2026-06-30", "action": "quarantine"}
