#include "transfer/csv_lines.h"

#include <gmock/gmock.h>

#include <string>

#include "base/random.h"

namespace caudal::transfer {
namespace {

using testing::ElementsAre;

std::vector<int64_t> Lines(const std::string& text, const std::vector<int64_t>& rows,
                           const std::vector<int64_t>& rejected = {}, size_t columns = 2,
                           bool header = true) {
  const std::string path = testing::TempDir() + "csv_lines-" + SystemRandom().Hex(6);
  EXPECT_TRUE(os::ReplaceFile(path, text).ok());
  functions::CsvOptions csv;
  csv.header = header;
  const os::File file = os::File::Open(path, os::File::Mode::kRead).value();
  EXPECT_TRUE(os::Remove(path).ok());
  CsvLines lines =
      FindCsvLines(file, csv, columns, rejected, rows, [] { return Result<void>(); }).value();
  lines.rows.insert(lines.rows.end(), lines.rejected.begin(), lines.rejected.end());
  return lines.rows;
}

TEST(CsvLines, CountsRowsFromTheHeaderOn) {
  EXPECT_THAT(Lines("a,b\n1,2\n3,4\n", {0, 1}), ElementsAre(2, 3));
  EXPECT_THAT(Lines("1,2\n3,4", {0, 1}, {}, 2, false), ElementsAre(1, 2));
  EXPECT_THAT(Lines("a,b\n1,2\n", {5}), ElementsAre(0));
}

TEST(CsvLines, QuotedValuesSpanLines) {
  EXPECT_THAT(Lines("a,b\n1,\"x\ny\"\"\n\n\"\n2,z\n", {0, 1}), ElementsAre(2, 6));
  EXPECT_THAT(Lines("a,b\n1,x\"y\n2,z\n", {1}), ElementsAre(3));
  EXPECT_THAT(Lines("a,b\n1, \"x\ny\"\n2,z\n", {1}), ElementsAre(4));
}

TEST(CsvLines, EmptyLinesAreRowsOfOneColumnOnly) {
  EXPECT_THAT(Lines("\na,b\n\n1,2\n\n3,4\n", {0, 1}), ElementsAre(4, 6));
  EXPECT_THAT(Lines("a\n\nx\n", {0, 1}, {}, 1), ElementsAre(2, 3));
}

TEST(CsvLines, RejectedLinesAreNoRows) {
  EXPECT_THAT(Lines("a,b\n1,2\n1,2,3\n\"x\n\",4\n5,6\n", {0, 1, 2}, {8}), ElementsAre(2, 4, 6, 3));
}

}  // namespace
}  // namespace caudal::transfer
