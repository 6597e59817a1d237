#include "query/sql_text.h"

#include <gmock/gmock.h>

namespace caudal::query {
namespace {

std::string Prepared(std::string_view sql) {
  const Result<SqlText> text = PrepareText(sql);
  return text.ok() ? text->sql : text.error().code;
}

TEST(SqlText, TurnsSystemTimeIntoAt) {
  EXPECT_EQ(Prepared("FROM t FOR SYSTEM_TIME AS OF now() - INTERVAL 1 HOUR WHERE x"),
            "FROM t AT (TIMESTAMP => now() - INTERVAL 1 HOUR) WHERE x");
  EXPECT_EQ(Prepared("FROM t for system_time as of $1 AS y, u"),
            "FROM t AS y AT (TIMESTAMP => $1), u");
  EXPECT_EQ(Prepared("(FROM t FOR SYSTEM_TIME AS OF f(a, b) AS y(p, q)) JOIN u"),
            "(FROM t AS y(p, q) AT (TIMESTAMP => f(a, b))) JOIN u");
  EXPECT_EQ(Prepared("FROM t FOR SYSTEM_TIME AS OF x AT TIME ZONE 'UTC' ORDER BY 1"),
            "FROM t AT (TIMESTAMP => x AT TIME ZONE 'UTC') ORDER BY 1");
  EXPECT_EQ(Prepared("SELECT 'FOR SYSTEM_TIME AS OF 1' -- FOR SYSTEM_TIME AS OF 2"),
            "SELECT 'FOR SYSTEM_TIME AS OF 1' -- FOR SYSTEM_TIME AS OF 2");
  EXPECT_EQ(Prepared("FROM t FOR SYSTEM_TIME AS OF"), "query.syntax");
}

TEST(SqlText, MakesOtherSpacesPlain) {
  EXPECT_EQ(Prepared("SELECT\u00A0'\u00A0'\u2003\"\u00A0\""), "SELECT '\u00A0' \"\u00A0\"");
  EXPECT_EQ(Prepared("SELECT 1 -- ñ\n + 2; ;"), "SELECT 1 + 2");
}

TEST(SqlText, FindsTablesAndTheirTimes) {
  const SqlText text = PrepareText("FROM a.\"B\" AS x(at, b) AT (VERSION => (1)), c").value();
  const TablePlace place = FindTablePlace(text, 5, "B", true).value();
  EXPECT_EQ(text.sql.substr(place.name_begin, place.name_end - place.name_begin), "a.\"B\"");
  EXPECT_EQ(place.at_expression, "(1)");
  EXPECT_EQ(Apply(text.sql,
                  {{place.at_begin, place.at_end, ""}, {place.name_begin, place.name_end, "v"}}),
            "FROM v AS x(at, b) , c");
  EXPECT_FALSE(FindTablePlace(text, 6, "B", false).ok());
  EXPECT_FALSE(FindTablePlace(text, 5, "C", false).ok());
  EXPECT_EQ(PlaceInText("a\nbc", 3), "line 2, column 2");
}

}  // namespace
}  // namespace caudal::query
