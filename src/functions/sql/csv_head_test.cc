#include "functions/sql/csv_head.h"

#include <gmock/gmock.h>

namespace caudal::functions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Columns = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> Head(const std::string& text, bool whole = true) {
  return ReadCsvHead(text, whole, {}).value();
}

std::string Wrong(const std::string& text, bool whole = true) {
  const auto head = ReadCsvHead(text, whole, {});
  return head.ok() ? "" : head.error().message;
}

std::string Unmatched(const std::vector<std::string>& head, const Columns& declared,
                      const CsvOptions& options = {}) {
  const auto columns = MatchColumns(head, declared, options);
  return columns.ok() ? "" : columns.error().message;
}

TEST(CsvHead, IsTheFirstLine) {
  EXPECT_THAT(Head("id,name\n1,2\n"), ElementsAre("id", "name"));
  EXPECT_THAT(Head("id,name\r\r\n1,2"), ElementsAre("id", "name"));
  EXPECT_THAT(Head("\xef\xbb\xbfid"), ElementsAre("id"));
  EXPECT_THAT(Head("\n\r\n\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\n"),
              ElementsAre("a,b", "say \"x\"", "two\nlines", ""));
  CsvOptions options;
  options.delimiter = ";";
  options.quote = "";
  EXPECT_THAT(ReadCsvHead("a;\"b\nc", true, options).value(), ElementsAre("a", "\"b"));
}

TEST(CsvHead, TellsWhatIsNoCsv) {
  EXPECT_EQ(Wrong(""), "it is empty");
  EXPECT_EQ(Wrong("\n\r\n"), "it has empty lines only");
  EXPECT_EQ(Wrong("\nid\n1\n"), "its first line is empty");
  EXPECT_EQ(Wrong("\xef\xbb\xbf"), "it has empty lines only");
  EXPECT_THAT(Wrong(std::string("\xff\xfei\0d\0", 6)), HasSubstr("UTF-16"));
  EXPECT_THAT(Wrong("\x89PNG\r\n\x1a\n" + std::string(100, '\x01')), HasSubstr("UTF-8"));
  EXPECT_THAT(Wrong(std::string("PK\x03\x04\0\0", 6)), HasSubstr("isn't text"));
  EXPECT_THAT(Wrong("name\xf1,id\n"), HasSubstr("isn't UTF-8"));
  EXPECT_THAT(Wrong(std::string(1000, 'x'), false), HasSubstr("doesn't end"));
}

TEST(CsvHead, GivesColumnsInTheOrderOfTheFile) {
  const Columns declared = {{"id", "integer"}, {"day", "date"}};
  EXPECT_THAT(MatchColumns({"day", "id"}, declared, {}).value(),
              ElementsAre(Pair("day", "date"), Pair("id", "integer")));
  EXPECT_THAT(MatchColumns({"a", "b"}, {}, {}).value(),
              ElementsAre(Pair("a", "text"), Pair("b", "text")));
  CsvOptions bare;
  bare.header = false;
  EXPECT_THAT(MatchColumns({"1", "2026-01-01"}, declared, bare).value(),
              ElementsAre(Pair("id", "integer"), Pair("day", "date")));
}

TEST(CsvHead, NamesTheColumnsThatDiffer) {
  const Columns declared = {{"id", "text"}, {"amount", "text"}, {"day", "text"}};
  EXPECT_EQ(Unmatched({"id", "day"}, declared),
            "the column 'amount' is missing; the header has 'id', 'day'");
  EXPECT_EQ(Unmatched({"Id", "x"}, declared),
            "the columns 'id', 'amount', 'day' are missing; the header has 'Id', 'x'");
  EXPECT_EQ(Unmatched({"id", "amount", "day", "more"}, declared),
            "the header has 'more', which isn't declared");
  EXPECT_THAT(Unmatched({"id;amount;day"}, declared), HasSubstr("Is the delimiter ';'?"));
  EXPECT_THAT(Unmatched({"id", "ID", "day"}, declared), HasSubstr("'ID' twice"));
  EXPECT_THAT(Unmatched({"id", "", "day"}, {}), HasSubstr("column 2 has no name"));
  CsvOptions bare;
  bare.header = false;
  EXPECT_EQ(Unmatched({"1", "2"}, declared, bare),
            "its first line has 2 columns, and 3 are declared");
}

}  // namespace
}  // namespace caudal::functions
