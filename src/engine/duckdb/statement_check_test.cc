#include "engine/duckdb/statement_check.h"

#include <gmock/gmock.h>

#include <set>

#include "engine/duckdb/handles.h"
#include "engine/duckdb/words.h"

namespace caudal::engine {
namespace {

std::vector<std::string> WordsOf(std::string_view sql) {
  std::vector<std::string> texts;
  for (const Word& word : CutIntoWords(sql).value()) texts.push_back(word.text);
  return texts;
}

TEST(Words, AreCutAsDuckDbDoes) {
  using testing::ElementsAre;
  EXPECT_THAT(WordsOf("SELECT a.B,'it''s' -- x\n||\"Q\"\"q\""),
              ElementsAre("select", "a", ".", "b", ",", "it's", "|", "|", "q\"q"));
  EXPECT_THAT(WordsOf("/* a /* b */ c */ 1_000 0x1F .5e-3 1e5"),
              ElementsAre("1_000", "0x1F", ".5e-3", "1e5"));
  EXPECT_THAT(WordsOf("$tag$ ' $$ $tag$ $$x$$ $1 $name a$b"),
              ElementsAre(" ' $$ ", "x", "$", "1", "$", "name", "a$b"));
  EXPECT_THAT(WordsOf("E'a\\'b' e'\\\\' fe'x'"), ElementsAre("a'b", "\\", "fe", "x"));
  EXPECT_THAT(WordsOf("f\u00A0(\u30001)"), ElementsAre("f", "(", "1", ")"));
  EXPECT_THAT(WordsOf("-- a\rb"), ElementsAre("b"));
}

TEST(StatementCheck, LeavesQueriesAlone) {
  for (const char* sql : {
           "SELECT 'enable_logging()' AS \"read_text\", query FROM t -- enable_logging()",
           "WITH a AS (SELECT 1) FROM a",
           "((SELECT 1))",
           "VALUES (1)",
           "FROM t SELECT x",
           "CREATE OR REPLACE TEMP TABLE glob AS SELECT 1",
           "PIVOT t ON a USING count(*)",
           "INSERT INTO t VALUES ($1); DELETE FROM t;",
           "EXPLAIN ANALYZE SELECT 1",
           "SUMMARIZE t",
           "DESCRIBE t",
           "SHOW TABLES",
           "MERGE INTO t USING s ON a = b WHEN MATCHED "
           "THEN DELETE",
           "ALTER TABLE t ADD COLUMN x INT",
           "DROP VIEW v",
           "TRUNCATE t",
           "",
           ";;",
           "SELECT * FROM range(3), unnest([1]), generate_series(1, 2), json_each('{}')",
       })
    EXPECT_TRUE(CheckWords(sql, false).ok())
        << sql << ": " << CheckWords(sql, false).error().message;
  EXPECT_TRUE(CheckWords("COPY (FROM read_csv('in/a')) TO 'out/b'", true).ok());
}

// A DuckDB with a function that reaches out and that nobody looked at fails here.
TEST(StatementCheck, KnowsEveryTableFunction) {
  DatabaseHandle database;
  ConnectionHandle connection;
  ASSERT_EQ(duckdb_open(nullptr, database.Receive()), DuckDBSuccess);
  ASSERT_EQ(duckdb_connect(database.get(), connection.Receive()), DuckDBSuccess);
  ResultHandle result;
  ASSERT_EQ(
      duckdb_query(connection.get(),
                   "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type "
                   "IN ('table', 'table_macro')",
                   result.get()),
      DuckDBSuccess);
  std::set<std::string_view> known;
  for (const auto list : {FileFunctions(), RefusedFunctions(), HarmlessTableFunctions()})
    known.insert(list.begin(), list.end());
  const idx_t count = duckdb_row_count(result.get());
  ASSERT_GT(count, 50u);
  for (idx_t i = 0; i < count; ++i) {
    const std::string name = TakeText(duckdb_value_varchar(result.get(), 0, i));
    EXPECT_TRUE(known.contains(name)) << name << " is new: put it into one of the lists";
  }
}

}  // namespace
}  // namespace caudal::engine
