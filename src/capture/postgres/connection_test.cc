#include "capture/postgres/connection.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "capture/postgres/test_server.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

std::unique_ptr<Connection> ConnectOr(const ConnectionOptions& options,
                                      Purpose purpose = Purpose::kNormal) {
  auto connection = Connection::Connect(options, purpose);
  EXPECT_TRUE(connection.ok()) << connection.error().message;
  return connection.ok() ? std::move(connection).take() : nullptr;
}

Error FailureOf(const ConnectionOptions& options, Purpose purpose = Purpose::kNormal) {
  const auto connection = Connection::Connect(options, purpose);
  EXPECT_FALSE(connection.ok());
  return connection.ok() ? Error{} : connection.error();
}

std::string One(Connection& connection, const std::string& sql) {
  const auto rows = connection.Query(sql);
  EXPECT_TRUE(rows.ok()) << rows.error().message;
  return rows.ok() && rows->size() == 1 ? std::string(rows->Text(0, 0)) : "?";
}

class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    admin_ = ConnectOr(server_.Local());
    ASSERT_TRUE(admin_);
  }
  void Run(const std::string& sql) {
    const auto done = admin_->Query(sql);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  // A role of this test's own, which may log in with the password.
  std::string Role(const std::string& password, const std::string& attributes = "") {
    const std::string name = "r_" + SystemRandom().Hex(4);
    Run("CREATE ROLE " + name + " LOGIN PASSWORD " + QuoteText(password) + " " + attributes);
    return name;
  }

  TestServer& server_ = TestServer::Shared();
  std::unique_ptr<Connection> admin_;
};

TEST_F(ConnectionTest, SessionsAreTheSameWhateverARoleSays) {
  const std::string role = Role("pw", "REPLICATION");
  for (const char* setting :
       {"DateStyle = 'SQL, DMY'", "IntervalStyle = postgres_verbose", "TimeZone = 'Asia/Kolkata'",
        "bytea_output = escape", "extra_float_digits = 0", "statement_timeout = '1ms'",
        "lock_timeout = '1ms'", "search_path = nowhere", "client_encoding = LATIN1",
        "row_security = on", "idle_in_transaction_session_timeout = '1ms'",
        "standard_conforming_strings = off"})
    Run("ALTER ROLE " + role + " SET " + setting);
  if (admin_->server_version() >= 140000)
    Run("ALTER ROLE " + role + " SET idle_session_timeout = '3s'");
  for (const Purpose purpose : {Purpose::kNormal, Purpose::kReplication}) {
    const auto connection = ConnectOr(server_.Remote(role, "pw"), purpose);
    ASSERT_TRUE(connection);
    EXPECT_EQ(One(*connection, "SELECT pg_sleep(0.05), 1"), "") << "no statement timeout";
    EXPECT_EQ(One(*connection, "SELECT timestamptz '2024-02-01 10:00:00.5+05:30'"),
              "2024-02-01 04:30:00.5+00");
    EXPECT_EQ(One(*connection, "SELECT interval '1 year -2 mons 3 days -04:05:06.789'"),
              "10 mons 3 days -04:05:06.789");
    EXPECT_EQ(One(*connection, "SELECT '\\x00ff'::bytea"), "\\x00ff");
    EXPECT_EQ(One(*connection, "SELECT 0.1::float4 + 0.2::float4"), "0.3");
    EXPECT_EQ(One(*connection, "SELECT 0.1::float8 + 0.2::float8"), "0.30000000000000004");
    EXPECT_EQ(One(*connection, "SELECT 'é€'"), "é€");
    EXPECT_EQ(One(*connection, "SELECT current_setting('row_security')"), "off");
    EXPECT_EQ(One(*connection, "SELECT current_setting('search_path')"), "pg_catalog");
    EXPECT_EQ(One(*connection, "SELECT current_setting('application_name')"), "caudal");
  }
}

TEST_F(ConnectionTest, AWrongPasswordIsPermanentAndNeverShown) {
  const std::string role = Role("right password");
  EXPECT_TRUE(ConnectOr(server_.Remote(role, "right password")));
  for (const Purpose purpose : {Purpose::kNormal, Purpose::kReplication}) {
    const Error error = FailureOf(server_.Remote(role, "wr0ng-secret"), purpose);
    EXPECT_EQ(error.code, "postgres.28P01");
    EXPECT_FALSE(RetryRuleOf(error.kind).retry);
    EXPECT_NE(error.message.find("password authentication failed"), std::string::npos);
    EXPECT_EQ(error.message.find("wr0ng-secret"), std::string::npos) << error.message;
  }
  const Error none = FailureOf(server_.Remote(role, ""));
  EXPECT_EQ(none.code, "postgres.password");
  EXPECT_FALSE(RetryRuleOf(none.kind).retry);
}

