#include "functions/sql/column_type.h"

#include <gmock/gmock.h>

#include <optional>

#include "engine/quoting.h"
#include "engine/test_engine.h"

namespace caudal::functions {
namespace {

using testing::HasSubstr;

class ColumnTypeTest : public testing::Test {
 protected:
  // The text as a value of the type, and back as DuckDB writes it; "-" when it is none.
  std::string Value(const std::string& type, const std::string& text) {
    const std::string sql = "SELECT CAST(" + ValueOfText(type, "t") + " AS VARCHAR) FROM (SELECT " +
                            engine::QuoteText(text) + " AS t)";
    const auto rows = session_->Run(engine::Sql(sql)).value();
    return engine::ReadAll(*rows, 1).value().rows[0][0].value_or("-");
  }

  engine::TestEngine engine_{1};
  std::unique_ptr<engine::Session> session_ = engine_.Open();
};

TEST_F(ColumnTypeTest, TakesNothingButExactValues) {
  EXPECT_EQ(Value("text", " 3.70 "), " 3.70 ");
  EXPECT_EQ(Value("integer", "-0042"), "-42");
  for (const char* no : {"3.7", "3.0", "1e3", " 5", "0x10", "1_000", "9223372036854775808", ""})
    EXPECT_EQ(Value("integer", no), "-") << no;
  EXPECT_EQ(Value("decimal(18,2)", "1.5"), "1.50");
  EXPECT_EQ(Value("decimal(18,2)", "-1.50000"), "-1.50");
  EXPECT_EQ(Value("decimal(18, 2)", "9999999999999999.99"), "9999999999999999.99");
  EXPECT_EQ(Value("decimal(4,0)", "1200."), "1200");
  for (const char* no : {"1.005", "1e2", "99999999999999999.99", "1,5", "abc", "inf"})
    EXPECT_EQ(Value("decimal(18,2)", no), "-") << no;
  EXPECT_EQ(Value("double", "1e3"), "1000.0");
  EXPECT_EQ(Value("double", "x"), "-");
  EXPECT_EQ(Value("boolean", "TRUE"), "true");
  EXPECT_EQ(Value("boolean", "yes"), "-");
  EXPECT_EQ(Value("date", "2026-02-28"), "2026-02-28");
  for (const char* no : {"2026-02-29", "28/02/2026", "2026-2-8", "infinity", "20260228"})
    EXPECT_EQ(Value("date", no), "-") << no;
  EXPECT_EQ(Value("timestamp", "2026-02-28T10:20:30.123456"), "2026-02-28 10:20:30.123456");
  EXPECT_EQ(Value("timestamp", "2026-02-28"), "2026-02-28 00:00:00");
  for (const char* no : {"2026-02-28 10:20:30.1234567", "2026-02-28T10:20:30+02:00", "now"})
    EXPECT_EQ(Value("timestamp", no), "-") << no;
}

TEST(ColumnType, IsOneOfAFew) {
  for (const char* type : {"text", "boolean", "integer", "double", "date", "timestamp",
                           "decimal(1,0)", "decimal(38,38)", "decimal(18, 2)"})
    EXPECT_TRUE(CheckColumnType(type).ok()) << type;
  for (const char* type :
       {"", "TEXT", "varchar", "decimal", "decimal()", "decimal(39,2)", "decimal(2,3)",
        "decimal(2)", "decimal(2,1", "decimal(2,x)", "integer); DROP"})
    EXPECT_THAT(CheckColumnType(type).error().message, HasSubstr("is no type")) << type;
}

}  // namespace
}  // namespace caudal::functions
