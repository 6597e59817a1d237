#include "functions/sql/sql_part.h"

#include <gmock/gmock.h>

namespace caudal::functions {
namespace {

using testing::HasSubstr;

SqlPart Part() {
  SqlPart part;
  part.inputs = {{"raw", "$event"}};
  part.sql = "CREATE VIEW clean AS FROM raw";
  SqlExpectation expectation{"clean", {}};
  expectation.rule.column = "id";
  expectation.rule.action = checks::Action::kQuarantine;
  part.expect = {expectation};
  part.outputs = {{"clean", false, "gs://out-bucket/{stem}.parquet"},
                  {"clean", true, "gs://out-bucket/{stem}.bad.csv"}};
  return part;
}

template <class Change>
std::string Wrong(Change change,
                  std::vector<events::EventType> types = {events::EventType::kFinalized}) {
  SqlPart part = Part();
  change(part);
  const Result<void> checked = CheckSqlPart(part, {"in-bucket", "", "", std::move(types)});
  return checked.ok() ? "" : checked.error().message;
}

TEST(SqlPart, IsFine) {
  EXPECT_EQ(Wrong([](SqlPart&) {}), "");
  EXPECT_EQ(Wrong([](SqlPart& p) { p.inputs.clear(); }, {}), "");
}

TEST(SqlPart, SaysWhatIsWrongWithInputs) {
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs[0].table = "2 x"; }), HasSubstr("a-z"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs[0].table = "event"; }), HasSubstr("'event'"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs.push_back(p.inputs[0]); }), HasSubstr("two inputs"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs[0].uri = "/etc/passwd"; }), HasSubstr("gs://"));
  EXPECT_THAT(Wrong([](SqlPart&) {}, {}), HasSubstr("includes deletions"));
  EXPECT_THAT(Wrong([](SqlPart& p) {
                p.inputs[0].columns = {{"a", "varchar"}};
              }),
              HasSubstr("input 'raw': 'varchar' is no type"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs[0].csv.header = false; }), HasSubstr("'columns'"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs[0].csv.delimiter = "::"; }), HasSubstr("one char"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs[0].csv.delimiter = "\n"; }), HasSubstr("line end"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.inputs[0].csv.quote = ","; }), HasSubstr("the same"));
  EXPECT_THAT(Wrong([](SqlPart& p) {
                p.inputs[0] = {"raw", "gs://in-bucket/a.parquet"};
                p.inputs[0].columns = {{"a", "text"}};
              }),
              HasSubstr("Parquet file says itself"));
}

TEST(SqlPart, SaysWhatIsWrongWithTheRest) {
  EXPECT_THAT(Wrong([](SqlPart& p) { p.sql = " ;\n"; }), HasSubstr("no SQL"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.expect[0].rule.column = ""; }),
              HasSubstr("rule 'not_null'"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.expect[0].table = ""; }), HasSubstr("'table'"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.outputs.pop_back(); }), HasSubstr("quarantine_of: clean"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.expect.clear(); }), HasSubstr("has no quarantine"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.outputs[0].uri = "gs://out-bucket/{stem}"; }),
              HasSubstr("set 'format'"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.outputs[0].uri = "gs://out-bucket/a.parquet.gz"; }),
              HasSubstr("compressed inside"));
  EXPECT_THAT(Wrong([](SqlPart& p) { p.outputs[1].uri = p.outputs[0].uri; }),
              HasSubstr("two outputs"));
}

}  // namespace
}  // namespace caudal::functions
