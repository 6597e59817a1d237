#include <gmock/gmock.h>

#include "app/cli/query_options.h"
#include "app/cli/query_table.h"

namespace caudal::app::cli {
namespace {

using testing::HasSubstr;

TEST(QueryOptions, FormatsByNameFileAndReader) {
  const auto format = [](std::string name, std::string output, bool json, bool terminal) {
    QueryOptions options;
    options.format = std::move(name);
    options.output = std::move(output);
    return FormatOf(options, json, terminal).value();
  };
  EXPECT_EQ(format("", "", false, true), QueryFormat::kTable);
  EXPECT_EQ(format("", "", false, false), QueryFormat::kCsv);
  EXPECT_EQ(format("", "", true, true), QueryFormat::kJson);
  EXPECT_EQ(format("jsonl", "", true, true), QueryFormat::kJsonLines);
  EXPECT_EQ(format("", "a.b/rows.parquet", false, true), QueryFormat::kParquet);
  EXPECT_EQ(format("", "rows.ndjson", false, true), QueryFormat::kJsonLines);
  EXPECT_EQ(format("", "rows", false, true), QueryFormat::kCsv);
  EXPECT_EQ(format("arrow", "rows.csv", false, true), QueryFormat::kArrow);
  QueryOptions wrong;
  wrong.format = "xml";
  EXPECT_EQ(FormatOf(wrong, false, true).error().code, "usage");
}

TEST(QueryOptions, ParametersHaveTypes) {
  EXPECT_EQ(
      ParametersOf({"a=x=y", "$b:int=-5", "c:float=0.5", "d:bool=false", "e:null=", "f=", "1=z"})
          .value(),
      Json({{"a", "x=y"},
            {"b", -5},
            {"c", 0.5},
            {"d", false},
            {"e", nullptr},
            {"f", ""},
            {"1", "z"}}));
  for (const char* wrong : {"a", "=x", "a:int=1.5", "a:int=", "a:date=2020-01-01", "a:bool=1",
                            "a:int=9223372036854775808"}) {
    const Result<Json> read = ParametersOf({wrong});
    ASSERT_FALSE(read.ok()) << wrong;
    EXPECT_EQ(read.error().code, "usage");
    EXPECT_THAT(read.error().message, HasSubstr(wrong));
  }
}

std::string TableOf(size_t line_width, const std::vector<Json>& rows) {
  QueryTable table(
      Json::parse(R"json([{"name":"id","type":"BIGINT"},{"name":"text","type":"VARCHAR"},
                                  {"name":"x","type":"DECIMAL(4,1)"}])json"),
      line_width, false);
  std::string out;
  for (const Json& row : rows) table.Add(row, out);
  table.End(out);
  return out;
}

TEST(QueryTable, AlignsNumbersRight) {
  EXPECT_EQ(TableOf(0, {{"9", "añb", "0.5"}, {"10", nullptr, "-12.5"}, {"11", "a\nb", nullptr}}),
            "id  text      x\n"
            " 9  añb     0.5\n"
            "10  NULL  -12.5\n"
            "11  a?b    NULL\n");
  EXPECT_EQ(TableOf(0, {}), "id  text  x\n");
  EXPECT_EQ(TableOf(0, {{"1", Json::parse(R"([1,{"a":null}])"), "0.1"}}),
            "id  text              x\n"
            " 1  [1,{\"a\":null}]  0.1\n");
}

TEST(QueryTable, CutsToTheLine) {
  EXPECT_EQ(TableOf(20, {{"1", "ñ234567890123456789", "0.5"}}),
            "id  text           x\n"
            " 1  ñ234567890…  0.5\n");
  // Never below a few characters.
  EXPECT_EQ(TableOf(5, {{"1", "1234567890", "0.5"}}),
            "id  text        x\n"
            " 1  1234567…  0.5\n");
}

}  // namespace
}  // namespace caudal::app::cli
