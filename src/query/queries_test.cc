#include "query/queries.h"

#include "query/query_fixture.h"

namespace caudal::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class QueriesTest : public QueryFixture {};

TEST_F(QueriesTest, ReadsWhatWasWrittenAndDeleted) {
  Make("t");
  EXPECT_THAT(Rows("SELECT * FROM n.t"), IsEmpty());
  EXPECT_THAT(columns_, ElementsAre("id BIGINT", "name VARCHAR"));
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}, {3, "c"}}).ok());
  ASSERT_TRUE(Upsert("t", {{2, "B"}, {4, "d"}}).ok());
  ASSERT_TRUE(Delete("t", {3}).ok());
  EXPECT_THAT(Rows("SELECT * FROM n.t ORDER BY id"), ElementsAre("1|a", "2|B", "4|d"));
  EXPECT_THAT(Rows("FROM n.t SELECT n.t.name WHERE n.t.id = 2"), ElementsAre("B"));
  EXPECT_EQ(tables_.at(0).name, Name("t"));
  EXPECT_THAT(Rows("SELECT count(*) FROM n.t a JOIN n.t b USING (id)"), ElementsAre("3"));
  EXPECT_THAT(Rows("SELECT 1 UNION ALL VALUES (2)"), ElementsAre("1", "2"));
  EXPECT_THAT(Rows("DESCRIBE n.t"), testing::SizeIs(2));
}

TEST_F(QueriesTest, FindsNames) {
  Make("Orders");
  ASSERT_TRUE(Append("Orders", {{1, "a"}}).ok());
  ASSERT_TRUE(catalog_->namespaces().Create({"n", "deep"}, {}).ok());
  ASSERT_TRUE(catalog_->namespaces().Create({"main"}, {}).ok());
  lake::NewTable shape;
  shape.schema = Columns();
  ASSERT_TRUE(catalog_->Create({{"n", "deep"}, "t"}, shape).ok());
  ASSERT_TRUE(catalog_->Create({{"main"}, "duckdb_tables"}, shape).ok());
  for (const char* sql : {"FROM n.orders", "FROM N.ORDERS", "FROM n.\"Orders\" o WHERE o.id > 0"})
    EXPECT_THAT(Rows(sql), ElementsAre("1|a")) << sql;
  EXPECT_THAT(Rows("FROM n.deep.t"), IsEmpty());
  EXPECT_THAT(Rows("FROM \"n.deep\".t"), IsEmpty());
  EXPECT_THAT(Rows("FROM \"n.deep.t\""), IsEmpty());
  EXPECT_THAT(Rows("FROM main.duckdb_tables"), IsEmpty());
  QueryRequest request{"SELECT orders.name FROM orders", "n", {}, {}, ""};
  EXPECT_THAT(Run(request).value(), ElementsAre("a"));
  request.sql = "WITH t AS (FROM orders) SELECT t.id, orders.id FROM t, orders";
  EXPECT_THAT(Run(request).value(), ElementsAre("1|1"));

  const Error missing = Fails("FROM n.ordres");
  EXPECT_EQ(missing.code, "table.not_found");
  EXPECT_THAT(missing.message, HasSubstr("did you mean 'n.Orders'?"));
  EXPECT_EQ(Fails("FROM orders").code, "query.no_dataset");
  EXPECT_THAT(Fails("FROM a.b.c.d").message, HasSubstr("three parts"));
  EXPECT_EQ(Fails("FROM duckdb_settings").code, "query.no_dataset");
  Make("orders");
  EXPECT_THAT(Rows("FROM n.orders"), IsEmpty());
  EXPECT_THAT(Rows("SELECT count(*) FROM n.\"Orders\" a, n.\"Orders\" b"), ElementsAre("1"));
  EXPECT_THAT(Rows("SELECT (SELECT count(*) FROM n.orders), (SELECT count(*) FROM n.\"Orders\")"),
              ElementsAre("0|1"));
  EXPECT_EQ(Fails("FROM n.ORDERS").code, "table.ambiguous");
}

