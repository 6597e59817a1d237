// Every way around the rules, from a file of statements: testdata/hostile.txt.
#include <filesystem>
#include <fstream>

#include "query/query_fixture.h"
#include "query/sql_text.h"

namespace caudal::query {
namespace {

namespace fs = std::filesystem;

class HostileTest : public QueryFixture {};

fs::path HostileFile() {
  fs::path path = fs::path(__FILE__);
  if (path.is_relative()) path = fs::current_path() / path;
  while (!fs::exists(path / "src/query/testdata") && path != path.parent_path())
    path = path.parent_path();
  return path / "src/query/testdata/hostile.txt";
}

struct Attempt {
  std::string sql;
  std::string error;
};

std::vector<Attempt> ReadAttempts(const std::string& outside) {
  std::ifstream file(HostileFile());
  std::vector<Attempt> attempts;
  std::string error;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#!")) error = line.size() > 3 ? line.substr(3) : "";
    if (line.empty() || line.starts_with("#")) continue;
    const size_t at = line.find("{file}");
    if (at != std::string::npos) line.replace(at, 6, outside);
    attempts.push_back({line, error});
  }
  return attempts;
}

TEST_F(HostileTest, EveryStatementIsRefused) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}}).ok());
  const std::string outside = folder_ + "/secret.csv";
  ASSERT_TRUE(os::ReplaceFile(outside, "secret\n1\n").ok());
  // Beside the attempts runs a query that they must not harm.
  auto other = queries_->Run({"SELECT i FROM range(50000000) t(i)", "", {}, {}, "other"}).value();
  const std::vector<Attempt> attempts = ReadAttempts(outside);
  ASSERT_GE(attempts.size(), 100u);
  for (const Attempt& attempt : attempts) {
    const Error error = Fails(attempt.sql);
    EXPECT_TRUE(error.Is(ErrorKind::kInvalid) || error.Is(ErrorKind::kUnsupported) ||
                error.Is(ErrorKind::kNotFound))
        << attempt.sql << ": " << NameOf(error.kind) << " " << error.message;
    EXPECT_THAT(error.message, testing::HasSubstr(attempt.error)) << attempt.sql;
    EXPECT_THAT(error.message, testing::Not(testing::HasSubstr(query_options_.engine.folder)))
        << attempt.sql;
  }
  EXPECT_FALSE(fs::exists("/tmp/caudal-hostile.csv"));
  int64_t rows = 0;
  while (true) {
    const auto batch = other->rows().Next();
    ASSERT_TRUE(batch.ok()) << batch.error().message;
    if (!*batch) break;
    rows += (*batch)->rows();
  }
  EXPECT_EQ(rows, 50'000'000);
  EXPECT_THAT(Rows("SELECT * FROM n.t"), testing::ElementsAre("1|a"));
}

TEST_F(HostileTest, DeepAndLongStatementsAreErrors) {
  std::string nested = "1";
  for (int i = 0; i < 2'000; ++i) nested = "abs(" + nested + ")";
  for (const std::string& sql :
       {"SELECT " + nested, "SELECT '" + std::string(kSqlBytesMax, 'x') + "'",
        std::string("SELECT 1 \0 FROM x", 17)}) {
    const Error error = Fails(sql);
    EXPECT_TRUE(error.Is(ErrorKind::kInvalid) || error.Is(ErrorKind::kUnsupported))
        << error.message;
  }
  EXPECT_THAT(Rows("SELECT 1"), testing::ElementsAre("1"));
}

}  // namespace
}  // namespace caudal::query
