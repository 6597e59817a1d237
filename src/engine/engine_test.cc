#include "engine/engine.h"

#include <gmock/gmock.h>

#include "engine/test_engine.h"

namespace caudal::engine {
namespace {

// The first column's 64-bit numbers.
std::vector<int64_t> Numbers(Rows& rows) {
  std::vector<int64_t> numbers;
  while (true) {
    const Result<std::optional<Batch>> batch = rows.Next();
    EXPECT_TRUE(batch.ok()) << batch.error().message;
    if (!batch.ok() || !*batch) return numbers;
    const ArrowArray& column = *(**batch).array().children[0];
    const auto* values = static_cast<const int64_t*>(column.buffers[1]);
    numbers.insert(numbers.end(), values, values + column.length);
  }
}

TEST(Engine, RunsAQuery) {
  TestEngine engine;
  const auto session = engine.Open();
  const auto rows = session->Run(Sql("SELECT 42::BIGINT AS answer, 'x' AS text")).value();
  ASSERT_EQ(rows->columns().size(), 2u);
  EXPECT_EQ(rows->columns()[0].name, "answer");
  EXPECT_EQ(rows->columns()[0].type, "BIGINT");
  EXPECT_STREQ(rows->schema().children[1]->format, "u");
  EXPECT_THAT(Numbers(*rows), testing::ElementsAre(42));
}

TEST(Engine, StreamsManyRows) {
  TestEngine engine;
  const auto session = engine.Open();
  const auto rows = session->Run(Sql("SELECT i FROM range(3000000) t(i)")).value();
  const std::vector<int64_t> numbers = Numbers(*rows);
  ASSERT_EQ(numbers.size(), 3'000'000u);
  for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], static_cast<int64_t>(i));
}

// One worker, which makes ready for a session like the last.
TEST(Engine, GivesEachSessionItsOwnSettings) {
  TestEngine engine(1);
  const auto first_of = [&](const SessionRequest& request) {
    const auto session = engine.Open(request);
    const auto rows =
        session->Run(Sql("SELECT x FROM (VALUES (1), (NULL)) t(x) ORDER BY x LIMIT 1")).value();
    return ReadAll(*rows, 10)->rows[0][0].value_or("null");
  };
  SessionRequest nulls_first;
  nulls_first.settings = {{"default_null_order", "nulls_first"}};
  SessionRequest other_limits = nulls_first;
  other_limits.limits.memory_bytes = 100u << 20;
  other_limits.limits.threads = 1;
  SessionRequest nulls_last;
  nulls_last.settings = {{"default_null_order", "nulls_last"}};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(first_of(nulls_first), "null");
    EXPECT_EQ(first_of(nulls_first), "null");
    EXPECT_EQ(first_of(other_limits), "null");
    EXPECT_EQ(first_of(nulls_last), "1");
    EXPECT_EQ(first_of({}), "1");
  }
}

TEST(Engine, KeepsTablesWithinASessionOnly) {
  TestEngine engine(1);
  {
    const auto session = engine.Open();
    EXPECT_EQ(session->Execute(Sql("CREATE TABLE t AS SELECT * FROM range(5) t(i)")).value(), 5);
    EXPECT_EQ(session->Execute(Sql("UPDATE t SET i = i + 1; DELETE FROM t WHERE i > 3")).value(),
              2);
    EXPECT_THAT(Numbers(*session->Run(Sql("SELECT sum(i)::BIGINT FROM t")).value()),
                testing::ElementsAre(6));
  }
  const auto session = engine.Open();
  EXPECT_TRUE(session->Run(Sql("FROM t")).error().Is(ErrorKind::kInvalid));
  EXPECT_EQ(engine->stats().started, 1u) << "the worker was used again";
}

SessionRequest Undone() {
  SessionRequest request;
  request.settings = {{"TimeZone", "UTC"}, {"parquet_metadata_cache", "true"}};
  request.undone = true;
  return request;
}

