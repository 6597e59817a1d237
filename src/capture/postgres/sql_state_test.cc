#include "capture/postgres/sql_state.h"

#include <gtest/gtest.h>

namespace caudal::capture::postgres {
namespace {

bool Retried(std::string_view state) { return RetryRuleOf(KindOfSqlState(state)).retry; }

TEST(SqlState, SaysWhetherARetryHelps) {
  for (const char* passing : {"", "08006", "40P01", "53300", "53100", "55006", "57P01", "57P03"})
    EXPECT_TRUE(Retried(passing)) << passing;
  for (const char* lasting : {"28P01", "28000", "3D000", "42501", "42P01", "42601", "42704",
                              "55000", "58P01", "0A000", "22P02", "57014", "ZZZZZ"})
    EXPECT_FALSE(Retried(lasting)) << lasting;
  EXPECT_EQ(KindOfSqlState("28P01"), ErrorKind::kUnauthenticated);
  EXPECT_EQ(KindOfSqlState("42501"), ErrorKind::kDenied);
  EXPECT_EQ(KindOfSqlState("42601"), ErrorKind::kInvalid);
}

TEST(SqlState, IsFoundInAnErrorsCode) {
  EXPECT_EQ(SqlStateOf(MakeError(ErrorKind::kDenied, "", CodeOfSqlState("42501"))), "42501");
  EXPECT_EQ(SqlStateOf(MakeError(ErrorKind::kUnavailable, "", CodeOfSqlState(""))), "");
  EXPECT_EQ(SqlStateOf(MakeError(ErrorKind::kInvalid, "", "postgres.pattern")), "");
}

TEST(ConnectFailure, HasTheStateOfTheLastAnswer) {
  const ConnectFailure refused = ParseConnectFailure(
      "connection to server at \"::1\", port 5 failed: Connection refused\n"
      "\tIs the server running on that host and accepting TCP/IP connections?\n"
      "connection to server at \"127.0.0.1\", port 5 failed: FATAL:  28P01: password "
      "authentication "
      "failed for user \"a: b\"\nLOCATION:  auth_failed, auth.c:326\n");
  EXPECT_EQ(refused.state, "28P01");
  EXPECT_EQ(refused.text,
            "connection to server at \"::1\", port 5 failed: Connection refused; Is the server "
            "running on that host and accepting TCP/IP connections?; connection to server at "
            "\"127.0.0.1\", port 5 failed: FATAL:  password authentication failed for user \"a: "
            "b\"");
  EXPECT_EQ(ParseConnectFailure("x: FEHLER:  57P03: das Datenbanksystem startet\n").state, "57P03");
  EXPECT_EQ(ParseConnectFailure("could not translate host name \"x:  y\"").state, "");
  EXPECT_EQ(ParseConnectFailure("").text, "");
}

}  // namespace
}  // namespace caudal::capture::postgres
