#include <fmt/format.h>

#include "functions/sql/sql_fixture.h"

namespace caudal::functions {
namespace {

using checks::Action;
using checks::RuleKind;
using testing::HasSubstr;

class SqlRunTest : public SqlFixture {};

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(SqlRunTest, MakesFilesOfFiles) {
  FunctionSpec spec = SqlSpec(
      "CREATE TABLE clean AS SELECT upper(name) AS name, n::INTEGER AS n FROM raw WHERE n <> '2'");
  StartSql(spec);
  const sched::RunRecord run = RunFor("a/x.csv", "name,n\na,1\nb,2\n\"c,d\",3\n");
  EXPECT_EQ(run.status, sched::RunStatus::kSucceeded) << run.error;
  EXPECT_EQ(Object("x.csv"), "name,n\nA,1\n\"C,D\",3\n");
  EXPECT_EQ(run.rows_in, 3);
  ASSERT_EQ(run.outputs.size(), 1u);
  EXPECT_EQ(run.outputs[0].uri, "gs://out-bucket/x.csv");
  EXPECT_EQ(run.outputs[0].rows, 2);
  EXPECT_EQ(run.report["inputs"][0]["rows"], 3);
  const objects::Object object = store_->Stat({"out-bucket", "x.csv", {}}).value();
  EXPECT_EQ(object.metadata.content_type, "text/csv");
  EXPECT_EQ(object.metadata.custom.at("caudal-function"), "sql");
  EXPECT_EQ(run.outputs[0].generation, object.generation);
  EXPECT_THAT(Log(run), HasSubstr("wrote 2 rows for gs://out-bucket/x.csv"));
}

TEST_F(SqlRunTest, TakesBadRowsOut) {
  FunctionSpec spec = SqlSpec(R"(
      CREATE VIEW clean AS SELECT id, TRY_CAST(amount AS DECIMAL(18,2)) AS amount FROM raw;
      CREATE VIEW totals AS SELECT count(*) AS n, sum(amount) AS total FROM clean;)");
  SqlPart& part = PartOf(spec);
  SqlExpectation complete{"clean", {}};
  complete.rule.kind = RuleKind::kComplete;
  complete.rule.of = "raw";
  part.expect = {complete, Expect("clean", RuleKind::kNotNull, "id", Action::kQuarantine),
                 Expect("clean", RuleKind::kNotNull, "amount", Action::kQuarantine)};
  part.outputs = {{"clean", false, "gs://out-bucket/{stem}.parquet"},
                  {"clean", false, "gs://out-bucket/{stem}.csv"},
                  {"totals", false, "gs://out-bucket/{stem}.totals.json"},
                  {"clean", true, "gs://out-bucket/{stem}.bad.csv"}};
  StartSql(spec);
  const sched::RunRecord run = RunFor("x.csv", "id,amount\na,1.50\n,2\nb,x\n,\nc,3.25\n");
  EXPECT_EQ(run.status, sched::RunStatus::kSucceeded) << run.error;
  EXPECT_EQ(run.rows_in, 5);
  EXPECT_EQ(run.rows_accepted, 2);
  EXPECT_EQ(run.rows_quarantined, 3);
  EXPECT_EQ(Object("x.csv"), "id,amount\na,1.50\nc,3.25\n");
  EXPECT_EQ(Object("x.totals.json"), "{\"n\":2,\"total\":4.75}\n");
  EXPECT_EQ(Object("x.bad.csv"),
            "id,amount,_reason,_rule\n"
            ",2.00,id is missing,id_not_null\n"
            "b,,amount is missing,amount_not_null\n"
            ",,id is missing; amount is missing,id_not_null; amount_not_null\n");
  EXPECT_EQ(Query("SELECT id, amount, typeof(amount) FROM read_parquet('in/f')", "x.parquet"),
            "a|1.50|DECIMAL(18,2)\nc|3.25|DECIMAL(18,2)\n");
  EXPECT_EQ(run.outputs[0].uri, "gs://out-bucket/x.bad.csv") << "what is bad comes first";
  EXPECT_EQ(run.report["checks"][0]["quarantined"], 3);
  EXPECT_THAT(Log(run), HasSubstr("rule 'id_not_null' (quarantine): 2 rows: id is missing"));
}

TEST_F(SqlRunTest, WritesQuarantineAlsoWhenItIsEmpty) {
  FunctionSpec spec = SqlSpec();
  PartOf(spec).expect = {Expect("clean", RuleKind::kNotNull, "id", Action::kQuarantine)};
  PartOf(spec).outputs.push_back({"clean", true, "gs://out-bucket/{stem}.bad.csv"});
  StartSql(spec);
  RunFor("x.csv", "id\n1\n\"\"\n");
  EXPECT_EQ(Object("x.bad.csv"), "id,_reason,_rule\n,id is missing,id_not_null\n");
  RunFor("x.csv", "id\n1\n2\n");
  EXPECT_EQ(Object("x.bad.csv"), "id,_reason,_rule\n");
}

TEST_F(SqlRunTest, PublishesNothingWhenARuleFails) {
  FunctionSpec spec = SqlSpec();
  PartOf(spec).expect = {Expect("clean", RuleKind::kNotNull, "id", Action::kFail)};
  StartSql(spec);
  const sched::RunRecord run = RunFor("x.csv", "id,b\n,1\n");
  EXPECT_EQ(run.status, sched::RunStatus::kFailed);
  EXPECT_EQ(run.error_kind, ErrorKind::kInvalid);
  EXPECT_THAT(run.error, HasSubstr("rule 'id_not_null' of table 'clean' is broken by 1 of 1 rows"));
  WaitUntil([&] { return Dead() == 1; });
  EXPECT_EQ(Objects(), 0u);
  EXPECT_EQ(Runs().size(), 1u) << "a bad file isn't tried again";
}

TEST_F(SqlRunTest, BindsWhatTheEventBrings) {
  StartSql(
      SqlSpec("CREATE TABLE clean AS SELECT $bucket AS bucket, $name AS name, $uri AS uri, "
              "(SELECT name = $name AND uri = $uri AND generation > 0 AND size = 4 AND type = "
              "'OBJECT_FINALIZE' AND time > TIMESTAMP '2020-01-01' FROM event) AS same"));
  const std::string name = "'); COPY (SELECT 1) TO 'owned.csv'; --\\\"$name{stem}.csv";
  const sched::RunRecord run = RunFor(name, "a\n1\n");
  EXPECT_EQ(run.status, sched::RunStatus::kSucceeded) << run.error;
  EXPECT_EQ(Objects(), 1u);
  EXPECT_EQ(Object(name),
            "bucket,name,uri,same\nin-bucket,\"'); COPY (SELECT 1) TO 'owned.csv'; "
            "--\\\"\"$name{stem}.csv\",\"gs://in-bucket/'); COPY (SELECT 1) TO "
            "'owned.csv'; --\\\"\"$name{stem}.csv\",true\n");
}

TEST_F(SqlRunTest, KeepsSqlToItsTables) {
  FunctionSpec spec = SqlSpec("CREATE TABLE clean AS FROM read_csv('in/1')");
  StartSql(spec);
  EXPECT_THAT(RunFor("1.csv", "a\n1\n").error, HasSubstr("the SQL: the function read_csv()"));
  for (const auto& [sql, error] :
       {std::pair("COPY raw TO 'out/x'", "can't begin with 'copy'"),
        std::pair("CREATE TABLE clean AS FROM 'in/1'", "in/1"),
        std::pair("CREATE TABLE clean AS SELECT nope FROM raw", "nope"),
        std::pair("SELEC 1", "selec"), std::pair("SELECT $password", "password")}) {
    PartOf(spec).sql = sql;
    ASSERT_TRUE(functions_->Configure({spec}).ok());
    const sched::RunRecord run = RunFor("2.csv", "a\n1\n");
    EXPECT_EQ(run.error_kind, ErrorKind::kInvalid) << sql;
    EXPECT_THAT(run.error, HasSubstr(error)) << sql;
  }
  EXPECT_EQ(Objects(), 0u);
}

TEST_F(SqlRunTest, SaysWhichTableIsNotThere) {
  FunctionSpec spec = SqlSpec("CREATE TABLE other AS SELECT 1 AS a");
  StartSql(spec);
  EXPECT_THAT(RunFor("x.csv", "a\n1\n").error, HasSubstr("output gs://out-bucket/x.csv: "));
  PartOf(spec).expect = {Expect("clean", RuleKind::kNotNull, "a", Action::kFail)};
  ASSERT_TRUE(functions_->Configure({spec}).ok());
  EXPECT_THAT(RunFor("x.csv", "a\n1\n").error, HasSubstr("the rules of table 'clean': "));
}

TEST_F(SqlRunTest, ReadsOtherObjectsToo) {
  ASSERT_TRUE(store_
                  ->Put(To("out-bucket", "known/x.json"),
                        "{\"id\": \"1\", \"price\": 1.50}\n{\"id\": \"2\", \"price\": 2}\n")
                  .ok());
  FunctionSpec spec =
      SqlSpec("CREATE TABLE clean AS SELECT id, price FROM raw JOIN known USING(id)");
  SqlInput known{"known", "gs://out-bucket/known/{stem}.json"};
  known.columns = {{"id", "text"}, {"price", "decimal(9,2)"}};
  PartOf(spec).inputs.push_back(known);
  StartSql(spec);
  RunFor("x.csv", "id\n2\n3\n");
  EXPECT_EQ(Object("x.csv"), "id,price\n2,2.00\n");
  const sched::RunRecord run = RunFor("y.csv", "id\n2\n");
  EXPECT_EQ(run.error_kind, ErrorKind::kNotFound);
  EXPECT_THAT(run.error, HasSubstr("input 'known' (gs://out-bucket/known/y.json)"));
}

TEST_F(SqlRunTest, WarnsOfTablesThatKeepBadRows) {
  FunctionSpec spec = SqlSpec(
      "CREATE TABLE clean AS FROM raw; CREATE TABLE n AS SELECT count(*) AS "
      "n FROM clean; CREATE VIEW m AS SELECT count(*) AS n FROM clean");
  PartOf(spec).expect = {Expect("clean", RuleKind::kNotNull, "id", Action::kQuarantine)};
  PartOf(spec).outputs = {{"n", false, "gs://out-bucket/n.csv"},
                          {"m", false, "gs://out-bucket/m.csv"},
                          {"clean", true, "gs://out-bucket/bad.csv"}};
  StartSql(spec);
  const sched::RunRecord run = RunFor("x.csv", "id,b\n1,1\n,2\n");
  EXPECT_EQ(Object("n.csv"), "n\n2\n");
  EXPECT_EQ(Object("m.csv"), "n\n1\n");
  ASSERT_EQ(run.report["warnings"].size(), 1u);
  EXPECT_THAT(run.report["warnings"][0].get<std::string>(), HasSubstr("'n' is a TABLE"));
}

TEST_F(SqlRunTest, KeepsNumbersOf128BitsInParquet) {
  FunctionSpec spec = SqlSpec(
      "CREATE VIEW clean AS SELECT sum(n::BIGINT) AS total, 2::HUGEINT ** 0 AS one FROM raw");
  PartOf(spec).outputs = {{"clean", false, "gs://out-bucket/x.parquet"}};
  StartSql(spec);
  RunFor("x.csv", "n\n9223372036854775807\n9223372036854775807\n");
  EXPECT_EQ(Query("SELECT total FROM read_parquet('in/f')", "x.parquet"), "18446744073709551614\n");
  PartOf(spec).sql = "CREATE VIEW clean AS SELECT [sum(n::BIGINT)] AS totals FROM raw";
  ASSERT_TRUE(functions_->Configure({spec}).ok());
  EXPECT_THAT(RunFor("x.csv", "n\n1\n").error, HasSubstr("'totals' is HUGEINT[]"));
}

TEST_F(SqlRunTest, ReadsARandomViewOnce) {
  FunctionSpec spec = SqlSpec("CREATE VIEW clean AS SELECT random() AS x FROM raw");
  PartOf(spec).outputs.push_back({"clean", false, "gs://out-bucket/{stem}.parquet"});
  StartSql(spec);
  RunFor("x.csv", "a\n1\n");
  const std::string csv = Object("x.csv");
  EXPECT_EQ(Query("SELECT x FROM read_parquet('in/f')", "x.parquet"), csv.substr(2));
}

TEST_F(SqlRunTest, SkipsAnObjectThatWasReplaced) {
  FunctionSpec spec = SqlSpec();
  spec.writes = WritesOf(PartOf(spec));
  ASSERT_TRUE(functions_->Configure({spec}).ok());
  PutFile("x.csv", "a\n1\n");
  PutFile("x.csv", "a\n2\n");
  StartSql(spec);
  WaitUntil([&] { return Pending() == 0; });
  const auto runs = Runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].status, sched::RunStatus::kSucceeded);
  EXPECT_THAT(runs[1].report["superseded"].get<std::string>(), HasSubstr("was replaced by"));
  EXPECT_TRUE(runs[1].outputs.empty());
  EXPECT_EQ(Object("x.csv"), "a\n2\n");
}