TEST(Engine, UndoesWhatASessionMade) {
  TestEngine engine(1);
  const char* make =
      "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a; CREATE VIEW v AS FROM s.t; CREATE TEMP "
      "TABLE tt AS SELECT 1; CREATE MACRO m(x) AS x + 1; CREATE TYPE k AS ENUM ('a'); CREATE "
      "SEQUENCE q; CREATE TABLE kept AS SELECT 1 AS a";
  double random = 0;
  for (int i = 0; i < 5; ++i) {
    const auto session = engine.Open(Undone());
    const auto found =
        session
            ->Run(Trusted("SELECT (SELECT count(*) FROM duckdb_tables()) + (SELECT count(*) FROM "
                          "duckdb_views() WHERE NOT internal) + (SELECT count(*) FROM "
                          "duckdb_schemas() WHERE schema_name = 's') + (SELECT count(*) FROM "
                          "duckdb_functions() WHERE function_name = 'm') + (SELECT count(*) FROM "
                          "duckdb_types() WHERE type_name = 'k') + (SELECT count(*) FROM "
                          "duckdb_sequences()), random()::VARCHAR"))
            .value();
    const Table seen = ReadAll(*found, 1).value();
    EXPECT_EQ(seen.rows[0][0], "0");
    EXPECT_NE(std::stod(seen.rows[0][1].value()), random) << "the seed of the session before";
    ASSERT_TRUE(session->Execute(Trusted(make)).ok());
    const auto next = session->Run(Sql("SELECT setseed(0.5), random()::VARCHAR FROM v")).value();
    random = std::stod(ReadAll(*next, 1)->rows[0][1].value());
    // However it ends.
    if (i == 1) {
      EXPECT_FALSE(session->Run(Sql("SELECT error('no')")).ok());
    }
    if (i == 2) {
      EXPECT_FALSE(session->Execute(Trusted("CREATE TABLE kept AS SELECT 2")).ok());
    }
    if (i == 3) {
      const auto rows = session->Run(Sql("SELECT i FROM range(100000000) t(i)")).value();
      EXPECT_TRUE(rows->Next().ok());
    }
  }
  EXPECT_EQ(engine->stats().started, 1u);
}

TEST(Engine, UndoneSessionsHaveTheirOwnSettingsAndFiles) {
  TestEngine engine(1);
  const std::string a = engine.Write("a", "a\n1\n");
  const std::string b = engine.Write("b", "a\n2\n");
  const auto zone = [](Session& session) {
    const auto rows =
        session.Run(Sql("SELECT TIMESTAMPTZ '2020-01-01 00:00:00+00'::VARCHAR")).value();
    return ReadAll(*rows, 1)->rows[0][0].value();
  };
  for (int i = 0; i < 3; ++i) {
    {
      SessionRequest request = Undone();
      request.inputs = {{"a", a}};
      const auto session = engine.Open(request);
      EXPECT_EQ(zone(*session), "2020-01-01 00:00:00+00");
      EXPECT_TRUE(session->Execute(Trusted("FROM read_csv('in/a')")).ok());
      EXPECT_FALSE(session->Execute(Sql("SET TimeZone = 'Asia/Tokyo'")).ok());
      EXPECT_FALSE(session->Execute(Trusted("FROM read_csv('in/b')")).ok());
      EXPECT_FALSE(session->Execute(Sql("SELECT 1")).ok()) << "an error ends it";
    }
    {
      SessionRequest request = Undone();
      request.inputs = {{"b", b}};
      const auto session = engine.Open(request);
      const auto rows = session->Run(Trusted("FROM read_csv('in/b')")).value();
      EXPECT_EQ(ReadAll(*rows, 1)->rows[0][0], "2");
      EXPECT_FALSE(session->Execute(Trusted("FROM read_csv('in/a')")).ok());
    }
    SessionRequest other = Undone();
    other.settings[0].second = "Asia/Tokyo";
    EXPECT_EQ(zone(*engine.Open(other)), "2020-01-01 09:00:00+09");
    EXPECT_EQ(zone(*engine.Open(Undone())), "2020-01-01 00:00:00+00");
  }
  // One that isn't keeps nothing, and gets nothing.
  EXPECT_TRUE(engine.Open()->Execute(Sql("CREATE TABLE t AS SELECT 1")).ok());
  EXPECT_FALSE(engine.Open(Undone())->Execute(Sql("FROM t")).ok());
  EXPECT_EQ(engine->stats().started, 1u);
}

}  // namespace
}  // namespace caudal::engine
