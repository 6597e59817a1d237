#include "checks/checker.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/quoting.h"
#include "engine/test_engine.h"
#include "os/file.h"

namespace caudal::checks {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path TestData() {
  fs::path path = fs::absolute(__FILE__);
  while (path.has_relative_path() && !fs::exists(path / "test" / "checks"))
    path = path.parent_path();
  return path / "test" / "checks";
}

Rule RuleOf(const Json& json) {
  Rule rule;
  for (int kind = 0; kind <= static_cast<int>(RuleKind::kComplete); ++kind)
    if (NameOf(static_cast<RuleKind>(kind)) == json["kind"].get<std::string>())
      rule.kind = static_cast<RuleKind>(kind);
  for (int action = 0; action <= static_cast<int>(Action::kQuarantine); ++action)
    if (NameOf(static_cast<Action>(action)) == json["action"].get<std::string>())
      rule.action = static_cast<Action>(action);
  rule.name = json.value("name", "");
  rule.column = json.value("column", "");
  rule.values = json.value("values", std::vector<std::string>());
  if (json.contains("min")) rule.min = json["min"];
  if (json.contains("max")) rule.max = json["max"];
  rule.pattern = json.value("pattern", "");
  rule.sql = json.value("sql", "");
  rule.of = json.value("of", "");
  rule.nulls_break = json.value("nulls_break", false);
  rule.reason = json.value("reason", "");
  return rule;
}

std::string Show(engine::Session& session, const std::string& table) {
  const auto rows = session.Run(engine::Sql("FROM " + engine::QuoteName(table))).value();
  const engine::Table all = engine::ReadAll(*rows, 1000).value();
  std::string text;
  for (const engine::Column& column : all.columns) text += column.name + "\t";
  text.back() = '\n';
  for (const auto& row : all.rows) {
    for (const auto& value : row) text += value.value_or("NULL") + "\t";
    text.back() = '\n';
  }
  return text;
}

std::string Show(const TableResult& result) {
  std::string text = fmt::format("{} rows: {} accepted, {} quarantined\n", result.rows,
                                 result.accepted, result.quarantined);
  for (const RuleResult& rule : result.rules) {
    text += fmt::format("{} ({}, {}): {}: {}", rule.rule, NameOf(rule.kind), NameOf(rule.action),
                        rule.reason, rule.rows);
    std::vector<std::string> samples = rule.samples;
    std::ranges::sort(samples);
    for (const std::string& sample : samples) text += fmt::format(" [{}]", sample);
    text += "\n";
  }
  return text;
}

// Runs what a file says: SQL, then the lines "-- rules <table>" followed by one rule in JSON a
// line. Gives what became of the tables, as text.
std::string RunFile(engine::TestEngine& engine, const fs::path& file) {
  const auto session = engine.Open();
  std::ifstream lines(file);
  std::string sql;
  std::string table;
  std::vector<Rule> rules;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("-- rules ")) {
      table = line.substr(9);
    } else if (line.starts_with("-- {")) {
      rules.push_back(RuleOf(ParseJson(line.substr(3), "rule").value()));
    } else {
      sql += line + "\n";
    }
  }
  const Result<int64_t> made = session->Execute(engine::Sql(sql));
  if (!made.ok()) return made.error().message;
  const Result<TableResult> result = Apply(*session, table, rules);
  if (!result.ok()) return fmt::format("{}\n{}\n", result.error().code, result.error().message);
  std::string text = Show(*result) + "\n" + Show(*session, table);
  if (!result->quarantine_table.empty()) text += "\n" + Show(*session, result->quarantine_table);
  return text;
}

// The files of test/checks are the tests: each *.sql with what comes out beside, in *.expected.
// CAUDAL_UPDATE_GOLDEN=1 writes them anew.
TEST(Checks, DoAsTheFilesOfTestChecksSay) {
  engine::TestEngine engine(1);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(TestData())) {
    if (entry.path().extension() != ".sql") continue;
    ++files;
    const std::string found = RunFile(engine, entry.path());
    const std::string expected_file = fs::path(entry.path()).replace_extension(".expected");
    if (std::getenv("CAUDAL_UPDATE_GOLDEN")) {
      ASSERT_TRUE(os::ReplaceFile(expected_file, found).ok());
    }
    const Result<std::string> expected = os::ReadFile(expected_file, 1 << 20);
    EXPECT_EQ(found, expected.ok() ? *expected : "") << entry.path();
  }
  EXPECT_GE(files, 10);
}

class CheckerTest : public testing::Test {
 protected:
  void Make(const std::string& sql) { ASSERT_TRUE(session_->Execute(engine::Sql(sql)).ok()); }
  Error Wrong(const Rule& rule) {
    const Result<TableResult> result = Apply(*session_, "t", {&rule, 1});
    EXPECT_FALSE(result.ok());
    return result.ok() ? Error() : result.error();
  }
  std::string Count(const std::string& table) {
    const auto rows =
        session_->Run(engine::Sql("SELECT count(*) FROM " + engine::QuoteName(table))).value();
    return engine::ReadAll(*rows, 1).value().rows[0][0].value();
  }

