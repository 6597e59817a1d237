#include "app/config/units.h"

#include <gtest/gtest.h>

namespace caudal::app {
namespace {

using std::chrono::milliseconds;

TEST(Units, Durations) {
  EXPECT_EQ(ParseDuration("1h30m").value(), milliseconds(5'400'000));
  EXPECT_EQ(ParseDuration("250ms").value(), milliseconds(250));
  EXPECT_EQ(ParseDuration("0").value(), milliseconds(0));
  EXPECT_EQ(ParseDuration("2w").value(), milliseconds(14 * 86'400'000ll));
  for (const char* wrong : {"", "10", "s", "1 h", "-1s", "1.5h", "1y", "99999999999999w", "1h "})
    EXPECT_FALSE(ParseDuration(wrong).ok()) << wrong;
  for (const char* text : {"1h30m", "250ms", "1d", "1w", "8d", "1m500ms"})
    EXPECT_EQ(FormatDuration(ParseDuration(text).value()), text);
}

TEST(Units, Sizes) {
  EXPECT_EQ(ParseSize("256MiB").value(), 256u << 20);
  EXPECT_EQ(ParseSize("1.5 GiB").value(), 3ull << 29);
  EXPECT_EQ(ParseSize("10KB").value(), 10'000u);
  EXPECT_EQ(ParseSize("7").value(), 7u);
  for (const char* wrong : {"", "MiB", "-1", "1mib", "1e300TiB", "nan", "inf", "99999999TiB"})
    EXPECT_FALSE(ParseSize(wrong).ok()) << wrong;
  EXPECT_EQ(FormatSize(5ull << 40), "5TiB");
  EXPECT_EQ(FormatSize(1000), "1000");
  EXPECT_EQ(FormatSizeForPeople(1'500'000'000), "1.4 GiB");
}

}  // namespace
}  // namespace caudal::app
