// Settings of the server, and what the role may do.
#include <algorithm>
#include <cctype>

#include "capture/postgres/check.h"

namespace caudal::capture::postgres {
namespace {

struct Facts {
  std::string wal_level;
  int64_t slots_max = 0;
  int64_t slots_used = 0;
  int64_t senders_max = 0;
  int64_t senders_used = 0;
  std::string standby_names;
  std::string encoding;
  std::string slot_keep;  // empty before PostgreSQL 13
  bool recovery = false;
  bool replication = false;  // the role may replicate
  std::string role;
  bool rds = false;
};

constexpr const char* kFactsSql =
    "SELECT current_setting('wal_level'), current_setting('max_replication_slots'), (SELECT "
    "count(*) FROM pg_catalog.pg_replication_slots), current_setting('max_wal_senders'), (SELECT "
    "count(*) FROM pg_catalog.pg_stat_replication), current_setting('synchronous_standby_names'), "
    "current_setting('server_encoding'), current_setting('max_slot_wal_keep_size', true), "
    "pg_is_in_recovery(), r.rolsuper OR r.rolreplication OR coalesce((SELECT "
    "pg_has_role(current_user, s.oid, 'MEMBER') FROM pg_catalog.pg_roles s WHERE s.rolname = "
    "'rds_replication'), false), r.rolname, EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname "
    "= 'rds_replication') FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

Result<Facts> ReadFacts(Connection& connection) {
  const Rows rows = TRY(connection.Query(kFactsSql));
  if (rows.size() != 1)
    return MakeError(ErrorKind::kNotFound, "the source doesn't know the role that is connected");
  Facts facts;
  facts.wal_level = rows.Text(0, 0);
  facts.slots_max = rows.Int(0, 1);
  facts.slots_used = rows.Int(0, 2);
  facts.senders_max = rows.Int(0, 3);
  facts.senders_used = rows.Int(0, 4);
  facts.standby_names = rows.Text(0, 5);
  facts.encoding = rows.Text(0, 6);
  facts.slot_keep = rows.Text(0, 7);
  facts.recovery = rows.Bool(0, 8);
  facts.replication = rows.Bool(0, 9);
  facts.role = rows.Text(0, 10);
  facts.rds = rows.Bool(0, 11);
  return facts;
}

// Whether synchronous_standby_names lets a connection of this name be a synchronous standby: names
// in it are compared without case, and `*` is everyone.
bool NamesStandby(std::string_view setting, std::string_view application) {
  const auto same = [&](std::string_view word) {
    return word == "*" ||
           std::ranges::equal(word, application, [](unsigned char a, unsigned char b) {
             return std::tolower(a) == std::tolower(b);
           });
  };
  std::string word;
  for (size_t i = 0; i <= setting.size(); ++i) {
    const char c = i < setting.size() ? setting[i] : ',';
    if (c == '"') {
      for (++i; i < setting.size() && setting[i] != '"'; ++i) word += setting[i];
    } else if (c == ',' || c == '(' || c == ')' || c == ' ') {
      if (!word.empty() && same(word)) return true;
      word.clear();
    } else {
      word += c;
    }
  }
  return false;
}

void CheckLog(const Facts& facts, int version, Findings& findings) {
  if (facts.wal_level != "logical")
    findings.push_back({Severity::kError,
                        "wal_level",
                        "",
                        "wal_level is '" + facts.wal_level + "'",
                        "the server's log has no changes of rows then",
                        facts.rds ? "set rds.logical_replication = 1 in the parameter group, then "
                                    "restart the server"
                                  : "set it, then restart the server",
                        {"ALTER SYSTEM SET wal_level = 'logical';"}});
  if (facts.recovery && version < 160000)
    findings.push_back({Severity::kError,
                        "standby",
                        "",
                        "the server is a standby",
                        "before PostgreSQL 16 only a primary can decode its log",
                        "connect to the primary",
                        {}});
  if (facts.slot_keep == "-1")
    findings.push_back(
        {Severity::kNote,
         "max_slot_wal_keep_size",
         "",
         "max_slot_wal_keep_size is -1",
         "while Caudal doesn't read, the source keeps its log without limit, until its disk is "
         "full",
         "set a limit that leaves room; beyond it the slot is lost and the source is loaded anew",
         {"ALTER SYSTEM SET max_slot_wal_keep_size = '50GB';", "SELECT pg_reload_conf();"}});
}

void CheckRoom(const Facts& facts, const std::string& slot, bool slot_exists, Findings& findings) {
  const auto of = [](int64_t used, int64_t max) {
    return std::to_string(used) + " of " + std::to_string(max) + " are in use";
  };
  if (!slot_exists && facts.slots_used >= facts.slots_max)
    findings.push_back({Severity::kError,
                        "replication_slots",
                        "",
                        "no replication slot is free: " + of(facts.slots_used, facts.slots_max),
                        "the slot " + slot + " can't be made",
                        "drop one that nobody needs, or allow more and restart the server",
                        {"ALTER SYSTEM SET max_replication_slots = " +
                         std::to_string(std::max<int64_t>(10, facts.slots_max + 4)) + ";"}});
  // The stream has one for itself; the snapshot another for a moment.
  if (facts.senders_used >= facts.senders_max)
    findings.push_back({Severity::kError,
                        "wal_senders",
                        "",
                        "no WAL sender is free: " + of(facts.senders_used, facts.senders_max),
                        "changes come over one",
                        "allow more, then restart the server",
                        {"ALTER SYSTEM SET max_wal_senders = " +
                         std::to_string(std::max<int64_t>(10, facts.senders_max + 4)) + ";"}});
}

}  // namespace

Result<void> CheckServer(Connection& connection, const SourceOptions& options, bool slot_exists,
                         Findings& findings) {
  const Facts facts = TRY(ReadFacts(connection));
  CheckLog(facts, connection.server_version(), findings);
  CheckRoom(facts, options.slot, slot_exists, findings);
  if (!facts.replication)
    findings.push_back({Severity::kError,
                        "role",
                        facts.role,
                        "the role " + facts.role + " may not replicate",
                        "slots and the stream need it",
                        "allow it, as a superuser",
                        {facts.rds ? "GRANT rds_replication TO " + QuoteName(facts.role) + ";"
                                   : "ALTER ROLE " + QuoteName(facts.role) + " REPLICATION;"}});
  const std::string& application = options.connection.application_name;
  if (NamesStandby(facts.standby_names, application))
    findings.push_back(
        {Severity::kError,
         "synchronous_standby_names",
         "",
         "synchronous_standby_names is '" + facts.standby_names + "', which takes in '" +
             application + "'",
         "the source's commits would wait for Caudal",
         "name the standbys that are meant, or give another application_name",
         {"ALTER SYSTEM SET synchronous_standby_names = '';", "SELECT pg_reload_conf();"}});
  if (facts.encoding == "SQL_ASCII")
    findings.push_back({Severity::kWarning,
                        "server_encoding",
                        "",
                        "the database's encoding is SQL_ASCII",
                        "the server doesn't know what its texts mean; those that aren't UTF-8 "
                        "can't be held as text",
                        "move the data to a database with ENCODING 'UTF8'",
                        {}});
  return {};
}

}  // namespace caudal::capture::postgres
