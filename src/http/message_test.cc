#include "http/message.h"

#include <gtest/gtest.h>

namespace caudal::http {
namespace {

TEST(Percent, DecodesAndRefusesMalformedEscapes) {
  EXPECT_EQ(PercentDecode("a%2Fb%20c+%25").value(), "a/b c+%");
  EXPECT_EQ(PercentDecode("%00%ff").value(), std::string("\0\xff", 2));
  for (const char* bad : {"%", "a%", "%2", "%zz", "%2g", "%%20"}) {
    EXPECT_FALSE(PercentDecode(bad).ok()) << bad;
  }
}

TEST(Percent, EncodesAllButUnreserved) {
  EXPECT_EQ(PercentEncode("a/b c~._-%\xc3\xa9"), "a%2Fb%20c~._-%25%C3%A9");
  EXPECT_EQ(PercentEncode("a/b c", "/"), "a/b%20c");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(PercentDecode(PercentEncode(all)).value(), all);
}

TEST(Parameters, KeepsOrderRepeatsAndMalformedEscapes) {
  const Parameters p = Parameters::Parse("a=1&b=x%20y&a=2&&flag&=v&bad=%zz%4&plus=a+b&eq=a=b");
  EXPECT_EQ(p.Get("a"), "1");
  EXPECT_EQ(p.All("a"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(p.Get("b"), "x y");
  EXPECT_EQ(p.Get("flag"), "");
  EXPECT_EQ(p.Get(""), "v");
  EXPECT_EQ(p.Get("bad"), "%zz%4");
  EXPECT_EQ(p.Get("plus"), "a+b");
  EXPECT_EQ(p.Get("eq"), "a=b");
  EXPECT_FALSE(p.Has("absent"));
  EXPECT_EQ(Parameters::Parse("").begin(), Parameters::Parse("").end());
}

TEST(Headers, CompareNamesWithoutCaseAndTrimValues) {
  Headers h;
  h.Add("X-One", " a \t");
  h.Add("x-one", "b");
  EXPECT_EQ(h.Get("X-ONE"), "a");
  EXPECT_EQ(h.size(), 2u);
  h.Set("x-oNe", "c");
  EXPECT_EQ(h.size(), 1u);
  EXPECT_EQ(h.Get("X-One"), "c");
  h.Remove("X-ONE");
  EXPECT_FALSE(h.Get("x-one").has_value());
}

TEST(Method, ParsesItsOwnNamesOnly) {
  for (int i = 0; i < 7; ++i) {
    const auto method = static_cast<Method>(i);
    EXPECT_EQ(ParseMethod(NameOf(method)), method);
  }
  EXPECT_FALSE(ParseMethod("get").has_value());
  EXPECT_FALSE(ParseMethod("TRACE").has_value());
}

TEST(StatusOf, PrefersTheCodeOfThisModule) {
  EXPECT_EQ(StatusOf(ErrorKind::kNotFound), 404);
  EXPECT_EQ(StatusOf(ErrorKind::kDiskFull), 507);
  EXPECT_EQ(StatusOf(ErrorKind::kUnsupported), 501);
  EXPECT_EQ(StatusOf(MakeError(ErrorKind::kLimit, "x")), 429);
  EXPECT_EQ(StatusOf(MakeError(ErrorKind::kLimit, "x", "http.body_too_large")), 413);
}

}  // namespace
}  // namespace caudal::http
