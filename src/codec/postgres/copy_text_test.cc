#include "codec/postgres/copy_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace caudal::postgres {
namespace {

// The rows as "[a|b][c|NULL]", or the error's message.
std::string Rows(CopyTextReader& reader, std::string_view chunk) {
  std::string rows;
  while (!chunk.empty()) {
    const auto row = reader.Next(chunk);
    if (!row.ok()) return row.error().message;
    std::string values;
    for (const ColumnValue& value : *row) {
      if (!values.empty()) values += '|';
      values += value.kind == ColumnKind::kNull ? "NULL" : fmt::format("'{}'", value.bytes);
    }
    rows += "[" + values + "]";
  }
  return rows;
}

std::string Rows(size_t columns, std::string_view chunk) {
  CopyTextReader reader(columns);
  return Rows(reader, chunk);
}

TEST(PgCopyText, RowsAreSplit) {
  EXPECT_EQ(Rows(2, "1\ta\n2\t\\N\n"), "['1'|'a']['2'|NULL]");
  EXPECT_EQ(Rows(1, "\n\\N\nN\n"), "[''][NULL]['N']");
  EXPECT_EQ(Rows(3, "\t\t\n"), "[''|''|'']");
  EXPECT_EQ(Rows(3, ""), "");
  EXPECT_EQ(Rows(0, "\n\n"), "[][]");  // a table without columns
}

TEST(PgCopyText, EscapesAreRead) {
  EXPECT_EQ(Rows(2, "a\\tb\\\\c\t\\b\\f\\n\\r\\v\n"), "['a\tb\\c'|'\b\f\n\r\v']");
  EXPECT_EQ(Rows(3, "\\\\N\t\\N\t\\N \n"), "['\\N'|NULL|'N ']");
  EXPECT_EQ(Rows(1, "\\101\\7x\\1012\\x41g\\x4\\xg\\q\n"), "['A\7xA2Ag\4xgq']");
  EXPECT_EQ(Rows(1, "\\.\n"), "['.']");
  EXPECT_EQ(Rows(1, "\\\n"), "['\\']");
  EXPECT_EQ(Rows(1, "\\1"), "row of COPY: it doesn't end");
}

TEST(PgCopyText, ValuesWithoutEscapesAreNotCopied) {
  const std::string chunk = "plain\t\\\\\tlast\n";
  CopyTextReader reader(3);
  std::string_view rest = chunk;
  const auto row = reader.Next(rest).value();
  EXPECT_EQ(row[0].bytes.data(), chunk.data());
  EXPECT_EQ(row[1].bytes, "\\");
  EXPECT_EQ(row[2].bytes.data(), chunk.data() + 9);
}

TEST(PgCopyText, TheBufferIsUsedAgain) {
  CopyTextReader reader(2);
  std::string chunk;
  std::string expected;
  for (size_t size : {1u, 100u, 3u, 10'000u, 50u}) {
    chunk += std::string(size, 'x') + "\\n\t\\\\" + std::string(size, 'y') + "\n";
    expected += fmt::format("['{}\n'|'\\{}']", std::string(size, 'x'), std::string(size, 'y'));
  }
  EXPECT_EQ(Rows(reader, chunk), expected);
}

TEST(PgCopyText, OtherNumbersOfColumnsAreRefused) {
  EXPECT_EQ(Rows(2, "1\n"), "row of COPY: it ends after 1 of 2 columns");
  EXPECT_EQ(Rows(2, "1\t2\t3\n"), "row of COPY: it has more than 2 columns");
  EXPECT_EQ(Rows(0, "1\n"), "row of COPY: it has values, and there are no columns");
  EXPECT_EQ(Rows(2, "1\t2"), "row of COPY: it doesn't end");
  CopyTextReader reader(1);
  EXPECT_EQ(reader.Next(*std::make_unique<std::string_view>("")).error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace caudal::postgres
