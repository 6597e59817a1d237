#include "capture/postgres/check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "capture/postgres/test_database.h"

namespace caudal::capture::postgres {
namespace {

constexpr int kKeepSizeSince = 130000;  // max_slot_wal_keep_size

class CheckTest : public DatabaseTest {
 protected:
  void TearDown() override {
    for (const std::string& role : roles_)
      (void)connection_->Query("DROP OWNED BY " + role + "; DROP ROLE " + role).ok();
    DatabaseTest::TearDown();
  }
  // A role that may log in, and what is said besides.
  std::string Role(const std::string& attributes = "") {
    const std::string role = "r_" + SystemRandom().Hex(5);
    Run("CREATE ROLE " + role + " LOGIN " + attributes);
    roles_.push_back(role);
    return role;
  }
  SourceReport Check(const SourceOptions& options) {
    Result<SourceReport> report = CheckSource(options);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? std::move(report).take() : SourceReport();
  }
  static std::vector<std::string> CodesOf(const SourceReport& report, Severity severity) {
    std::vector<std::string> codes;
    for (const Finding& finding : report.findings)
      if (finding.severity == severity) codes.push_back(finding.code);
    std::ranges::sort(codes);
    return codes;
  }
  static std::vector<std::string> Errors(const SourceReport& report) {
    return CodesOf(report, Severity::kError);
  }
  static Finding Find(const SourceReport& report, std::string_view code) {
    const auto found = std::ranges::find(report.findings, code, &Finding::code);
    EXPECT_NE(found, report.findings.end()) << "no finding " << code;
    return found == report.findings.end() ? Finding() : *found;
  }
  // Runs what every error's remedy says, as the superuser, until nothing new is said.
  void Mend(const SourceOptions& options) {
    for (int round = 0; round < 4; ++round) {
      const SourceReport report = Check(options);
      for (const Finding& finding : report.findings) {
        if (finding.severity != Severity::kError) continue;
        EXPECT_FALSE(finding.sql.empty()) << finding.what;
        for (const std::string& sql : finding.sql) Run(sql);
      }
      if (report.fine()) return;
    }
    ADD_FAILURE() << Check(options).findings.front().what;
  }
  using Codes = std::vector<std::string>;

