#include "functions/sql/csv_records.h"

#include <gmock/gmock.h>

namespace caudal::functions {
namespace {

// Whole, and cut at every place.
uint64_t Count(const std::string& text, size_t columns = 2, CsvOptions options = {}) {
  CsvRecords whole(options, columns);
  EXPECT_TRUE(whole.Feed(text).ok());
  for (size_t at = 0; at <= text.size(); ++at) {
    CsvRecords cut(options, columns);
    EXPECT_TRUE(cut.Feed(std::string_view(text).substr(0, at)).ok());
    EXPECT_TRUE(cut.Feed(std::string_view(text).substr(at)).ok());
    EXPECT_EQ(cut.records(), whole.records()) << at;
  }
  return whole.records();
}

std::string Wrong(const std::string& text, uint64_t line_bytes_max) {
  CsvOptions options;
  options.line_bytes_max = line_bytes_max;
  CsvRecords records(options, 2);
  const Result<void> fed = records.Feed(text);
  return fed.ok() ? "" : fed.error().message.substr(0, fed.error().message.find(':'));
}

TEST(CsvRecords, AreLines) {
  EXPECT_EQ(Count(""), 0u);
  EXPECT_EQ(Count("a,b"), 1u);
  EXPECT_EQ(Count("a,b\n1,2\n3,4\n"), 3u);
  EXPECT_EQ(Count("a,b\r\n1,2\r\r\n3,4"), 3u);
  EXPECT_EQ(Count("a,b\r1,2\r3,4\r"), 3u);
}

TEST(CsvRecords, PassOverEmptyLinesUnlessThereIsOneColumn) {
  EXPECT_EQ(Count("\na,b\n\n\r\n1,2\n\n"), 2u);
  EXPECT_EQ(Count("a\n\n1\n\n", 1), 4u);
  EXPECT_EQ(Count("a\r\n\r\n1", 1), 3u);
  EXPECT_EQ(Count("a\r\r1\r", 1), 3u);
}

TEST(CsvRecords, GoOnWithinQuotes) {
  EXPECT_EQ(Count("a,\"x\ny\"\n\"p\"\"\n\"\"\",2\n"), 2u);
  EXPECT_EQ(Count("a, \"x\ny\"\n1,2"), 2u);
  EXPECT_EQ(Count("a,\"\"\n1,\"\"\"\n\"\"\"\n\"\n\",2\n"), 3u);
  // Within a value that began without one it means nothing.
  EXPECT_EQ(Count("a\"b,5'\" wide\n1,2\n"), 2u);
  EXPECT_EQ(Count("a,x \"y\n1,2\n"), 2u);
  CsvOptions options;
  options.quote = "";
  EXPECT_EQ(Count("a,\"x\n1,y\"\n", 2, options), 2u);
  options.quote = "'";
  options.delimiter = " ";
  EXPECT_EQ(Count("a 'x\ny'\n1 2\n", 2, options), 2u);
}

TEST(CsvRecords, HaveALimit) {
  EXPECT_EQ(Wrong("a,b\n1,234567\n", 8), "");
  EXPECT_EQ(Wrong("a,b\n1,2345678\n", 8), "line 2");
  EXPECT_EQ(Wrong("a,b\r\n1,2\r\n1,2345678", 8), "line 3");
  EXPECT_EQ(Wrong("a,b\r1,2\r1,2345678\r", 8), "line 3");
  EXPECT_EQ(Wrong("\"a\n\n\",\n1,2345678\r", 8), "line 4");
  EXPECT_EQ(Wrong("a,b\n\"1\n2\n3\n4\n5\",\n", 8), "line 2");
}

}  // namespace
}  // namespace caudal::functions
