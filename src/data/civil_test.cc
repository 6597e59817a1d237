#include "data/civil.h"

#include <gtest/gtest.h>

#include <limits>

namespace caudal {
namespace {

TEST(Civil, DaysGoThereAndBack) {
  EXPECT_EQ(CivilFromDays(0), (CivilDate{1970, 1, 1}));
  EXPECT_EQ(CivilFromDays(-1), (CivilDate{1969, 12, 31}));
  EXPECT_EQ(DaysFromCivil({2017, 11, 16}), 17'486);
  EXPECT_EQ(DaysFromCivil({2000, 2, 29}) + 1, DaysFromCivil({2000, 3, 1}));
  EXPECT_EQ(DaysFromCivil({1900, 2, 28}) + 1, DaysFromCivil({1900, 3, 1}));
  CivilDate before = CivilFromDays(-800'001);
  for (int64_t days = -800'000; days < 800'000; ++days) {
    const CivilDate date = CivilFromDays(days);
    ASSERT_EQ(DaysFromCivil(date), days);
    ASSERT_TRUE(date.day == before.day + 1 || date.day == 1);
    before = date;
  }
  for (const int64_t days :
       {int64_t{std::numeric_limits<int32_t>::max()}, int64_t{std::numeric_limits<int32_t>::min()}})
    EXPECT_EQ(DaysFromCivil(CivilFromDays(days)), days);
}

TEST(Civil, DatesReadBack) {
  EXPECT_EQ(FormatDate(17'486), "2017-11-16");
  EXPECT_EQ(FormatDate(DaysFromCivil({-1, 2, 3})), "-0001-02-03");
  EXPECT_EQ(FormatDate(DaysFromCivil({12017, 2, 3})), "+12017-02-03");
  EXPECT_EQ(FormatDate(DaysFromCivil({0, 2, 29})), "0000-02-29");
  for (const int64_t days : {-1'000'000'000, -719'529, -1, 0, 17'486, 2'932'897, 2'000'000'000})
    EXPECT_EQ(ParseDate(FormatDate(days)).value(), days);
  for (const char* bad : {"", "2017", "2017-1-1", "2017-13-01", "2017-02-29", "2017-00-01",
                          "12017-01-01", "2017-01-01x", "2017/01/01", "+99999999999-01-01"})
    EXPECT_FALSE(ParseDate(bad).ok()) << bad;
}

TEST(Civil, TimesReadBack) {
  EXPECT_EQ(FormatTime(81'068'123'456, 6), "22:31:08.123456");
  EXPECT_EQ(ParseTime("22:31:08.123456", 6).value(), 81'068'123'456);
  EXPECT_EQ(ParseTime("22:31:08.12", 9).value(), 81'068'120'000'000);
  EXPECT_EQ(ParseTime("22:31", 6).value(), 81'060'000'000);
  EXPECT_EQ(ParseTime("22:31:08.123456000", 6).value(), 81'068'123'456);
  for (const char* bad : {"", "22", "24:00", "22:60", "22:31:60", "22:31:08.", "22:31:08.1234567",
                          "22:31:08Z", "2:31"})
    EXPECT_FALSE(ParseTime(bad, 6).ok()) << bad;
}

TEST(Civil, DivisionRoundsDown) {
  EXPECT_EQ(FloorDivide(7, 2), 3);
  EXPECT_EQ(FloorDivide(-7, 2), -4);
  EXPECT_EQ(FloorDivide(-8, 2), -4);
  EXPECT_EQ(FloorDivide(std::numeric_limits<int64_t>::min(), 1000), -9'223'372'036'854'776);
}

}  // namespace
}  // namespace caudal