  std::vector<std::string> roles_;
};

TEST_F(CheckTest, ASourceThatIsReadyHasNoErrors) {
  Run("CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY)");
  const SourceReport report = Check(Source({"public.*"}));
  EXPECT_TRUE(report.fine()) << report.findings.front().what;
  EXPECT_GE(report.server_version, 120000);
  EXPECT_FALSE(report.identity.system_id.empty());
  EXPECT_EQ(report.catalog.tables.size(), 2u);
  EXPECT_EQ(CodesOf(report, Severity::kNote), report.server_version >= kKeepSizeSince
                                                  ? (Codes{"max_slot_wal_keep_size", "publication"})
                                                  : Codes{"publication"});
  EXPECT_TRUE(CodesOf(report, Severity::kWarning).empty());
  // Nothing was made.
  EXPECT_EQ(One("SELECT count(*) FROM pg_publication"), "0");
}

TEST_F(CheckTest, EveryRemedyIsSqlThatHelps) {
  const std::string role = Role();
  Run(R"(CREATE SCHEMA "Odd ""S"; REVOKE ALL ON SCHEMA public FROM public;
         CREATE TABLE "Odd ""S"."T 1" (id int PRIMARY KEY);
         CREATE TABLE keyless (i int);
         CREATE TABLE deferred (i int PRIMARY KEY DEFERRABLE);
         CREATE TABLE none (i int PRIMARY KEY); ALTER TABLE none REPLICA IDENTITY NOTHING;
         CREATE TABLE hidden (i int PRIMARY KEY); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
         CREATE UNLOGGED TABLE unlogged (i int PRIMARY KEY);)");
  SourceOptions options =
      Source({"public.*", "keyless", "deferred", "none", "unlogged", R"("Odd ""S".*)"});
  options.connection = server_.Local(database_, role);
  const SourceReport report = Check(options);
  const Codes errors = Errors(report);
  for (const char* code : {"role", "schema_privilege", "table_privilege", "replica_identity",
                           "row_security", "relation_kind", "publication"})
    EXPECT_NE(std::ranges::find(errors, code), errors.end()) << code;
  EXPECT_EQ(std::ranges::count(errors, "replica_identity"), 3);
  EXPECT_EQ(std::ranges::count(errors, "schema_privilege"), 2);
  for (const Finding& finding : report.findings) {
    EXPECT_FALSE(finding.what.empty() || finding.cause.empty() || finding.remedy.empty());
    EXPECT_NE(finding.what.back(), '.');
  }
  EXPECT_TRUE(std::ranges::is_sorted(report.findings, {}, &Finding::severity)) << "worst first";
  Mend(options);
}

TEST_F(CheckTest, ATableThatCantBePublishedIsLeftOutUnlessItIsNamed) {
  Run("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE keyless (i int)");
  EXPECT_EQ(CodesOf(Check(Source({"public.*"})), Severity::kWarning), (Codes{"replica_identity"}));
  EXPECT_EQ(Errors(Check(Source({"public.*", "keyless"}))), (Codes{"replica_identity"}));
  SourceCatalog catalog = Check(Source({"public.*"})).catalog;
  const auto left_out = PublishNewTables(*connection_, Source({"public.*"}), catalog).value();
  EXPECT_EQ(left_out, (Codes{R"("public"."keyless")"}));
  EXPECT_EQ(catalog.tables.size(), 1u);
}

TEST_F(CheckTest, SomeColumnsAreEnoughWhenTheOthersAreLeftOut) {
  const std::string role = Role("REPLICATION");
  Run("CREATE TABLE a (id int PRIMARY KEY, secret text); GRANT USAGE ON SCHEMA public TO " + role +
      "; GRANT SELECT (id) ON a TO " + role + "; CREATE PUBLICATION " + slot_ + " FOR TABLE a");
  SourceOptions options = Source({"a"});
  options.connection = server_.Local(database_, role);
  EXPECT_EQ(Errors(Check(options)), (Codes{"table_privilege"}));
  options.columns_exclude.push_back(ColumnPattern::Parse("a.secret").value());
  EXPECT_EQ(Errors(Check(options)), Codes{});
}

TEST_F(CheckTest, APublicationIsLookedThrough) {
  if (connection_->server_version() < 150000) GTEST_SKIP() << "it has no lists and filters";
  Run("CREATE TABLE a (id int PRIMARY KEY, v int); CREATE TABLE b (id int PRIMARY KEY);"
      "CREATE TABLE r (i int PRIMARY KEY) PARTITION BY RANGE (i);"
      "CREATE TABLE r_1 PARTITION OF r FOR VALUES FROM (0) TO (10);"
      "CREATE PUBLICATION " +
      slot_ + " FOR TABLE a (id) WHERE (id > 3), r WITH (publish = 'insert, truncate')");
  const SourceOptions options = Source({"public.*"});
  const SourceReport report = Check(options);
  EXPECT_EQ(Errors(report), (Codes{"publication_columns", "publication_filter",
                                   "publication_operations", "publish_via_partition_root"}));
  EXPECT_EQ(CodesOf(report, Severity::kWarning), (Codes{"publication_table"}));
  const Codes named = Errors(Check(Source({"public.*", "b"})));
  EXPECT_NE(std::ranges::find(named, "publication_table"), named.end());
  EXPECT_EQ(Find(report, "publication_operations")
                .what.substr(Find(report, "publication_operations").what.find("publish ")),
            "publish update, delete");
  Run(Find(report, "publish_via_partition_root").sql.front());
  for (const std::string& sql : Find(report, "publication_columns").sql) Run(sql);
  Run(Find(report, "publication_operations").sql.front());
  Run(Find(report, "publication_table").sql.front());
  const SourceReport after = Check(options);
  EXPECT_TRUE(after.fine()) << after.findings.front().what;
  EXPECT_TRUE(CodesOf(after, Severity::kWarning).empty());
}

TEST_F(CheckTest, ASlotOfTheWrongKindIsAnError) {
  Run("CREATE TABLE a (id int PRIMARY KEY)");
  const auto what = [&] { return Find(Check(Source({"a"})), "slot").what; };
  Run("SELECT pg_create_physical_replication_slot('" + slot_ + "')");
  EXPECT_NE(what().find("physical"), std::string::npos);
  Run(Find(Check(Source({"a"})), "slot").sql.front());
  Run("SELECT pg_create_logical_replication_slot('" + slot_ + "', 'test_decoding')");
  EXPECT_NE(what().find("test_decoding"), std::string::npos);
  Run(Find(Check(Source({"a"})), "slot").sql.front());
  ASSERT_TRUE(
      admin_->Query("SELECT pg_create_logical_replication_slot('" + slot_ + "', 'pgoutput')").ok());
  EXPECT_NE(what().find("belongs to the database postgres"), std::string::npos);
  ASSERT_TRUE(admin_->Query(DropSlotSql(slot_)).ok());
  Run("SELECT pg_create_logical_replication_slot('" + slot_ + "', 'pgoutput')");
  EXPECT_TRUE(Check(Source({"a"})).fine());
}

TEST_F(CheckTest, PatternsThatNameNothingAreFound) {
  Run("CREATE TABLE a (id int PRIMARY KEY, v text); CREATE VIEW v AS SELECT 1 AS i");
  EXPECT_EQ(Errors(Check(Source({"a", "missing"}))), (Codes{"no_such_table"}));
  EXPECT_EQ(Errors(Check(Source({"nowhere.*"}))), (Codes{"no_such_table"}));
  EXPECT_EQ(CodesOf(Check(Source({"a", "nowhere.*"})), Severity::kWarning),
            (Codes{"no_such_table"}));
  EXPECT_EQ(Errors(Check(Source({"a", "v"}))), (Codes{"relation_kind"}));
  EXPECT_TRUE(Check(Source({"public.*"})).fine()) << "a view isn't meant by it";

  SourceOptions options = Source({"a"});
  options.columns_exclude.push_back(ColumnPattern::Parse("a.id").value());
  options.masks.push_back({ColumnPattern::Parse("a.nope").value(), Mask::kHash, 0});
  options.masks.push_back({ColumnPattern::Parse("a.id").value(), Mask::kNull, 0});
  EXPECT_EQ(Errors(Check(options)), (Codes{"key_column", "key_column"}));
  EXPECT_EQ(CodesOf(Check(options), Severity::kWarning), (Codes{"no_such_column"}));
}

TEST_F(CheckTest, NamesThatCollideAreErrors) {
  Run(R"(CREATE SCHEMA s; CREATE TABLE s.t (i int PRIMARY KEY); CREATE TABLE s_t (i int PRIMARY KEY);
         CREATE TABLE x (i int PRIMARY KEY); CREATE TABLE "X" (i int PRIMARY KEY);
         CREATE TABLE y (i int PRIMARY KEY); CREATE TABLE y__changes (i int PRIMARY KEY);)");
  EXPECT_EQ(Errors(Check(Source({"*.*"}))),
            (Codes{"name_collision", "name_collision", "name_collision"}));
}

TEST_F(CheckTest, AServerThatRefusesIsAFinding) {
  SourceOptions options = Source({"a"});
  options.connection = server_.Remote("nobody_at_all", "wrong-secret", database_);
  const SourceReport report = Check(options);
  EXPECT_EQ(Errors(report), (Codes{"connection"}));
  EXPECT_EQ(report.findings[0].what.find("wrong-secret"), std::string::npos);
  options.connection.port = 1;
  EXPECT_EQ(Errors(Check(options)), (Codes{"connection"}));
}

// Settings that need a server of their own.
TEST(CheckServers, SettingsThatStandInTheWayAreNamed) {
  std::vector<std::string> settings = {"wal_level=replica", "max_replication_slots=0",
                                       "max_wal_senders=0",
                                       "synchronous_standby_names=FIRST 1 (other, \"Caudal\")"};
  const bool may_limit = Connection::Connect(TestServer::Shared().Local(), Purpose::kNormal)
                             .value()
                             ->server_version() >= kKeepSizeSince;
  if (may_limit) settings.emplace_back("max_slot_wal_keep_size=1GB");
  const auto server = TestServer::Start(settings).value();
  SourceOptions options;
  options.name = "shop";
  options.connection = server->Local();
  options.connection.application_name = "caudal";
  options.slot = options.publication = "caudal_shop";
  options.tables.push_back(TablePattern::Parse("*.*").value());
  const auto codes = [&] {
    std::vector<std::string> found;
    const Result<SourceReport> report = CheckSource(options);
    EXPECT_TRUE(report.ok()) << report.error().message;
    if (report.ok())
      for (const Finding& finding : report->findings) found.push_back(finding.code);
    return found;
  };
  EXPECT_EQ(codes(), (std::vector<std::string>{"wal_level", "replication_slots", "wal_senders",
                                               "synchronous_standby_names", "no_such_table"}));
  ASSERT_TRUE(server->Restart({"synchronous_standby_names=*"}).ok());
  options.connection = server->Local();
  std::vector<std::string> wanted = {"synchronous_standby_names", "no_such_table"};
  if (may_limit) wanted.emplace_back("max_slot_wal_keep_size");
  EXPECT_EQ(codes(), wanted);
  ASSERT_TRUE(server->Restart({"synchronous_standby_names=caudal2, mycaudal"}).ok());
  options.connection = server->Local();
  wanted.erase(wanted.begin());
  EXPECT_EQ(codes(), wanted);
}

}  // namespace
}  // namespace caudal::capture::postgres
