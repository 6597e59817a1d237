CREATE TABLE raw AS FROM range(5);
CREATE VIEW t AS FROM raw LIMIT 3;
-- rules t
-- {"kind": "complete", "of": "raw", "action": "warn"}