TEST_F(ConnectionTest, ADsnIsTakenAndNeverShown) {
  const std::string role = Role("dsn-secret");
  ConnectionOptions options;
  const std::string place = "@127.0.0.1:" + std::to_string(server_.port()) + "/postgres";
  options.dsn = "postgresql://" + role + ":dsn-secret" + place;
  EXPECT_TRUE(ConnectOr(options));
  options.dsn = "postgresql://" + role + ":other-secret" + place;
  EXPECT_EQ(FailureOf(options).code, "postgres.28P01");
  options.password = "dsn-secret";
  EXPECT_TRUE(ConnectOr(options)) << "what is given beside the dsn counts more";
  for (const char* wrong : {"password='other-secret", "other-secret",
                            "postgresql://u:other-secret@[::1/x", "host=x other-secret=1"}) {
    options.dsn = wrong;
    const Error error = FailureOf(options);
    EXPECT_TRUE(error.Is(ErrorKind::kInvalid)) << error.message;
    EXPECT_EQ(error.message.find("other-secret"), std::string::npos) << error.message;
  }
}

TEST_F(ConnectionTest, TlsIsVerifiedWhereAsked) {
  const std::string role = Role("pw");
  ConnectionOptions options = server_.Remote(role, "pw");
  options.tls = TlsMode::kVerifyFull;
  options.tls_root = server_.certificate();
  const auto connection = ConnectOr(options);
  ASSERT_TRUE(connection);
  EXPECT_TRUE(connection->tls());
  // Another authority: /etc/ssl's.
  options.tls_root = "/etc/ssl/certs/ca-certificates.crt";
  const Error untrusted = FailureOf(options);
  EXPECT_EQ(untrusted.code, "postgres.tls") << untrusted.message;
  EXPECT_FALSE(RetryRuleOf(untrusted.kind).retry);

  Run("DO $$ BEGIN CREATE ROLE tls_only LOGIN PASSWORD 'pw'; EXCEPTION WHEN duplicate_object THEN "
      "END $$");
  options = server_.Remote("tls_only", "pw");
  options.tls = TlsMode::kRequire;
  EXPECT_TRUE(ConnectOr(options));
  options.tls = TlsMode::kDisable;
  EXPECT_EQ(FailureOf(options).code, "postgres.28000");
}

TEST_F(ConnectionTest, WhatIsMissingIsNamed) {
  ConnectionOptions options = server_.Local("no_such_database");
  EXPECT_EQ(FailureOf(options).code, "postgres.3D000");
  EXPECT_TRUE(FailureOf(options).Is(ErrorKind::kNotFound));
  EXPECT_EQ(FailureOf(server_.Local("postgres", "no_such_role")).code, "postgres.28000");
  options = server_.Remote("postgres", "");
  options.port = 1;
  const Error refused = FailureOf(options);
  EXPECT_TRUE(refused.Is(ErrorKind::kUnavailable)) << refused.message;
  EXPECT_NE(refused.message.find("127.0.0.1:1/postgres"), std::string::npos) << refused.message;
}

TEST_F(ConnectionTest, ConnectingTakesNoLongerThanAllowed) {
  // A server that takes connections and says nothing: a stopped one.
  const auto silent = TestServer::Start().value();
  ASSERT_TRUE(silent->Pause().ok());
  for (ConnectionOptions options : {silent->Local(), silent->Remote("postgres", "")}) {
    options.connect_timeout = milliseconds(200);
    const auto before = steady_clock::now();
    EXPECT_EQ(FailureOf(options).code, "postgres.connect_timeout");
    EXPECT_LT(steady_clock::now() - before, seconds(5));
  }
}

TEST_F(ConnectionTest, StatementsGiveRowsOrErrorsByState) {
  const std::vector<std::string> parameters = {"it's", "2"};
  const auto rows = admin_->QueryWith(
      "SELECT $1::text AS a, NULL::int AS b, $2::int + i FROM generate_series(1, 3) i", parameters);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(rows->size(), 3);
  EXPECT_EQ(rows->columns(), 3);
  EXPECT_EQ(rows->ColumnName(0), "a");
  EXPECT_EQ(rows->Text(2, 0), "it's");
  EXPECT_TRUE(rows->IsNull(0, 1));
  EXPECT_EQ(rows->Int(2, 2), 5);

  const auto code = [&](const std::string& sql) { return admin_->Query(sql).error().code; };
  EXPECT_EQ(code("SELECT * FROM public.nothing"), "postgres.42P01");
  EXPECT_EQ(code("SELEC"), "postgres.42601");
  EXPECT_EQ(code("SELECT 1; SELECT 1/0; SELECT 2"), "postgres.22012");
  EXPECT_EQ(One(*admin_, "SELECT 1"), "1") << "an error leaves the connection usable";
  EXPECT_EQ(One(*admin_, "SELECT 1; SELECT 2"), "2") << "the rows of the last";
}

TEST_F(ConnectionTest, AStatementThatTakesTooLongIsCancelled) {
  const auto late = admin_->Query("SELECT pg_sleep(600)", steady_clock::now() + milliseconds(50));
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(late.error().Is(ErrorKind::kTimeout));
  EXPECT_EQ(One(*admin_, "SELECT 1"), "1") << "the connection is usable again";
}

