// A session that reaches a limit, breaks its worker or is stopped, and the others that go on.
#include <gmock/gmock.h>

#include <thread>

#include "engine/test_engine.h"

namespace caudal::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Runs long, and would for hours.
const Statement kEndless =
    Sql("SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE hash(i + j) = 42");

void ExpectWorks(Session& session) {
  const auto rows = session.Run(Sql("SELECT 1 + 1"));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(ReadAll(**rows, 10)->rows[0][0], "2");
}

// The statement ends its session with this error, and neither the session beside it nor the next
// one notices.
void ExpectEnds(const SessionRequest& request, const Statement& statement, ErrorKind kind,
                std::string_view code, const std::string& message = "") {
  TestEngine engine;
  const auto other = engine.Open();
  {
    const auto session = engine.Open(request);
    const Error error = session->Execute(statement).error();
    EXPECT_EQ(NameOf(error.kind), NameOf(kind)) << error.message;
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_THAT(error.message, testing::HasSubstr(message));
    EXPECT_EQ(session->Execute(Sql("SELECT 1")).error().message, error.message);
  }
  ExpectWorks(*other);
  ExpectWorks(*engine.Open());
}

TEST(Limits, Memory) {
  ExpectEnds({.limits = {.memory_bytes = 64u << 20}},
             Sql("SELECT length(list(i)) FROM range(100000000) t(i)"), ErrorKind::kLimit,
             "engine.memory", "`memory`");
}

TEST(Limits, Temp) {
  ExpectEnds({.limits = {.memory_bytes = 64u << 20, .temp_bytes = 16u << 20}},
             Sql("CREATE TABLE t AS SELECT hash(i) AS h, uuid() AS u FROM range(100000000) t(i)"),
             ErrorKind::kLimit, "engine.temp", "`temp`");
}

TEST(Limits, SpillingWithinThemIsFine) {
  TestEngine engine(1);
  const auto session = engine.Open({.limits = {.memory_bytes = 64u << 20}});
  EXPECT_EQ(
      session->Execute(Sql("CREATE TABLE t AS SELECT uuid() AS u FROM range(6000000)")).value(),
      6'000'000);
}

TEST(Limits, Time) {
  ExpectEnds({.limits = {.time = milliseconds(100)}}, kEndless, ErrorKind::kTimeout, "engine.time",
             "100 ms");
}

TEST(Limits, Output) {
  ExpectEnds({.limits = {.temp_bytes = 1u << 20, .output_bytes = 1u << 20}},
             Trusted("COPY (SELECT uuid() FROM range(100000000)) TO 'out/big.csv'"),
             ErrorKind::kLimit, "engine.output", "`output`");
}

TEST(Limits, OutputInManyFiles) {
  ExpectEnds({.limits = {.temp_bytes = 1u << 30, .output_bytes = 1u << 20}},
             Trusted("COPY (SELECT i % 5 AS p, uuid() FROM range(100000000) t(i)) TO 'out/big' "
                     "(FORMAT csv, PARTITION_BY (p))"),
             ErrorKind::kLimit, "engine.output");
}

TEST(Limits, ResultsThatAreNotReadTakeNoMemory) {
  TestEngine engine(1);
  const auto session = engine.Open({.limits = {.memory_bytes = 64u << 20}});
  const auto rows =
      session->Run(Sql("SELECT repeat('x', 1000) || i FROM range(10000000) t(i)")).value();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(rows->Next().value().has_value());
  if (!kSanitized) {
    EXPECT_LT(session->stats().resident_bytes_max, 400u << 20);
  }
}

TEST(Limits, ThatMakeNoSenseAreRefused) {
  TestEngine engine(1);
  EXPECT_TRUE(engine->Open({.limits = {.memory_bytes = 1}}).error().Is(ErrorKind::kInvalid));
  EXPECT_TRUE(engine->Open({.limits = {.threads = 0}}).error().Is(ErrorKind::kInvalid));
  EXPECT_TRUE(engine->Open({.limits = {.time = milliseconds(0)}}).error().Is(ErrorKind::kInvalid));
}

TEST(Limits, RowsOfReadAll) {
  TestEngine engine(1);
  const auto session = engine.Open();
  {
    const auto rows = session->Run(Sql("FROM range(100)")).value();
    EXPECT_TRUE(ReadAll(*rows, 99).error().Is(ErrorKind::kLimit));
  }
  EXPECT_EQ(ReadAll(**session->Run(Sql("FROM range(100)")), 100)->rows.size(), 100u);
}

#if defined(CAUDAL_FAILPOINTS)
Statement Break(const std::string& how) { return Sql("SELECT caudal_test_break('" + how + "')"); }

TEST(Broken, Crash) {
  ExpectEnds({}, Break("crash"), ErrorKind::kUnavailable, "engine.crash",
             kSanitized ? "died" : "SIGSEGV");
}

TEST(Broken, Abort) { ExpectEnds({}, Break("abort"), ErrorKind::kUnavailable, "engine.crash"); }

