#include "functions/sql/csv_plain.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/random.h"

namespace caudal::functions {
namespace {

std::optional<uint64_t> Count(const std::string& text, size_t columns = 2,
                              const CsvOptions& options = {}) {
  return CountPlainLines(text, options, columns);
}

TEST(CsvPlain, CountsLines) {
  EXPECT_EQ(Count(""), 0u);
  EXPECT_EQ(Count("a,b"), 1u);
  EXPECT_EQ(Count("a,b\n,\n\n1,Bücher\n"), 3u);
  EXPECT_EQ(Count("a,b,c\n1,,\n", 3), 2u);
}

TEST(CsvPlain, LeavesWhatMayBeReadOtherwise) {
  for (const char* text :
       {"a,b\n1\n", "a,b\n1,2,3\n", "a,\"b\"\n", "a,b\r\n", "a,b\r", "a,b\nx,\xfc\n", "a,b\n \n"})
    EXPECT_EQ(Count(text), std::nullopt) << text;
  EXPECT_EQ(Count(std::string("a,\0\n", 4)), std::nullopt);
  EXPECT_EQ(Count("a\nb\n", 1), std::nullopt);
  CsvOptions options;
  options.line_bytes_max = 4;
  EXPECT_EQ(Count("a,bc\n", 2, options), 1u);
  EXPECT_EQ(Count("a,bcd\n", 2, options), std::nullopt);
  options.quote = "";
  EXPECT_EQ(Count("a,\"\n", 2, options), 1u);
  options.delimiter = " ";
  EXPECT_EQ(Count("a b\n", 2, options), std::nullopt);
}

// Of files cut in two anywhere, and read in pieces.
TEST(CsvPlain, ReadsFiles) {
  const std::string path = testing::TempDir() + "/csv-plain-" + SystemRandom().Hex(6);
  const auto count = [&](const std::string& text) {
    EXPECT_TRUE(os::ReplaceFile(path, text).ok());
    const os::File file = os::File::Open(path, os::File::Mode::kRead).value();
    CsvOptions options;
    options.line_bytes_max = 8u << 20;
    return CountPlainRecords(file, options, 2, [] { return Result<void>(); }).value();
  };
  EXPECT_EQ(count(""), 0u);
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += fmt::format("{},{}\n", std::string(static_cast<size_t>(i % 7), 'x'), i);
    EXPECT_EQ(count(text), i + 1) << text;
    EXPECT_EQ(count(text.substr(0, text.size() - 1)), i + 1) << text;
  }
  EXPECT_EQ(count(text + "\"\",\n"), std::nullopt);
  EXPECT_EQ(count("\"\",\n" + text), std::nullopt);
  std::string large;
  for (int64_t i = 0; i < 300'000; ++i) large += fmt::format("{},{}\n", i, i * i % 1000);
  EXPECT_EQ(count(large), 300'000u);
  EXPECT_EQ(count(large + "x\n"), std::nullopt);
  EXPECT_EQ(count("a,b\n" + std::string(3u << 20, 'x') + ",\n"), std::nullopt);
  os::Remove(path).value();
}

}  // namespace
}  // namespace caudal::functions