// Wherever DuckDB takes a table's name, and whatever the text says of it elsewhere.
TEST_F(QueriesTest, ReadsATableWhereverItIsNamed) {
  Make("t");
  Make("u");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}}).ok());
  ASSERT_TRUE(Append("u", {{2, "c"}}).ok());
  const std::pair<const char*, const char*> kCases[] = {
      {"SELECT t.name FROM n.t WHERE t.id = 1", "a"},
      {"SELECT n.t.name FROM n.t WHERE id = 1", "a"},
      {"SELECT N.T.name FROM n.t, n.u WHERE n.t.id = n.u.id", "b"},
      {"SELECT x.name FROM n.t AS x WHERE x.id = 1", "a"},
      {"SELECT x.name FROM n.t x WHERE x.id = 1", "a"},
      {"SELECT x.b FROM n.t x(a, b) WHERE x.a = 1", "a"},
      {"SELECT x.name FROM x : n.t WHERE x.id = 1", "a"},
      {"SELECT t.name || u.name FROM n.t JOIN n.u USING (id)", "bc"},
      {"SELECT t.name || u.name FROM (n.t JOIN n.u ON t.id = u.id)", "bc"},
      {"SELECT t.name FROM n.t SEMI JOIN n.u USING (id)", "b"},
      {"SELECT count(*) FROM n.t POSITIONAL JOIN n.u", "2"},
      {"SELECT count(*) FROM n.t a, n.t b, n.t", "8"},
      {"SELECT (SELECT max(name) FROM n.u) FROM n.t WHERE id IN (SELECT id FROM n.u)", "c"},
      {"WITH t AS (SELECT name FROM n.t WHERE id = 2) FROM t", "b"},
      {"WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r, n.u WHERE i < 3) "
       "SELECT max(i) FROM r",
       "3"},
      {"SELECT t FROM n.t WHERE id = 1", "{'id': 1, 'name': a}"},
      {"SELECT t.* EXCLUDE (id) FROM n.t WHERE id = 1", "a"},
      {"SELECT x.name FROM n.u, LATERAL (SELECT name FROM n.t WHERE t.id = u.id) x", "b"},
      {"SELECT count(*) FROM n.t TABLESAMPLE 100%", "2"},
      {"SELECT count(*) FROM n.t -- of n.t\n", "2"},
      {"TABLE n.u", "2|c"},
      {"FROM n.u SELECT name", "c"},
      {"SELECT a FROM n.t PIVOT (count(*) FOR name IN ('a')) WHERE id = 1", "1"},
      {"SELECT column_name FROM (DESCRIBE n.t) LIMIT 1", "id"},
      {"SELECT count(*) FROM (SUMMARIZE n.t)", "2"},
      {"(SELECT name FROM n.t WHERE id = 1) EXCEPT FROM (SELECT name FROM n.u)", "a"},
  };
  for (const auto& [sql, expected] : kCases)
    for (int i = 0; i < 2; ++i) EXPECT_THAT(Rows(sql), ElementsAre(expected)) << sql;
}

TEST_F(QueriesTest, SaysWhatIsWrongInTheUsersWords) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}}).ok());
  for (const char* sql :
       {"SELECT nope FROM n.t", "SELECT id FROM n.t a JOIN n.t b ON a.id = b.id",
        "SELECT t.id FROM n.t a", "SELECT id FROM n.t GROUP BY name",
        "SELECT id + name FROM n.t WHERE id = []", "SELECT name FROM n.t ORDER BY nope"}) {
    const Error error = Fails(sql);
    EXPECT_EQ(error.kind, ErrorKind::kInvalid) << error.message;
    EXPECT_THAT(error.message, HasSubstr(std::string("LINE 1: ") + sql));
  }
  for (const char* sql : {"SELECT CAST(name AS INTEGER) FROM n.t", "SELECT error(name) FROM n.t"})
    EXPECT_THAT(Fails(sql).message, Not(HasSubstr("read_parquet"))) << sql;
}

TEST_F(QueriesTest, TravelsInTime) {
  Make("t");
  const int64_t first = Append("t", {{1, "a"}}).value().snapshot_id;
  clock_.Advance(std::chrono::seconds(60));
  ASSERT_TRUE(Append("t", {{2, "b"}}).ok());
  Update("t", Json::array({{{"action", "set-snapshot-ref"},
                            {"ref-name", "start"},
                            {"type", "tag"},
                            {"snapshot-id", first}}}));
  const std::string count = "SELECT count(*) FROM n.t ";
  EXPECT_THAT(Rows(count + "FOR SYSTEM_TIME AS OF TIMESTAMPTZ '2023-11-14 22:13:30Z'"),
              ElementsAre("1"));
  EXPECT_THAT(Rows(count + "FOR SYSTEM_TIME AS OF TIMESTAMP '2023-11-14 22:14:20' AS x WHERE "
                           "x.id > 0"),
              ElementsAre("2"));
  EXPECT_THAT(Rows(count + "x FOR SYSTEM_TIME AS OF now() WHERE x.id > 0"), ElementsAre("2"));
  EXPECT_THAT(Rows(count + "AT (VERSION => 'start')"), ElementsAre("1"));
  EXPECT_THAT(Rows(count + "AT (VERSION => " + std::to_string(first) + ")"), ElementsAre("1"));
  EXPECT_THAT(Rows("SELECT a.id FROM n.t a LEFT JOIN n.t AS b AT (VERSION => $v) USING (id) "
                   "WHERE b.id IS NULL",
                   {{"v", std::string("start")}}),
              ElementsAre("2"));
  EXPECT_EQ(tables_.size(), 2u);
  EXPECT_EQ(Fails(count + "FOR SYSTEM_TIME AS OF DATE '2020-01-01'").code, "snapshot.not_found");
  EXPECT_EQ(Fails(count + "AT (VERSION => 'nowhere')").code, "snapshot.not_found");
  EXPECT_EQ(Fails(count + "AT (TIMESTAMP => (SELECT max(id) FROM n.t))").code, "query.refused");
  EXPECT_TRUE(Fails(count + "AT (TIMESTAMP => name)").Is(ErrorKind::kInvalid));
  EXPECT_EQ(Fails(count + "FOR SYSTEM_TIME AS OF WHERE true").code, "query.syntax");
}

