#include "capture/postgres/session.h"

#include <array>
#include <map>
#include <string_view>

#include "capture/postgres/connection.h"

namespace caudal::capture::postgres {
namespace {

struct Setting {
  std::string_view name;
  std::string_view value;     // as SET takes it
  std::string_view expected;  // as pg_settings shows it, or what that begins with
  int since = 0;              // server version
};

constexpr std::array<Setting, 16> kSettings = {{
    {"statement_timeout", "0", "0"},
    {"lock_timeout", "0", "0"},
    {"idle_in_transaction_session_timeout", "0", "0"},
    {"idle_session_timeout", "0", "0", 140000},
    {"transaction_timeout", "0", "0", 170000},
    {"client_encoding", "'UTF8'", "UTF8"},
    {"datestyle", "'ISO, YMD'", "ISO, YMD"},
    {"intervalstyle", "'postgres'", "postgres"},
    {"timezone", "'UTC'", "UTC"},
    {"extra_float_digits", "3", "3"},
    {"bytea_output", "'hex'", "hex"},
    {"lc_monetary", "'C'", "C"},
    {"search_path", "pg_catalog", "pg_catalog"},
    {"row_security", "off", "off"},
    {"standard_conforming_strings", "on", "on"},
    {"xmlbinary", "'base64'", "base64"},
}};

}  // namespace

std::string StartupSettings() {
  return "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0";
}

Result<void> PrepareSession(Connection& connection,
                            std::chrono::steady_clock::time_point deadline) {
  const int version = connection.server_version();
  std::string set;
  std::string read = "SELECT name, setting FROM pg_catalog.pg_settings WHERE lower(name) IN ('-'";
  for (const Setting& setting : kSettings) {
    if (version < setting.since) continue;
    set += "SET " + std::string(setting.name) + " = " + std::string(setting.value) + ";";
    read += ",'" + std::string(setting.name) + "'";
  }
  Result<Rows> done = connection.Query(set, deadline);
  if (!done.ok()) return std::move(done).error().Within("can't set the session up");
  const Rows rows = TRY(connection.Query(read + ")", deadline));
  std::map<std::string, std::string, std::less<>> shown;
  for (int i = 0; i < rows.size(); ++i) {
    std::string name(rows.Text(i, 0));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    shown[std::move(name)] = rows.Text(i, 1);
  }
  for (const Setting& setting : kSettings) {
    if (version < setting.since) continue;
    const auto found = shown.find(setting.name);
    if (found == shown.end() || found->second != setting.expected)
      return MakeError(ErrorKind::kConflict,
                       "the session's setting " + std::string(setting.name) + " is '" +
                           (found == shown.end() ? "" : found->second) + "' and must be '" +
                           std::string(setting.expected) +
                           "'; connect to the server itself, not through a pooler",
                       "postgres.session");
  }
  return {};
}

}  // namespace caudal::capture::postgres
