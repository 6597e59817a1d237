#include "data/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace caudal {
namespace {

TEST(Value, DecimalsReadBack) {
  const Int128 most = PowerOfTen(38) - 1;
  EXPECT_EQ(DecimalText(most, 0), std::string(38, '9'));
  EXPECT_EQ(DecimalText(-most, 38), "-0." + std::string(38, '9'));
  EXPECT_EQ(DecimalText(-1230, 2), "-12.30");
  EXPECT_EQ(DecimalText(5, 3), "0.005");
  EXPECT_EQ(DecimalText(0, 2), "0.00");
  EXPECT_EQ(DecimalText(0, 0), "0");
  for (const Int128 number : {most, -most, Int128{0}, Int128{-1230}, Int128{7}})
    for (const int scale : {0, 1, 2, 37, 38})
      EXPECT_EQ(ParseDecimalText(DecimalText(number, scale), 38, scale).value(), number);
  EXPECT_EQ(ParseDecimalText("1.5", 5, 2).value(), 150);
  EXPECT_EQ(ParseDecimalText("+1.5000", 5, 2).value(), 150);
  EXPECT_EQ(ParseDecimalText(".5", 5, 2).value(), 50);
}

TEST(Value, DecimalsThatDoNotFitAreRefused) {
  for (const char* bad : {"", "-", ".", "1e3", "1.2.3", "1.005", "1000.00", "0x1", " 1", "NaN"})
    EXPECT_FALSE(ParseDecimalText(bad, 5, 2).ok()) << bad;
  EXPECT_FALSE(ParseDecimalText("1" + std::string(38, '0'), 38, 0).ok());
  EXPECT_FALSE(ParseDecimalText(std::string(38, '9') + "0", 38, 0).ok());
  EXPECT_FALSE(ParseDecimalText(std::string(38, '9'), 38, 1).ok());
  EXPECT_TRUE(ParseDecimalText(std::string(38, '9'), 38, 0).ok());
}

TEST(Value, FloatsAreInTotalOrder) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> order = {-std::nan(""), -infinity, -1.5,     -0.0,        0.0,
                                     5e-324,        1.5,       infinity, std::nan("")};
  for (size_t i = 0; i < order.size(); ++i)
    for (size_t k = 0; k < order.size(); ++k) {
      const int expected = i < k ? -1 : i > k ? 1 : 0;
      EXPECT_EQ(Compare(Value(order[i]), Value(order[k])), expected) << i << " " << k;
      const auto a = static_cast<float>(order[i] == 5e-324 ? 1e-45 : order[i]);
      const auto b = static_cast<float>(order[k] == 5e-324 ? 1e-45 : order[k]);
      EXPECT_EQ(Compare(Value(a), Value(b)), expected) << i << " " << k;
    }
}

TEST(Value, BytesAreUnsigned) {
  EXPECT_LT(Compare(Value(std::string("\x7f")), Value(std::string("\x80"))), 0);
  EXPECT_LT(Compare(Value(std::string("a")), Value(std::string("a\0", 2))), 0);
  EXPECT_EQ(Compare(Value(std::string("a")), Value(std::string("a"))), 0);
  EXPECT_GT(Compare(Value(Int128{1} << 100), Value(Int128{-1})), 0);
}

TEST(Value, KnowsItsType) {
  EXPECT_TRUE(Fits(Type(TypeKind::kDate), Value(int32_t{1})));
  EXPECT_FALSE(Fits(Type(TypeKind::kDate), Value(int64_t{1})));
  EXPECT_TRUE(Fits(Type(TypeKind::kUuid), Value(std::string(16, 'x'))));
  EXPECT_FALSE(Fits(Type(TypeKind::kUuid), Value(std::string(15, 'x'))));
  EXPECT_FALSE(Fits(Type::Fixed(3), Value(std::string("ab"))));
  EXPECT_TRUE(Fits(Type::Decimal(3, 1), Value(Int128{999})));
  EXPECT_FALSE(Fits(Type::Decimal(3, 1), Value(Int128{-1000})));
  EXPECT_FALSE(Fits(Type(TypeKind::kString), Value(std::string("\xff"))));
  EXPECT_TRUE(Fits(Type(TypeKind::kVariant), Value()));
}

TEST(Value, UuidsReadBack) {
  const std::string text = "f79c3e09-677c-4bbd-a479-3f349cb785e7";
  EXPECT_EQ(UuidText(ParseUuid(text).value()), text);
  EXPECT_EQ(UuidText(ParseUuid("F79C3E09-677C-4BBD-A479-3F349CB785E7").value()), text);
  for (const char* bad :
       {"", "f79c3e09677c4bbda4793f349cb785e7", "f79c3e09-677c-4bbd-a479-3f349cb785eg",
        "f79c3e0-9677c-4bbd-a479-3f349cb785e7"})
    EXPECT_FALSE(ParseUuid(bad).ok()) << bad;
}

}  // namespace
}  // namespace caudal
