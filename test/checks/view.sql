-- A view is replaced by one without the bad rows; views of it see the good ones.
CREATE TABLE base AS SELECT i, i % 3 AS k FROM range(9) r(i);
CREATE VIEW t AS SELECT i, k, i * 10 AS ten FROM base;
CREATE VIEW totals AS SELECT k, sum(ten) AS total FROM t GROUP BY k ORDER BY k;
-- rules t
-- {"kind": "range", "column": "ten", "max": "50", "action": "quarantine"}
-- {"kind": "complete", "of": "base", "action": "fail"}
