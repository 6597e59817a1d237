#include "checks/rule.h"

#include <gmock/gmock.h>

namespace caudal::checks {
namespace {

using testing::HasSubstr;

std::string Wrong(const Rule& rule) {
  const Result<void> checked = CheckRule(rule);
  return checked.ok() ? "" : checked.error().message;
}

Rule Of(RuleKind kind, const std::string& column = "c") {
  Rule rule;
  rule.kind = kind;
  rule.column = column;
  return rule;
}

TEST(Rule, SaysWhatIsMissing) {
  EXPECT_EQ(Wrong(Of(RuleKind::kNotNull)), "");
  EXPECT_THAT(Wrong(Of(RuleKind::kNotNull, "")), HasSubstr("needs a 'column'"));
  EXPECT_THAT(Wrong(Of(RuleKind::kAcceptedValues)), HasSubstr("'values'"));
  EXPECT_THAT(Wrong(Of(RuleKind::kRange)), HasSubstr("'min'"));
  EXPECT_THAT(Wrong(Of(RuleKind::kPattern)), HasSubstr("'pattern'"));
  EXPECT_THAT(Wrong(Of(RuleKind::kSql, "")), HasSubstr("'sql'"));
  EXPECT_THAT(Wrong(Of(RuleKind::kComplete, "")), HasSubstr("'of'"));
}

TEST(Rule, SaysWhatDoesNotBelong) {
  Rule rule = Of(RuleKind::kUnique);
  rule.max = "3";
  EXPECT_THAT(Wrong(rule), HasSubstr("unique has no 'max': that is for range"));
  rule = Of(RuleKind::kSql);
  rule.sql = "true";
  EXPECT_THAT(Wrong(rule), HasSubstr("no 'column'"));
  rule = Of(RuleKind::kNotNull);
  rule.nulls_break = true;
  EXPECT_THAT(Wrong(rule), HasSubstr("'nulls'"));
  rule = Of(RuleKind::kComplete, "");
  rule.of = "raw";
  EXPECT_EQ(Wrong(rule), "");
  rule.action = Action::kQuarantine;
  EXPECT_THAT(Wrong(rule), HasSubstr("can't quarantine"));
  rule = Of(RuleKind::kPattern);
  rule.pattern = std::string("a\0b", 3);
  EXPECT_THAT(Wrong(rule), HasSubstr("NUL"));
}

TEST(Rule, HasANameAndAReason) {
  Rule rule = Of(RuleKind::kRange, "amount");
  rule.min = "0";
  EXPECT_EQ(NameOf(rule), "amount_range");
  EXPECT_EQ(ReasonOf(rule), "amount is below 0");
  rule.max = "10";
  EXPECT_EQ(ReasonOf(rule), "amount is not between 0 and 10");
  rule.name = "sane";
  rule.reason = "absurd";
  EXPECT_EQ(NameOf(rule), "sane");
  EXPECT_EQ(ReasonOf(rule), "absurd");
  rule = Of(RuleKind::kAcceptedValues, "s");
  rule.values = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"};
  EXPECT_EQ(ReasonOf(rule), "s is none of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … (12 values)");
}

}  // namespace
}  // namespace caudal::checks
