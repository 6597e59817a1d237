-- Repairs a file of payments. Tables in: raw (all columns text), event. What comes out is judged by
-- the rules in caudal.yaml, and the bad rows leave `cleaned`; views of it see the good rows only.

CREATE TABLE pairs AS
SELECT name, company_id, count(*) AS payments FROM raw
WHERE name IS NOT NULL AND company_id IS NOT NULL GROUP BY ALL;

-- Which name belongs to which company, found in the file itself: a pair is valid when it has more
-- than half of the rows of its name and of its company, and neither side looks damaged.
CREATE TABLE catalogue AS
SELECT name, company_id FROM pairs
WHERE regexp_full_match(company_id, '[0-9a-f]{40}')
  AND NOT regexp_matches(name, '0x[0-9A-Fa-f]+|[*&]')
QUALIFY payments * 2 > sum(payments) OVER (PARTITION BY name)
    AND payments * 2 > sum(payments) OVER (PARTITION BY company_id);

-- A date in one of three formats. Its cast, `day`, is made much faster than by the formats, but of more than they read
-- ('2026-07-3x'): it is taken where writing it gives the same ten characters.
CREATE MACRO day_of(text, day) AS
CASE WHEN strlen(text) = 10 AND CAST(day AS VARCHAR) = text THEN day
     ELSE CAST(try_strptime(text, ['%Y-%m-%d', '%Y-%m-%dT%H:%M:%S', '%Y%m%d']) AS DATE) END;

-- One row for each of raw. A name that is in no valid pair is damaged, and so is a company; what
-- the other side tells takes its place. Where both sides are known and don't belong together,
-- nothing tells which one is right.
CREATE VIEW cleaned AS
WITH casts AS (  -- apart, so that each is made once
  SELECT *,
         TRY_CAST(amount AS DECIMAL(18, 2)) AS amount_cast,
         TRY_CAST(created_at AS DATE) AS created_at_cast,
         TRY_CAST(paid_at AS DATE) AS paid_at_cast
  FROM raw),
understood AS (
  SELECT raw.id,
         coalesce(of_company.name, of_name.name) AS name,
         coalesce(of_company.company_id, of_name.company_id) AS company_id,
         of_company.name <> of_name.name AS contradictory,
         -- To the cent. Noise of floating point (82.179999999999) is taken off; nothing more is.
         CASE WHEN abs(CAST(raw.amount_cast AS DOUBLE) - TRY_CAST(raw.amount AS DOUBLE)) < 0.0001
              THEN raw.amount_cast END AS amount,
         raw.status,
         day_of(raw.created_at, raw.created_at_cast) AS created_at,
         day_of(raw.paid_at, raw.paid_at_cast) AS paid_at,
         raw.amount AS amount_text,
         raw.created_at AS created_at_text,
         raw.paid_at AS paid_at_text
  FROM casts AS raw
  LEFT JOIN catalogue AS of_company ON raw.company_id = of_company.company_id
  LEFT JOIN catalogue AS of_name ON raw.name = of_name.name)
SELECT * EXCLUDE (amount_text, created_at_text, paid_at_text),
       paid_at IS NULL AND paid_at_text IS NOT NULL AS paid_at_unreadable,
       -- For those who look into the quarantine: what couldn't be read, as it stood there.
       CASE WHEN amount IS NULL OR created_at IS NULL OR paid_at_unreadable
            THEN nullif(concat_ws('; ', CASE WHEN amount IS NULL THEN 'amount ' || amount_text END,
                                  CASE WHEN created_at IS NULL THEN 'created_at ' || created_at_text END,
                                  CASE WHEN paid_at IS NULL THEN 'paid_at ' || paid_at_text END), '') END AS unreadable
FROM understood;

CREATE VIEW payments AS
SELECT id, name, company_id, amount, status, created_at, paid_at FROM cleaned;

CREATE VIEW daily_totals AS
SELECT name, company_id, created_at, CAST(sum(amount) AS DECIMAL(18, 2)) AS total
FROM payments GROUP BY ALL ORDER BY ALL;
