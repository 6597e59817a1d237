#include "engine/duckdb/statement_check.h"

#include <gmock/gmock.h>

#include <set>

#include "engine/duckdb/words.h"
#include "engine/test_engine.h"

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
  TestEngine engine(1);
  const auto session = engine.Open();
  const auto rows = session
                        ->Run(Sql("SELECT DISTINCT function_name FROM duckdb_functions() WHERE "
                                  "function_type IN ('table', 'table_macro')"))
                        .value();
  std::set<std::string_view> known;
  for (const auto list : {FileFunctions(), RefusedFunctions(), HarmlessTableFunctions()})
    known.insert(list.begin(), list.end());
  const Table table = ReadAll(*rows, 10'000).value();
  ASSERT_GT(table.rows.size(), 50u);
  for (const auto& row : table.rows)
    EXPECT_TRUE(known.contains(*row[0])) << *row[0] << " is new: put it into one of the lists";
}

// What the scanner takes for a call against what DuckDB's parser does: none may be missed.
TEST(StatementCheck, SeesEveryCallThatDuckDbSees) {
  TestEngine engine(1);
  const auto session = engine.Open();
  size_t seen = 0;
  for (const std::string sql : {
           "SELECT abs(1), \"ABS\" (2), main.abs(3), system.main.abs /* x */ (4) FROM range(3)",
           "SELECT 'abs(1)', E'\\'abs(2)', $$abs(3)$$, $t$ abs(4) $t$ -- abs(5)",
           "SELECT /* /* abs(1) */ abs(2) */ abs\n--x\n(3), abs\u00A0(4), abs\u3000(5)",
           "WITH a AS (SELECT unnest([1, 2])) SELECT (SELECT count(*) FROM a) FROM repeat(1, 2)",
           "SELECT list_transform([1], lambda x: x + ceil(1.5)), 1e5, .5, 0x1F, 1_000, $1",
           "SELECT N'x', x'41', b'01', \"a\"\"b\"\"(\" FROM (SELECT 1 AS \"a\"\"b\"\"(\")",
           "FROM (VALUES (upper('x'))) t(u) WHERE u IN (lower('y')) ORDER BY length(u)",
           "SELECT sum(1) OVER (ORDER BY abs(1)), count(DISTINCT 1) FILTER (WHERE true)",
       }) {
    std::set<std::string> ours;
    const std::vector<Word> words = CutIntoWords(sql).value();
    for (size_t i = 0; i + 1 < words.size(); ++i)
      if (words[i].IsName() && words[i + 1].Is('(')) ours.insert(words[i].text);
    Statement ask =
        Sql("SELECT DISTINCT unnest(regexp_extract_all(json_serialize_sql($sql::VARCHAR)::VARCHAR, "
            "'\"function_name\":\"([a-z_]+)\"', 1))");
    ask.parameters = {{"sql", sql}};
    const auto rows = session->Run(ask).value();
    const Table table = ReadAll(*rows, 100).value();
    seen += table.rows.size();
    for (const auto& row : table.rows) {
      // What operators and brackets are turned into.
      const std::set<std::string> made = {"list_value", "struct_extract", "count_star", "lambda"};
      EXPECT_TRUE(ours.contains(*row[0]) || made.contains(*row[0])) << *row[0] << " in " << sql;
    }
  }
  EXPECT_GE(seen, 12u);
}

}  // namespace
}  // namespace caudal::engine
