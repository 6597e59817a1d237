#include "data/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace caudal {
namespace {

struct Case {
  const char* pattern;
  std::vector<const char*> matches;
  std::vector<const char*> others;
};

TEST(Glob, MatchesAsCloudStorageDoes) {
  const std::vector<Case> cases = {
      {"foo*bar", {"foobar", "foo-bar"}, {"foo/bar", "foo/foobar", "foo/baz"}},
      {"foo**bar", {"foobar", "foo/bar", "foo/foobar"}, {"foo/baz"}},
      {"**/foobar", {"foo/foobar", "foobar", "a/b/foobar", "/foobar"}, {"xfoobar", "foo/bar"}},
      {"*/ba[rz]", {"foo/bar", "foo/baz"}, {"foobar", "foo/foobar", "a/b/bar"}},
      {"*/ba[!a-y]", {"foo/baz"}, {"foo/bar"}},
      {"**/{foobar,baz}", {"foo/baz", "foo/foobar", "foobar"}, {"foo/bar"}},
      {"foo/{foo*,*baz}", {"foo/baz", "foo/foobar"}, {"foo/bar", "foobar"}},
      {"a/**/b", {"a/b", "a/x/b", "a/x/y/b"}, {"ab", "a/xb"}},
      {"a/**", {"a/", "a/b", "a/b/c"}, {"a", "b/a/"}},
      {"**", {"", "a", "a/b"}, {}},
      {"*", {"", "a"}, {"a/b"}},
      {"", {""}, {"a"}},
      {"?", {"a", "\xC3\xB1", "\xE6\xBC\xA2", "\xF0\x9F\xA6\xA6"}, {"", "/", "ab"}},
      {"[\xC3\xA0-\xC3\xBF]x", {"\xC3\xB1x"}, {"nx", "\xC3\xB1"}},
      {"a?b", {"axb"}, {"a/b", "ab"}},
      {"a[!b]c", {"axc"}, {"abc", "a/c"}},
      {"[]-]", {"]", "-"}, {"a"}},
      {"[a-]", {"a", "-"}, {"b"}},
      {"\\*\\{\\[\\\\", {"*{[\\"}, {"a{[\\"}},
      {"{a,b{c,d},}x", {"ax", "bcx", "bdx", "x"}, {"bx", "cx"}},
      {"x{/**/,-}y", {"x//y", "x/a/y", "x-y"}, {"xy"}},
      {"***a", {"b/a", "a"}, {"b"}},
      {"a]b,c", {"a]b,c"}, {"ab,c"}},
      {"*.csv", {"x.csv"}, {"x.csv.gz", "a/x.csv"}},
  };
  for (const Case& c : cases) {
    const auto glob = Glob::Parse(c.pattern);
    ASSERT_TRUE(glob.ok()) << c.pattern << ": " << glob.error().message;
    for (const char* name : c.matches) {
      EXPECT_TRUE(glob->Matches(name)) << c.pattern << " against " << name;
      EXPECT_TRUE(std::string(name).starts_with(glob->literal_prefix()));
    }
    for (const char* name : c.others)
      EXPECT_FALSE(glob->Matches(name)) << c.pattern << " against " << name;
  }
}

TEST(Glob, RefusesMalformed) {
  for (const char* bad : {"[", "[]", "[!]", "[a", "[z-a]", "{", "{a", "{a,b", "}", "a}", "\\",
                          "{a\\", "\xff", "{{{{{{{{{{{{{{{{{a}}}}}}}}}}}}}}}}}"}) {
    const auto glob = Glob::Parse(bad);
    ASSERT_FALSE(glob.ok()) << bad;
    EXPECT_EQ(glob.error().kind, ErrorKind::kInvalid);
  }
  EXPECT_FALSE(Glob::Parse(std::string(Glob::kPatternBytesMax + 1, 'a')).ok());
}

TEST(Glob, KnowsItsLiteralPrefix) {
  EXPECT_EQ(Glob::Parse("a/b/*.csv")->literal_prefix(), "a/b/");
  EXPECT_EQ(Glob::Parse("a\\*b{c,d}")->literal_prefix(), "a*b");
  EXPECT_EQ(Glob::Parse("**/x")->literal_prefix(), "");
  EXPECT_EQ(Glob::Parse("plain")->literal_prefix(), "plain");
}

// A backtracking matcher would not come back from this one.
TEST(Glob, TakesNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "**a{x,*}";
  const auto glob = Glob::Parse(pattern);
  ASSERT_TRUE(glob.ok());
  EXPECT_FALSE(glob->Matches(std::string(1024, 'a') + "/b/"));
}

TEST(Glob, NamesNeedNotBeUtf8) {
  EXPECT_TRUE(
      Glob::Parse("a?b")->Matches("a\xff"
                                  "b"));
  EXPECT_FALSE(Glob::Parse("?")->Matches("\xe6\xbc"));
}

}  // namespace
}  // namespace caudal