TEST_F(QueriesTest, LeavesFilesOut) {
  Make("t");
  for (int64_t i = 0; i < 4; ++i)
    ASSERT_TRUE(Append("t", {{i * 10, "k" + std::to_string(i)}, {i * 10 + 5, "z"}}).ok());
  const auto files = [&](const std::string& where, std::vector<Parameter> parameters = {}) {
    Rows("SELECT count(*) FROM n.t WHERE " + where, std::move(parameters));
    return tables_.at(0).files;
  };
  EXPECT_EQ(files("true"), 4u);
  EXPECT_EQ(files("id = 20"), 1u);
  EXPECT_EQ(files("t.id >= 15 AND id < 31"), 3u);
  EXPECT_EQ(files("id BETWEEN 16 AND 19"), 0u);
  EXPECT_EQ(files("id IN (0, 35, 36)"), 2u);
  EXPECT_EQ(files("id = 0 OR name = 'a'"), 1u);
  EXPECT_EQ(files("id = 0 OR id > 33 AND name IS NOT NULL"), 2u);
  EXPECT_EQ(files("name < 'k1'"), 1u);
  EXPECT_EQ(files("id IS NULL"), 0u);
  EXPECT_EQ(files("id > $least", {{"least", int64_t{25}}}), 1u);
  EXPECT_EQ(files("id = ?", {{"1", int64_t{5}}}), 1u);
  EXPECT_EQ(files("id + 0 = 20"), 4u);
  EXPECT_EQ(files("NOT id = 20"), 4u);
  Rows("SELECT * FROM n.t a, n.t b WHERE a.id = 0 AND b.id = 35");
  EXPECT_EQ(tables_.at(0).files, 2u);
  EXPECT_EQ(tables_.at(0).files_pruned, 2u);
}

TEST_F(QueriesTest, RefusesAndGoesOn) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}}).ok());
  EXPECT_THAT(Fails("SELEC 1").message, HasSubstr("line 1, column 1"));
  EXPECT_EQ(Fails("SELECT 1; SELECT 2").code, "query.refused");
  EXPECT_THAT(Fails("SELECT 1; DROP TABLE n.t").message, HasSubstr("one statement"));
  EXPECT_THAT(Rows("SELECT 1;"), ElementsAre("1"));
  EXPECT_EQ(Fails("").code, "query.syntax");
  EXPECT_TRUE(Fails("PIVOT n.t ON name").Is(ErrorKind::kUnsupported));
  EXPECT_THAT(Fails("SELECT nme FROM n.t").message, HasSubstr("name"));
  EXPECT_THAT(Fails("SELECT $x").message, HasSubstr("$x"));
  EXPECT_TRUE(Fails("SELECT 1/'a'").Is(ErrorKind::kInvalid));
  EXPECT_THAT(Rows("SELECT $x + $X", {{"x", int64_t{2}}}), ElementsAre("4"));
}

TEST_F(QueriesTest, EndsAtItsTimeAndWhenCancelled) {
  QueryRequest request;
  request.sql =
      "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range*b.range=7";
  request.timeout = std::chrono::milliseconds(300);
  const auto rows = Run(request);
  ASSERT_FALSE(rows.ok());
  EXPECT_TRUE(rows.error().Is(ErrorKind::kTimeout)) << rows.error().message;
  request.timeout = {};
  request.sql = "SELECT i FROM range(100000000) t(i)";
  auto query = queries_->Run(request).value();
  ASSERT_TRUE(query->rows().Next().ok());
  query->Cancel();
  Result<std::optional<engine::Batch>> next = query->rows().Next();
  while (next.ok() && *next) next = query->rows().Next();
  ASSERT_FALSE(next.ok());
  EXPECT_TRUE(next.error().Is(ErrorKind::kCancelled));
}

TEST_F(QueriesTest, WaitsForAPlace) {
  query_options_.running_max = 1;
  query_options_.waiting_max = 0;
  OpenQueries();
  auto first = queries_->Run({"SELECT 1", "", {}, {}, ""}).value();
  EXPECT_EQ(Fails("SELECT 2").code, "query.busy");
  first.reset();
  EXPECT_THAT(Rows("SELECT 2"), ElementsAre("2"));
}

TEST_F(QueriesTest, NamesAFileThatIsGone) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}}).ok());
  const std::string path = FilesOf("t")->Files(lake::FileContent::kData).at(0)->file.path;
  const lake::ObjectPlace place = lake::PlaceOf(path).value();
  ASSERT_TRUE(store_->Delete({place.bucket, place.name, {}}, {}).ok());
  const Error error = Fails("FROM n.t");
  EXPECT_TRUE(error.Is(ErrorKind::kCorrupt));
  EXPECT_THAT(error.message, HasSubstr(path));
}

}  // namespace
}  // namespace caudal::query
