#include "capture/postgres/check.h"

#include <algorithm>

#include "capture/postgres/sql_state.h"

namespace caudal::capture::postgres {
namespace {

std::string ConnectRemedy(const Error& error) {
  const std::string_view state = SqlStateOf(error);
  if (state == "28P01" || error.code == "postgres.password")
    return "give the role's password in password_file or password";
  if (state == "28000")
    return "let the role in: a line of pg_hba.conf such as `host <database> <user> <address> "
           "scram-sha-256`, then SELECT pg_reload_conf();";
  if (state == "3D000") return "correct database";
  if (error.code == "postgres.tls") return "correct sslmode, sslrootcert, sslcert and sslkey";
  if (error.Is(ErrorKind::kUnsupported)) return "upgrade the source to PostgreSQL 12 or later";
  if (error.Is(ErrorKind::kTimeout) || error.Is(ErrorKind::kUnavailable))
    return "start the server, and let this machine reach it (host, port, firewall, "
           "listen_addresses)";
  return std::string(RetryRuleOf(error.kind).advice);
}

Finding ConnectFinding(const Error& error, const char* code, const char* cause) {
  Finding finding;
  finding.code = code;
  finding.what = error.message;
  finding.cause = cause;
  finding.remedy = ConnectRemedy(error);
  return finding;
}

bool Has(const Findings& findings, std::string_view code) {
  return std::ranges::any_of(findings, [&](const Finding& f) { return f.code == code; });
}

Result<void> Look(Connection& connection, const SourceOptions& options, SourceReport& report) {
  const Rows database = TRY(connection.Query("SELECT current_database()"));
  const std::optional<SlotState> slot = TRY(ReadSlot(connection, options.slot));
  TRY(CheckServer(connection, options, slot.has_value(), report.findings));
  report.catalog = TRY(ReadCatalog(connection, options));
  CheckPatterns(options, report.catalog, report.findings);
  TRY(CheckTables(connection, options, report.catalog, report.findings));
  TRY(CheckPublication(connection, options, report.catalog, report.findings));
  CheckSlot(options, std::string(database.Text(0, 0)), slot, report.findings);
  // What is known to fail needn't be tried.
  for (const char* known : {"role", "wal_senders"})
    if (Has(report.findings, known)) return {};
  const auto replication = Connection::Connect(options.connection, Purpose::kReplication);
  if (!replication.ok()) {
    report.findings.push_back(ConnectFinding(replication.error(), "replication_connection",
                                             "changes come over a replication connection"));
    return {};
  }
  report.identity = TRY(IdentifySystem(**replication));
  return {};
}

}  // namespace

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "";
}

bool SourceReport::fine() const {
  return std::ranges::none_of(findings,
                              [](const Finding& f) { return f.severity == Severity::kError; });
}

Result<SourceReport> CheckSource(const SourceOptions& options) {
  TRY(CheckOptions(options));
  SourceReport report;
  report.place = PlaceOf(options.connection);
  const auto connection = Connection::Connect(options.connection, Purpose::kNormal);
  if (!connection.ok()) {
    report.findings.push_back(
        ConnectFinding(connection.error(), "connection", "nothing else can be looked at"));
    return report;
  }
  report.server_version = (*connection)->server_version();
  TRY(Look(**connection, options, report));
  std::ranges::stable_sort(report.findings, {}, &Finding::severity);
  return report;
}

}  // namespace caudal::capture::postgres
