#include "functions/sql/line_ends.h"

#include <gtest/gtest.h>

namespace caudal::functions {
namespace {

// Whole, and cut at every place.
std::string Straight(const std::string& text, char quote = '"') {
  std::string whole;
  LineEnds line_ends(quote);
  line_ends.Straighten(text, whole);
  line_ends.Finish(whole);
  for (size_t at = 0; at <= text.size(); ++at) {
    std::string cut;
    LineEnds pieces(quote);
    pieces.Straighten(std::string_view(text).substr(0, at), cut);
    pieces.Straighten(std::string_view(text).substr(at), cut);
    pieces.Finish(cut);
    EXPECT_EQ(cut, whole) << at;
  }
  return whole;
}

TEST(LineEnds, BecomePlain) {
  EXPECT_EQ(Straight("a\r\nb\r\r\nc\nd\r\r\r\n"), "a\nb\nc\nd\n");
  EXPECT_EQ(Straight(""), "");
}

TEST(LineEnds, StayWithinQuotes) {
  EXPECT_EQ(Straight("\"a\r\nb\"\r\n\"c \"\"d\r\n\"\"\"\r\r\n"),
            "\"a\r\nb\"\n\"c \"\"d\r\n\"\"\"\n");
  EXPECT_EQ(Straight("\"a\r\nb", '\0'), "\"a\nb");
}

TEST(LineEnds, LeaveOtherReturnsAlone) { EXPECT_EQ(Straight("a\rb\r\rc\r"), "a\rb\r\rc\r"); }

}  // namespace
}  // namespace caudal::functions