  engine::TestEngine engine_{1};
  std::unique_ptr<engine::Session> session_ = engine_.Open();
};

Rule NotNull(const std::string& column, Action action) {
  Rule rule;
  rule.column = column;
  rule.action = action;
  return rule;
}

TEST_F(CheckerTest, NamesTheRuleThatCannotBeApplied) {
  Make("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b");
  EXPECT_THAT(Wrong(NotNull("zz", Action::kFail)).message,
              HasSubstr("the rules of table 't': rule 'zz_not_null': there is no column 'zz'; "
                        "there are: a, b"));
  Rule rule;
  rule.kind = RuleKind::kRange;
  rule.column = "b";
  rule.min = "1";
  EXPECT_THAT(Wrong(rule).message, HasSubstr("'b' is text"));
  rule = {};
  rule.kind = RuleKind::kSql;
  rule.sql = "a = = 1";
  EXPECT_THAT(Wrong(rule).message, HasSubstr("rule 'sql'"));
  rule.sql = "read_text('in/x') IS NULL";
  EXPECT_THAT(Wrong(rule).message, HasSubstr("read_text"));
  EXPECT_THAT(Apply(*session_, "nope", {}).error().message, HasSubstr("nope"));
  EXPECT_EQ(Count("t"), "1");
}

TEST_F(CheckerTest, QuotesWhateverNamesAndValuesHold) {
  Make("CREATE TABLE \"t \"\" -- '\" AS SELECT 'x' AS \"a\"\"; DROP TABLE t --\"");
  Rule rule;
  rule.kind = RuleKind::kAcceptedValues;
  rule.action = Action::kQuarantine;
  rule.column = "a\"; DROP TABLE t --";
  rule.values = {"'); DROP TABLE t; --", "y"};
  rule.name = "'); DROP --";
  rule.reason = "it's \"wrong\"; --";
  const TableResult result = Apply(*session_, "t \" -- '", {&rule, 1}).value();
  EXPECT_EQ(result.quarantined, 1);
  EXPECT_THAT(Show(*session_, result.quarantine_table), HasSubstr("it's \"wrong\"; --\t'); DROP"));
  EXPECT_THAT(result.rules[0].samples, testing::ElementsAre("x"));
}

TEST_F(CheckerTest, CountsWhatItTakesOut) {
  Make("CREATE TABLE t AS SELECT CASE WHEN i % 10 <> 0 THEN i END AS i FROM range(100000) r(i)");
  Rule rule = NotNull("i", Action::kQuarantine);
  const TableResult result = Apply(*session_, "t", {&rule, 1}).value();
  EXPECT_EQ(result.rows, 100'000);
  EXPECT_EQ(result.accepted, 90'000);
  EXPECT_EQ(Count("t"), "90000");
  EXPECT_EQ(Count(result.quarantine_table), "10000");
}

TEST_F(CheckerTest, JudgesEachRowOnce) {
  Make("CREATE VIEW t AS SELECT CASE WHEN random() < 0.5 THEN i END AS i FROM range(10000) r(i)");
  std::vector<Rule> rules = {NotNull("i", Action::kQuarantine), NotNull("i", Action::kWarn)};
  const TableResult result = Apply(*session_, "t", rules).value();
  EXPECT_EQ(result.rows, 10'000);
  EXPECT_GT(result.quarantined, 0);
  EXPECT_EQ(result.accepted + result.quarantined, 10'000);
  EXPECT_EQ(result.rules[0].rows, result.quarantined);
  EXPECT_EQ(result.rules[1].rows, result.quarantined);
  EXPECT_EQ(Count(result.quarantine_table), std::to_string(result.quarantined));
}

TEST_F(CheckerTest, LeavesTheTableWhereARuleFails) {
  Make("CREATE TABLE t AS SELECT * FROM (VALUES (1), (NULL), (NULL)) v(i)");
  const std::vector<Rule> rules = {NotNull("i", Action::kFail), NotNull("i", Action::kQuarantine)};
  const Error error = Apply(*session_, "t", rules).error();
  EXPECT_TRUE(error.Is(ErrorKind::kInvalid));
  EXPECT_EQ(error.code, "checks.failed");
  EXPECT_EQ(error.message,
            "rule 'i_not_null' of table 't' is broken by 2 of 3 rows: i is missing (for example: "
            "{'i': NULL})");
  EXPECT_EQ(Count("t"), "3");
}

TEST_F(CheckerTest, TakesRowCountsThatAreKnown) {
  Make("CREATE TABLE t AS FROM range(3)");
  Rule rule;
  rule.kind = RuleKind::kComplete;
  rule.of = "nowhere";
  EXPECT_EQ(Apply(*session_, "t", {&rule, 1}, {{"nowhere", 3}}).value().rules[0].rows, 0);
  EXPECT_THAT(Apply(*session_, "t", {&rule, 1}, {{"nowhere", 4}}).error().message,
              HasSubstr("not as many rows as nowhere (for example: 3 rows here, 4 in nowhere)"));
}

}  // namespace
}  // namespace caudal::checks