TEST(Broken, Exit) {
  ExpectEnds({}, Break("exit"), ErrorKind::kUnavailable, "engine.crash", "exit status 3");
}

TEST(Broken, MemoryThatDuckDbDoesntCount) {
  ExpectEnds({.limits = {.memory_bytes = 64u << 20}}, Break("hoard"), ErrorKind::kLimit,
             "engine.memory");
}

TEST(Broken, NoEarForInterrupts) {
  ExpectEnds({.limits = {.time = milliseconds(100)}}, Break("hang"), ErrorKind::kTimeout,
             "engine.time");
}

TEST(Broken, WorkersAreReplaced) {
  TestEngine engine(1);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(engine.Open()->Execute(Break("abort")).ok());
  ExpectWorks(*engine.Open());
  EXPECT_EQ(engine->stats().crashed, 5u);
  EXPECT_EQ(engine->stats().workers, 1);
}

TEST(Cancel, EndsAStatementThatDoesntListen) {
  TestEngine engine(1);
  const auto session = engine.Open();
  std::thread canceller([&] { session->Cancel(); });
  EXPECT_TRUE(session->Execute(Break("hang")).error().Is(ErrorKind::kCancelled));
  canceller.join();
}
#endif

TEST(Cancel, EndsAStatement) {
  TestEngine engine(1);
  {
    const auto session = engine.Open();
    std::thread canceller([&] { session->Cancel(); });
    EXPECT_TRUE(session->Execute(kEndless).error().Is(ErrorKind::kCancelled));
    canceller.join();
    EXPECT_TRUE(session->Run(Sql("SELECT 1")).error().Is(ErrorKind::kCancelled));
    EXPECT_TRUE(session->AddInput({"x", "x"}).error().Is(ErrorKind::kCancelled));
    EXPECT_TRUE(session->TakeOutput("x").error().Is(ErrorKind::kCancelled));
  }
  ExpectWorks(*engine.Open());
}

TEST(Cancel, EndsAStreamOfRows) {
  TestEngine engine(1);
  const auto session = engine.Open();
  const auto rows = session->Run(Sql("FROM range(1000000000)")).value();
  EXPECT_TRUE(rows->Next().value().has_value());
  session->Cancel();
  Result<std::optional<Batch>> next = rows->Next();
  while (next.ok() && next.value()) next = rows->Next();
  EXPECT_TRUE(next.error().Is(ErrorKind::kCancelled));
}

TEST(Abandoned, RowsDontEndTheSession) {
  TestEngine engine(1);
  const auto session = engine.Open();
  for (int i = 0; i < 20; ++i) {
    const auto rows = session->Run(Sql("FROM range(1000000000)")).value();
    if (i % 2 == 0) {
      EXPECT_TRUE(rows->Next().value().has_value());
    }
  }
  ExpectWorks(*session);
  EXPECT_EQ(engine->stats().started, 1u);
}

TEST(Errors, InTheMiddleOfRowsComeThrough) {
  TestEngine engine(1);
  const auto session = engine.Open();
  const auto rows =
      session
          ->Run(Sql("SELECT CASE WHEN i = 1500000 THEN CAST('x' || i AS INT) ELSE i END FROM "
                    "range(2000000) t(i)"))
          .value();
  Result<std::optional<Batch>> next = rows->Next();
  int64_t count = 0;
  for (; next.ok() && next.value(); next = rows->Next()) count += next.value()->rows();
  EXPECT_TRUE(next.error().Is(ErrorKind::kInvalid));
  EXPECT_THAT(next.error().message, testing::HasSubstr("x1500000"));
  EXPECT_GT(count, 0);
  ExpectWorks(*session);
}

TEST(Errors, OfAScriptNameTheStatement) {
  TestEngine engine(1);
  const auto session = engine.Open();
  const Error error =
      session->Execute(Sql("CREATE TABLE t(a INT); INSERT INTO t VALUES ('x'); SELECT 1")).error();
  EXPECT_THAT(error.message, testing::StartsWith("statement 2 of 3: Conversion Error"));
}

TEST(Progress, IsSeenWhileAStatementRuns) {
  TestEngine engine(1);
  const auto session = engine.Open();
  EXPECT_TRUE(session->Execute(Sql("CREATE TABLE t AS FROM range(3000000) t(i)")).ok());
  std::thread runner([&] {
    (void)session
        ->Execute(Sql("SELECT sum(length(list_reduce([md5(j::VARCHAR) FOR j IN range(i % "
                      "100 + 1)], lambda a, b: md5(a || b)))) FROM t"))
        .ok();
  });
  const auto deadline = std::chrono::steady_clock::now() + seconds(60);
  while (session->progress().fraction == 0 && session->progress().rows == 0 &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(5));
  EXPECT_TRUE(session->progress().fraction > 0 || session->progress().rows > 0);
  session->Cancel();
  runner.join();
}

}  // namespace
}  // namespace caudal::engine
