#include "data/position.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace caudal {
namespace {

TEST(PositionTest, TextsAreReadBackAndSortAsPositionsDo) {
  const std::vector<Position> ascending = {{0, 0, 0},
                                           {0, 9, Position::kOrdinalMax},
                                           {0, 10, 0},
                                           {0, std::numeric_limits<uint64_t>::max(), 7},
                                           {1, 0, 3},
                                           {10, 0x16b3748, 42},
                                           {std::numeric_limits<uint32_t>::max(), 1, 0}};
  for (size_t i = 0; i < ascending.size(); ++i) {
    const std::string text = ascending[i].Text();
    EXPECT_EQ(text.size(), Position::kTextLength);
    const auto parsed = Position::Parse(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, ascending[i]);
    if (i == 0) continue;
    EXPECT_LT(ascending[i - 1], ascending[i]);
    EXPECT_LT(ascending[i - 1].Text(), text);
  }
  EXPECT_EQ(ascending[5].Text(), "0000000a-00000000016b3748-0000000042");
}

TEST(PositionTest, OtherTextsAreRefused) {
  for (const char* text :
       {"", "0", "0000000a-00000000016b3748-000000004", "0000000a-00000000016b3748-00000000042",
        "0000000A-00000000016b3748-0000000042", "0000000a-00000000016B3748-0000000042",
        "0000000a_00000000016b3748-0000000042", "0000000a-00000000016b3748_0000000042",
        "0000000a-00000000016b3748-000000004a", "+000000a-00000000016b3748-0000000042",
        "0000000a-00000000016b3748--000000042", "0000000g-00000000016b3748-0000000042"})
    EXPECT_FALSE(Position::Parse(text).ok()) << text;
}

}  // namespace
}  // namespace caudal
