-- Makes values.txt and builtin_types.txt, with PostgreSQL 15, in any database:
--   psql -XqAt -v dir="$PWD" -f values.sql
-- values.txt: a value's type, the type's oid, its modifier, its text, its binary form in hexadecimal; in COPY's format.
-- builtin_types.txt: oid, name, pg_type.typtype, the element's oid of an array or 0, pg_type.typdelim of the element.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET TimeZone = 'UTC';
SET extra_float_digits = 3;
SET bytea_output = hex;
SET lc_monetary = 'C';

CREATE FUNCTION pg_temp.show(type text, literal text) RETURNS TABLE (declared text, oid oid, typmod int, shown text, sent text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TEMP TABLE one AS SELECT %L::%s AS v', literal, type);
  RETURN QUERY EXECUTE format(
    'SELECT %L::text, a.atttypid, a.atttypmod, format(''%%s'', v), encode(%s(v), ''hex'') FROM one, pg_attribute a WHERE attrelid = ''pg_temp.one''::regclass AND attname = ''v''',
    type, (SELECT typsend::regproc FROM pg_type t JOIN pg_attribute a ON atttypid = t.oid WHERE attrelid = 'pg_temp.one'::regclass AND attname = 'v'));
  DROP TABLE one;
END $$;

CREATE TEMP TABLE literals (n serial, type text, literal text);
INSERT INTO literals (type, literal) VALUES
  ('boolean', 'true'), ('boolean', 'false'),
  ('smallint', '-32768'), ('smallint', '32767'), ('smallint', '0'),
  ('integer', '-2147483648'), ('integer', '2147483647'), ('integer', '-1'),
  ('bigint', '-9223372036854775808'), ('bigint', '9223372036854775807'), ('bigint', '1000000000000'),
  ('oid', '4000000000'), ('oid', '0'), ('xid', '4294967295'), ('cid', '7'), ('xid8', '9223372036854775807'), ('xid8', '18446744073709551615'),
  ('real', '1.17549e-38'), ('real', '-0'), ('real', 'NaN'), ('real', 'Infinity'), ('real', '-Infinity'), ('real', '3.4028235e38'), ('real', '1e-45'), ('real', '0.1'),
  ('float8', '-0'), ('float8', 'NaN'), ('float8', 'Infinity'), ('float8', '-Infinity'), ('float8', '1.7976931348623157e308'), ('float8', '5e-324'), ('float8', '0.1'), ('float8', '1e15'), ('float8', '-123456789.125'),
  ('numeric(3,2)', '1.1'), ('numeric(4)', '10'), ('numeric(12,2)', '-1234567890.12'), ('numeric(12,2)', '0.05'), ('numeric(2,2)', '0.99'), ('numeric(2,2)', '0.01'),
  ('numeric(3,-2)', '12345'), ('numeric(3,-2)', '-99900'), ('numeric(3,5)', '0.00123'), ('numeric(38,0)', repeat('9', 38)), ('numeric(38,38)', '-0.' || repeat('9', 38)),
  ('numeric(38,10)', '1234567890123456789012345678.0123456789'), ('numeric(20,4)', '1000000000000000'), ('numeric(20,4)', '0.0001'), ('numeric(20,6)', '90000.000001'),
  ('numeric(12,2)', 'NaN'), ('numeric', 'NaN'), ('numeric', 'Infinity'), ('numeric', '-Infinity'),
  ('numeric', '10.1111'), ('numeric', '0'), ('numeric', '0.00000000000'), ('numeric', '-0.000000001'), ('numeric', '0.0000000001'), ('numeric', '1.000000000000000'),
  ('numeric', '1e-300'), ('numeric', repeat('9', 200)), ('numeric', repeat('9', 29)), ('numeric', repeat('9', 30)), ('numeric', '1e28'), ('numeric', '1e29'), ('numeric', '99999.99999'), ('numeric', '100000000'),
  ('text', ''), ('text', 'ñ, 漢, 🦦'), ('text', E'a\tb\nc\\d'), ('varchar(5)', 'ab'), ('char(3)', 'ab'), ('name', 'Odd "name"'),
  ('json', '{"a": 1,  "a":2}'), ('json', 'null'), ('jsonb', '{"a": 1,  "a":2}'), ('jsonb', 'null'), ('jsonb', '1' || repeat('0', 1000)),
  ('bytea', '\x00ff'), ('bytea', ''), ('bytea', '\x5c6e27'),
  ('date', '2024-02-29'), ('date', '0001-01-01'), ('date', '1969-12-31'), ('date', '0001-12-31 BC'), ('date', '4713-01-01 BC'), ('date', 'infinity'), ('date', '-infinity'), ('date', '5874897-12-31'), ('date', '12345-06-07'),
  ('time', '00:00:00'), ('time', '23:59:59.999999'), ('time', '24:00:00'), ('time(3)', '08:09:10.120'),
  ('timestamp', '2026-11-28 12:00:00'), ('timestamp', '0001-01-01 00:00:00'), ('timestamp', '0001-12-31 23:59:59.999999 BC'), ('timestamp', 'infinity'), ('timestamp', '-infinity'), ('timestamp', '294276-12-31 23:59:59.999999'), ('timestamp', '294246-12-31 23:59:59.999999'), ('timestamp', '1969-12-31 23:59:59.999999'),
  ('timestamptz', '12345-06-07 08:09:10+00'), ('timestamptz', '2026-11-28 12:00:00.5+05:30'), ('timestamptz', 'infinity'), ('timestamptz', '-infinity'), ('timestamptz', '0001-01-01 00:00:00+01'), ('timestamptz', '4714-11-24 00:00:00+00 BC'), ('timestamptz(0)', '2000-01-01 00:00:00+00'),
  ('interval', '1 year -2 mons 3 days -04:05:06.789'), ('interval', '0'), ('interval', '-1 year -1 mon'), ('interval', '1 day'), ('interval', '-1 day 01:00:00'), ('interval', '2562047788 hours'), ('interval', '0.000001 seconds'), ('interval', '-0.5 seconds'), ('interval', '178000000 years'),
  ('uuid', 'F79C3E09-677C-4BBD-A479-3F349CB785E7');
COPY (SELECT s.* FROM literals, pg_temp.show(type, literal) s ORDER BY n) TO STDOUT \g :dir/values.txt
COPY (SELECT t.oid, format_type(t.oid, NULL), t.typtype, coalesce(e.oid, 0), coalesce(e.typdelim, ',')
      FROM pg_type t LEFT JOIN pg_type e ON e.typarray = t.oid
      WHERE t.oid < 10000 AND t.typtype <> 'c' AND t.typtype <> 'p' AND coalesce(e.typtype, 'b') NOT IN ('c', 'p') ORDER BY t.oid) TO STDOUT \g :dir/builtin_types.txt
