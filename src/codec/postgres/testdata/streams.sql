-- Makes streams.txt, with PostgreSQL 15 (wal_level=logical,
-- logical_decoding_work_mem=64kB), in an empty database:
--   psql -XqAt -f streams.sql >streams.txt
-- A line is a message in hexadecimal; "# …" begins a stream of its own.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET DateStyle = ISO;
SET TimeZone = 'UTC';
SET extra_float_digits = 3;

CREATE TYPE mood AS ENUM ('calm', 'd"e');
CREATE TABLE pay (id bigint PRIMARY KEY, n int, name text, amount numeric(12,2), at timestamptz, ok boolean);
CREATE TABLE doc (id int PRIMARY KEY, n int, body text);
ALTER TABLE doc ALTER body SET STORAGE EXTERNAL;
CREATE TABLE whole (id int, mood mood, body text);
ALTER TABLE whole REPLICA IDENTITY FULL;
ALTER TABLE whole ALTER body SET STORAGE EXTERNAL;
CREATE TABLE by_index (a int, b int NOT NULL);
CREATE UNIQUE INDEX by_b ON by_index (b);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_b;
CREATE TABLE bare ();
CREATE SCHEMA "Odd "" Schema";
CREATE TABLE "Odd "" Schema"."T 1" ("ключ" int PRIMARY KEY, " " text);
-- Fills the memory of the decoder, so that a transaction is streamed, and isn't in the stream.
CREATE TABLE noise (n int);
CREATE PUBLICATION p FOR TABLE pay, doc, whole, by_index, bare, "Odd "" Schema"."T 1";

CREATE FUNCTION show(title text, VARIADIC options text[]) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT '# ' || title
  UNION ALL
  SELECT encode(data, 'hex')
  FROM pg_logical_slot_get_binary_changes('s', NULL, NULL, VARIADIC options || '{publication_names,p}'::text[])
$$;

SELECT pg_create_logical_replication_slot('s', 'pgoutput') \g /dev/null
INSERT INTO pay VALUES (1, 7, 'first', 12.50, '2026-11-28 12:00:00.5+00', true), (2, NULL, '', -0.01, NULL, false);
UPDATE pay SET n = 8 WHERE id = 1;
UPDATE pay SET id = 3 WHERE id = 2;
DELETE FROM pay WHERE id = 3;
INSERT INTO doc SELECT 1, 0, repeat('x', 3000);
UPDATE doc SET n = n + 1;
INSERT INTO whole SELECT 1, 'd"e', repeat('y', 3000);
UPDATE whole SET id = 2;
DELETE FROM whole;
INSERT INTO by_index VALUES (1, 10);
UPDATE by_index SET b = 11;
DELETE FROM by_index;
INSERT INTO bare DEFAULT VALUES;
INSERT INTO "Odd "" Schema"."T 1" VALUES (1, E'\t');
TRUNCATE pay, doc;
TRUNCATE whole RESTART IDENTITY CASCADE;
BEGIN;
INSERT INTO pay VALUES (4, 1, 'a', 1, '-infinity', NULL);
ALTER TABLE pay ADD COLUMN extra int DEFAULT 7;
INSERT INTO pay VALUES (5, 1, 'b', 1, '2026-11-28 12:00:00+00', NULL);
ALTER TABLE pay DROP COLUMN n;
INSERT INTO pay VALUES (6, 'c', 1, NULL, NULL);
SAVEPOINT s;
INSERT INTO pay VALUES (7, 'gone', 1, NULL, NULL);
ROLLBACK TO s;
COMMIT;
SELECT pg_logical_emit_message(true, 'ours', 'within') \g /dev/null
SELECT pg_logical_emit_message(false, 'ours', E'\\x0001'::bytea) \g /dev/null
SELECT pg_replication_origin_create('node_a') \g /dev/null
SELECT pg_replication_origin_session_setup('node_a') \g /dev/null
BEGIN;
SELECT pg_replication_origin_xact_setup('1/AB', '2026-11-28 12:00:00+00') \g /dev/null
DELETE FROM pay WHERE id = 4;
COMMIT;
SELECT pg_replication_origin_session_reset() \g /dev/null
SELECT show('version 1, text', 'proto_version', '1', 'messages', 'true');

INSERT INTO pay VALUES (8, 'bin', 12345678.90, '2026-11-28 12:00:00.5+00', true, 7);
UPDATE pay SET id = 9 WHERE id = 8;
SELECT pg_replication_origin_drop('node_a') \g /dev/null
SELECT show('version 1, binary', 'proto_version', '1', 'binary', 'true');

BEGIN;
INSERT INTO doc SELECT i, i, 'z' FROM generate_series(1, 3) i;
INSERT INTO noise SELECT generate_series(1, 1000);
SAVEPOINT s;
INSERT INTO doc SELECT i, i, 'z' FROM generate_series(11, 13) i;
INSERT INTO noise SELECT generate_series(1, 1000);
ROLLBACK TO s;
SELECT pg_logical_emit_message(true, 'ours', 'streamed') \g /dev/null
INSERT INTO whole VALUES (1, 'calm', NULL);
UPDATE doc SET n = 0 WHERE id = 2;
UPDATE doc SET id = 4 WHERE id = 3;
TRUNCATE by_index;
DELETE FROM whole;
INSERT INTO noise SELECT generate_series(1, 1000);
COMMIT;
BEGIN;
INSERT INTO doc SELECT i, i, 'z' FROM generate_series(21, 23) i;
INSERT INTO noise SELECT generate_series(1, 1000);
ROLLBACK;
SELECT show('version 2, streaming', 'proto_version', '2', 'streaming', 'true', 'messages', 'true');
