#include "functions/sql/messages.h"

#include <gmock/gmock.h>

namespace caudal::functions {
namespace {

using testing::EndsWith;
using testing::Not;

// As DuckDB writes them.
TEST(Messages, NameTheLineOfACsvFile) {
  EXPECT_EQ(CsvMessage("Invalid Input Error: CSV Error on Line: 3\nOriginal Line: b,2\n"
                       "Expected Number of Columns: 3 Found: 2\nPossible fixes:\n* …"),
            "line 3: there are 2 columns instead of 3");
  EXPECT_EQ(CsvMessage("Invalid Input Error: CSV Error on Line: 12\nOriginal Line: M?ller\n"
                       "Invalid unicode (byte sequence mismatch) detected. This file is not utf-8 "
                       "encoded.\n"),
            "line 12: it isn't UTF-8; CSV files must be UTF-8");
  EXPECT_EQ(CsvMessage("Invalid Input Error: CSV Error on Line: 2\nOriginal Line: " +
                       std::string(3'000'000, 'a') +
                       "\nMaximum line size of 2097152 bytes exceeded. Actual Size:3000004 bytes."),
            "line 2: it is longer than 2097152 bytes, the limit; raise 'line_max' if such lines "
            "are meant");
  EXPECT_EQ(CsvMessage("Invalid Input Error: CSV Error on Line: 9\nOriginal Line: \"b\"x,1\nValue "
                       "with unterminated quote found.\n"),
            "line 9: a quoted value doesn't end, or goes on after its quote");
  EXPECT_EQ(CsvMessage("Invalid Input Error: CSV Error on Line: 1\nOriginal Line: x\nnews"),
            "line 1: it can't be read as CSV");
}

TEST(Messages, LoseAdviceAboutDuckDb) {
  const std::string state =
      "Invalid Input Error: The CSV Parser state machine reached an invalid "
      "state.\nThis can happen when";
  EXPECT_TRUE(IsAboutLineEnds(state));
  EXPECT_THAT(CsvMessage(state), Not(testing::HasSubstr("state machine")));
  EXPECT_EQ(CsvMessage("Invalid Input Error: something else\nPossible fixes:"), "something else");
  EXPECT_EQ(ShortMessage("Invalid Input Error: No magic bytes found at end of file 'in/1'\n\nLINE"),
            "No magic bytes found at end of the file");
  EXPECT_EQ(
      ShortMessage("Invalid Input Error: Malformed JSON in file \"in/12\", at byte 7 in line 3"),
      "Malformed JSON in the file, at byte 7 in line 3");
}

TEST(Messages, FitARecord) {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "ñ";
  const Error error = InSql(MakeError(ErrorKind::kInvalid, text), "the SQL");
  EXPECT_LT(error.message.size(), 4100u);
  EXPECT_THAT(error.message, EndsWith("ñ…"));
  EXPECT_EQ(InSql(MakeError(ErrorKind::kTimeout, "raise `time`", "engine.time"), "x").message,
            "x: it took longer than the function's 'timeout'");
}

}  // namespace
}  // namespace caudal::functions
