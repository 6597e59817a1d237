#include "app/messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace caudal::app {
namespace {

TEST(Messages, BothLanguagesSayEverythingWithTheSameValues) {
  for (size_t i = 0; i < static_cast<size_t>(Text::kCount); ++i) {
    const std::string_view english = TextOf(static_cast<Text>(i), Language::kEnglish);
    const std::string_view spanish = TextOf(static_cast<Text>(i), Language::kSpanish);
    EXPECT_FALSE(english.empty());
    EXPECT_FALSE(spanish.empty()) << english;
    const auto values = [](std::string_view text) {
      return std::count(text.begin(), text.end(), '{');
    };
    EXPECT_EQ(values(english), values(spanish)) << english;
  }
}

TEST(Messages, TheLocaleChooses) {
  ::setenv("LC_ALL", "es_ES.UTF-8", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kSpanish);
  ::setenv("LC_ALL", "C", 1);
  ::setenv("LANG", "es_ES.UTF-8", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kEnglish);
  ::unsetenv("LC_ALL");
  ::unsetenv("LC_MESSAGES");
  EXPECT_EQ(LanguageOfEnvironment(), Language::kSpanish);
  ::setenv("LANG", "estonian", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kEnglish);
}

}  // namespace
}  // namespace caudal::app