TEST_F(ConnectionTest, AnotherThreadCancels) {
  const Canceller canceller = admin_->MakeCanceller().value();
  const auto watcher = ConnectOr(server_.Local());
  auto result = std::async(std::launch::async,
                           [&] { return admin_->Query("SELECT pg_sleep(600)").error().kind; });
  const std::string running =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
      "AND pid = " +
      std::to_string(admin_->server_pid());
  while (One(*watcher, running) != "1") std::this_thread::yield();
  EXPECT_TRUE(canceller.Cancel().ok());
  EXPECT_EQ(result.get(), ErrorKind::kCancelled);
  admin_.reset();
  (void)canceller.Cancel().ok();  // harmless
}

TEST_F(ConnectionTest, ACopyIsReadMessageByMessage) {
  ASSERT_TRUE(admin_
                  ->StartCopy("COPY (SELECT i, repeat('x', i % 100) FROM generate_series(1, "
                              "20000) i) TO STDOUT")
                  .ok());
  CopyData data;
  int rows = 0;
  while (true) {
    const auto received = admin_->Receive(data, steady_clock::now() + seconds(240));
    ASSERT_TRUE(received.ok()) << received.error().message;
    if (*received == Received::kEnd) break;
    ASSERT_EQ(*received, Received::kData);
    ++rows;
    ASSERT_EQ(data.bytes(), std::to_string(rows) + "\t" + std::string(rows % 100, 'x') + "\n");
  }
  EXPECT_EQ(rows, 20000);
  EXPECT_EQ(One(*admin_, "SELECT 1"), "1");

  EXPECT_EQ(admin_->StartCopy("COPY public.nothing TO STDOUT").error().code, "postgres.42P01");
  EXPECT_TRUE(admin_->StartCopy("SELECT 1").error().Is(ErrorKind::kInternal));
  EXPECT_EQ(One(*admin_, "SELECT 1"), "1");

  // An error in the middle is an error, not an end.
  ASSERT_TRUE(
      admin_->StartCopy("COPY (SELECT 1 / (i - 5000) FROM generate_series(1, 9000) i) TO STDOUT")
          .ok());
  std::optional<Error> failed;
  while (!failed) {
    const auto received = admin_->Receive(data, steady_clock::now() + seconds(240));
    if (!received.ok())
      failed = received.error();
    else
      ASSERT_EQ(*received, Received::kData);
  }
  EXPECT_EQ(failed->code, "postgres.22012");
  EXPECT_EQ(One(*admin_, "SELECT 1"), "1");
}

TEST_F(ConnectionTest, AReplicationStreamIsReadAndAnswered) {
  const std::string slot = "s_" + SystemRandom().Hex(4);
  const auto stream = ConnectOr(server_.Local(), Purpose::kReplication);
  ASSERT_TRUE(
      stream->Query("CREATE_REPLICATION_SLOT " + slot + " TEMPORARY LOGICAL pgoutput").ok());
  Run("CREATE PUBLICATION p_" + slot + " FOR ALL TABLES");
  ASSERT_TRUE(stream
                  ->StartCopy("START_REPLICATION SLOT " + slot +
                              " LOGICAL 0/0 (proto_version '1', publication_names 'p_" + slot +
                              "')")
                  .ok());
  Run("CREATE TABLE public.t_" + slot + " (i int)");
  Run("INSERT INTO public.t_" + slot + " VALUES (7)");
  CopyData data;
  std::string kinds;
  // Before version 15 also transactions without changes come.
  while (!kinds.ends_with("RIC")) {
    const auto received = stream->Receive(data, steady_clock::now() + seconds(240));
    ASSERT_TRUE(received.ok()) << received.error().message;
    ASSERT_EQ(*received, Received::kData);
    if (data.bytes()[0] == 'w') kinds += data.bytes()[25];
  }
  // A standby status update that asks for an answer: a keepalive comes.
  ASSERT_TRUE(stream->Send("r" + std::string(32, '\0') + "\1").ok());
  while (true) {
    const auto received = stream->Receive(data, steady_clock::now() + seconds(240));
    ASSERT_TRUE(received.ok() && *received == Received::kData);
    if (data.bytes()[0] == 'k') break;
  }
  ASSERT_TRUE(stream->EndCopy().ok());
  while (true) {
    const auto received = stream->Receive(data, steady_clock::now() + seconds(240));
    ASSERT_TRUE(received.ok()) << received.error().message;
    if (*received == Received::kEnd) break;
  }
  EXPECT_EQ(One(*stream, "SELECT 1"), "1");
  Run("DROP PUBLICATION p_" + slot);
}

TEST_F(ConnectionTest, ALostConnectionIsAPassingError) {
  const auto victim = ConnectOr(server_.Local());
  EndSessions(*admin_, "pid = " + std::to_string(victim->server_pid()));
  const auto lost = victim->Query("SELECT 1");
  ASSERT_FALSE(lost.ok());
  EXPECT_TRUE(RetryRuleOf(lost.error().kind).retry) << lost.error().message;
  const auto again = victim->Query("SELECT 1");
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(RetryRuleOf(again.error().kind).retry) << again.error().message;
}

}  // namespace
}  // namespace caudal::capture::postgres
