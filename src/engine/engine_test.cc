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

}  // namespace
}  // namespace caudal::engine
