// Every type of DuckDB through shared memory and back, as text and as numbers.
#include <gmock/gmock.h>

#include "engine/test_engine.h"

namespace caudal::engine {
namespace {

using Texts = std::vector<std::vector<std::optional<std::string>>>;

Texts All(Session& session, const std::string& sql) {
  const auto rows = session.Run(Sql(sql));
  EXPECT_TRUE(rows.ok()) << rows.error().message;
  if (!rows.ok()) return {};
  Result<Table> table = ReadAll(**rows, 100'000);
  EXPECT_TRUE(table.ok()) << table.error().message;
  return table.ok() ? table->rows : Texts{};
}

// What DuckDB itself writes is the measure.
void ExpectAsDuckDb(Session& session, const std::string& from) {
  const Texts ours = All(session, "SELECT * FROM " + from);
  const Texts theirs = All(session, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM " + from);
  const auto columns = session.Run(Sql("SELECT * FROM " + from)).value()->columns();
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_GT(ours.size(), 0u);
  for (size_t row = 0; row < ours.size(); ++row)
    for (size_t i = 0; i < columns.size(); ++i)
      EXPECT_EQ(ours[row][i], theirs[row][i])
          << columns[i].name << " " << columns[i].type << " row " << row;
}

class Types : public testing::Test {
 protected:
  TestEngine engine_{1};
  std::unique_ptr<Session> session_ = engine_.Open();
};

TEST_F(Types, AllOfDuckDbsOwnTest) {
  // A geometry stays binary; of the last possible moment DuckDB gets the milliseconds wrong.
  ExpectAsDuckDb(*session_, "(SELECT * EXCLUDE (geometry, timestamp_tz) FROM test_all_types())");
}

TEST_F(Types, HaveDuckDbsNames) {
  // Left out: enums, which are cut short, and a member whose name is a word of SQL.
  const std::string from =
      "(SELECT * EXCLUDE (geometry, small_enum, medium_enum, large_enum, \"union\") FROM "
      "test_all_types())";
  std::vector<std::string> ours;
  {
    const auto rows = session_->Run(Sql("FROM " + from)).value();
    for (const Column& column : rows->columns()) ours.push_back(column.name + " " + column.type);
  }
  const Texts theirs =
      All(*session_, "SELECT column_name || ' ' || column_type FROM (DESCRIBE FROM " + from + ")");
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i], *theirs[i][0]);
}

TEST_F(Types, FloatingPointNumbers) {
  ExpectAsDuckDb(*session_,
                 "(SELECT x, x::FLOAT AS y FROM (VALUES (1e15::DOUBLE), (1e16), (1.5e16), (1e-4), "
                 "(1e-5), (1.5e-7), (1e22), (0.1), ('-0.0'), ('nan'), ('inf'), ('-inf'), (1e10), "
                 "(123456.789), (3.4028235e38), (1e-40), (-1.5e30), (9999999999999998)) t(x))");
}

TEST_F(Types, NumbersOfEveryWidth) {
  ExpectAsDuckDb(*session_,
                 "(SELECT 12345678901234567890123456789012345678::DECIMAL(38,0) AS a, "
                 "-0.05::DECIMAL(4,2) AS b, '-0.00000000000000000000000000000000000001'::DECIMAL("
                 "38,38) AS c, '-170141183460469231731687303715884105727'::HUGEINT AS d, "
                 "'340282366920938463463374607431768211455'::UHUGEINT AS e, 0::DECIMAL(1,0) AS f, "
                 "'-5'::BIGNUM AS g, '123456789012345678901234567890000000000'::BIGNUM AS h, "
                 "0::BIGNUM AS i, sum(1) AS j)");
}

TEST_F(Types, TimesAndIntervals) {
  ExpectAsDuckDb(
      *session_,
      "(SELECT DATE '0044-03-15 (BC)' AS a, DATE 'infinity' AS b, DATE '12345-01-01' AS c, "
      "TIMESTAMP '-infinity' AS d, TIMESTAMP '1969-12-31 23:59:59.9' AS e, TIMESTAMP_NS "
      "'2020-01-01 01:02:03.123456789' AS f, TIMESTAMP_MS '2020-01-01 01:02:03.12' AS g, "
      "TIMESTAMP_S '0001-01-01 (BC) 01:02:03' AS h, '01:02:03.25+05:30'::TIMETZ AS i, "
      "'23:59:59-15:59:59'::TIMETZ AS j, TIMESTAMPTZ '2020-06-01 01:02:03.5+02' AS k, "
      "DATE '2000-02-29' AS l, DATE '1900-03-01' AS m, TIME '24:00:00' AS n)");
  ExpectAsDuckDb(*session_,
                 "(SELECT unnest([INTERVAL '14 months -3 days 4 hours', INTERVAL '-1.5 seconds', "
                 "INTERVAL '0 days', INTERVAL '-14 months', INTERVAL '25 hours 0.000001 second', "
                 "INTERVAL '-13 months -1 day -1 hour', INTERVAL '1 month -1 day']) AS i)");
}

TEST_F(Types, NestedValues) {
  ExpectAsDuckDb(
      *session_,
      "(SELECT ['a', 'b c', ' x', 'x ', 'a,b', 'NULL', '', 'it''s', 'q\"q', 'back\\slash', 'a=b', "
      "'{x}', '[y]', 'null', '(z)', 'x:y', 'a;b', 'é', NULL] AS a, {'a': 1, 'b c': 'x, y', "
      "'d''e': NULL} AS b, MAP {'k 1': 'v=1', 'k2': NULL} AS c, union_value(u := 'a b,c') AS d, "
      "[['a,b'], [], NULL] AS e, [DATE '2020-01-01'] AS f, [TIMESTAMP '2020-01-01 00:00:00'] AS g, "
      "[INTERVAL '1 day', INTERVAL '1 day 1 hour'] AS h, ['{\"a\": [1, \"x y\"]}'::JSON] AS i, "
      "[row(1, 'a', NULL)] AS j, [1::DECIMAL(5,2), -0.05] AS k, ['0101'::BIT] AS l, "
      "['\\xAA ,'::BLOB] AS m, '\\xAA''\"z\\x5C~\\x7F'::BLOB AS n, [1.5e-7] AS o, {'a': {'b': 'c "
      "d'}} AS p, MAP {'a,b': ['x y']} AS q, ['a', 'b']::VARCHAR[2] AS r, [uuid()::VARCHAR != ''] "
      "AS s, ['a'::ENUM('a', 'b c')] AS t)");
}

TEST_F(Types, NullsAmongManyRows) {
  ExpectAsDuckDb(
      *session_,
      "(SELECT CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS a, CASE WHEN i % 7 < 3 THEN "
      "NULL ELSE 'text ' || i END AS b, CASE WHEN i % 5 = 0 THEN NULL ELSE [i, NULL] END "
      "AS c, i % 2 = 0 AS d, NULL AS e FROM range(10000) t(i) ORDER BY i)");
}

TEST_F(Types, ThatCantCrossSaySo) {
  const auto rows = session_->Run(Sql("SELECT 1::VARIANT AS v"));
  EXPECT_TRUE(rows.error().Is(ErrorKind::kUnsupported));
  EXPECT_THAT(rows.error().message, testing::HasSubstr("cast it"));
  EXPECT_EQ(All(*session_, "SELECT 1::VARIANT::VARCHAR").size(), 1u) << "the session goes on";
}

TEST_F(Types, ParametersOfEveryType) {
  Statement statement = Sql("SELECT $a, $b, $c, $d, $E, $f, typeof($c)");
  statement.parameters = {{"a", std::monostate()},
                          {"b", true},
                          {"c", int64_t{-9223372036854775807}},
                          {"d", 0.5},
                          {"e", "'); DROP TABLE t; --"},
                          {"f", std::vector<std::string>{"x", "y, z"}},
                          {"unused", true}};
  const auto rows = session_->Run(statement).value();
  const Table table = ReadAll(*rows, 10).value();
  EXPECT_THAT(table.rows[0],
              testing::ElementsAre(std::nullopt, "true", "-9223372036854775807", "0.5",
                                   "'); DROP TABLE t; --", "[x, 'y, z']", "BIGINT"));
}

TEST_F(Types, MissingParameterIsNamed) {
  const Error error = session_->Run(Sql("SELECT $missing")).error();
  EXPECT_TRUE(error.Is(ErrorKind::kInvalid));
  EXPECT_THAT(error.message, testing::HasSubstr("$missing"));
}

}  // namespace
}  // namespace caudal::engine