TEST_F(SqlRunTest, SaysWhenAnObjectIsGone) {
  FunctionSpec spec = SqlSpec();
  spec.writes = WritesOf(PartOf(spec));
  ASSERT_TRUE(functions_->Configure({spec}).ok());
  PutFile("x.csv", "a\n1\n");
  ASSERT_TRUE(store_->Delete({"in-bucket", "x.csv", {}}).ok());
  StartSql(spec);
  WaitUntil([&] { return Dead() == 1; });
  EXPECT_THAT(Runs()[0].error, HasSubstr("was deleted before the function ran"));
}

TEST_F(SqlRunTest, TakesNoLongerThanItsTimeout) {
  FunctionSpec spec = SqlSpec(
      "CREATE TABLE clean AS SELECT count(*) AS n FROM range(10000000000) "
      "a(i) WHERE (i * 7919) % 13 = 5");
  spec.timeout = std::chrono::milliseconds(1500);
  StartSql(spec);
  const sched::RunRecord run = RunFor("x.csv", "a\n1\n");
  EXPECT_EQ(run.error_kind, ErrorKind::kTimeout);
  EXPECT_THAT(run.error, HasSubstr("the function's 'timeout'"));
}

TEST_F(SqlRunTest, StopsWithTheServer) {
  StartSql(
      SqlSpec("CREATE TABLE clean AS SELECT count(*) AS n FROM range(10000000000) a(i) WHERE "
              "(i * 7919) % 13 = 5"));
  PutFile("x.csv", "a\n1\n");
  WaitUntil([&] { return !Runs().empty() && Contains(Log(Runs()[0]), "rows, read in"); });
  const auto start = std::chrono::steady_clock::now();
  functions_->Stop(std::chrono::milliseconds(10));
  functions_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_EQ(Runs()[0].status, sched::RunStatus::kInterrupted);
  EXPECT_EQ(Pending(), 1u);
}

TEST_F(SqlRunTest, EndsAtItsMemory) {
  FunctionSpec spec =
      SqlSpec("CREATE TABLE clean AS SELECT list(i) AS l FROM range(100000000) t(i)");
  spec.memory_bytes = 64u << 20;
  PartOf(spec).temp_bytes_max = 16u << 20;
  StartSql(spec);
  const sched::RunRecord run = RunFor("x.csv", "a\n1\n");
  EXPECT_EQ(run.error_kind, ErrorKind::kLimit);
  EXPECT_THAT(run.error, HasSubstr("raise `"));
  EXPECT_EQ(Objects(), 0u);
}

TEST_F(SqlRunTest, LeavesNothingBehind) {
  FunctionSpec spec = SqlSpec();
  StartSql(spec);
  RunFor("x.csv", "a\r\r\n1\r\r\n");
  RunFor("y.csv.gz", "no gzip");
  RunFor("z.csv", "a,b\n1\n");
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_TRUE(os::ListDir(folder_ + "/work").value().empty());
  EXPECT_TRUE(os::ListDir(engine_.options().folder + "/taken").value().empty());
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(SqlRunTest, PublishesOnceWhenItFailsInBetween) {
  ASSERT_TRUE(ArmFailpoints("functions.sql.publish=error").ok());
  StartSql(SqlSpec());
  PutFile("x.csv", "a\n1\n");
  WaitUntil([&] { return Runs().size() >= 2; });
  EXPECT_EQ(Objects(), 0u);
  DisarmFailpoints();
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Object("x.csv"), "a\n1\n");
  const sched::RunRecord run = Runs()[0];
  EXPECT_EQ(run.outputs[0].generation, store_->Stat({"out-bucket", "x.csv", {}})->generation);
}
#endif

}  // namespace
}  // namespace caudal::functions
