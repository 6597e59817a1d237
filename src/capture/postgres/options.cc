#include "capture/postgres/options.h"

#include <algorithm>

namespace caudal::capture::postgres {
namespace {

constexpr size_t kNameBytesMax = 63;

Error Wrong(const std::string& message) {
  return MakeError(ErrorKind::kInvalid, message, "postgres.options");
}

Result<void> CheckSlotName(const std::string& slot) {
  const bool letters = std::ranges::all_of(
      slot, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (slot.empty() || slot.size() > kNameBytesMax || !letters)
    return Wrong("slot: '" + slot + "': a slot's name has 1 to 63 of a-z, 0-9 and '_'");
  return {};
}

Result<void> CheckNoZero(std::string_view setting, std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return Wrong(std::string(setting) + ": can't hold a zero byte");
  return {};
}

Result<void> CheckConnection(const ConnectionOptions& connection) {
  if (connection.dsn.empty()) {
    if (connection.host.empty())
      return Wrong("host: is missing; give a host, the folder of a Unix socket, or a dsn");
    if (connection.database.empty()) return Wrong("database: is missing");
    if (connection.user.empty()) return Wrong("user: is missing");
  }
  for (const auto& [setting, text] :
       {std::pair<std::string_view, std::string_view>{"dsn", connection.dsn},
        {"host", connection.host},
        {"database", connection.database},
        {"user", connection.user},
        {"password", connection.password}})
    TRY(CheckNoZero(setting, text));
  if (connection.tls_certificate.empty() != connection.tls_key.empty())
    return Wrong("sslcert and sslkey: give both or neither");
  const bool verifies =
      connection.tls == TlsMode::kVerifyCa || connection.tls == TlsMode::kVerifyFull;
  if (verifies && connection.tls_root.empty())
    return Wrong("sslrootcert: is missing: sslmode " + std::string(NameOf(*connection.tls)) +
                 " needs the file of the authorities that it trusts");
  return {};
}

}  // namespace

std::string_view NameOf(TlsMode mode) {
  switch (mode) {
    case TlsMode::kDisable:
      return "disable";
    case TlsMode::kAllow:
      return "allow";
    case TlsMode::kPrefer:
      return "prefer";
    case TlsMode::kRequire:
      return "require";
    case TlsMode::kVerifyCa:
      return "verify-ca";
    case TlsMode::kVerifyFull:
      return "verify-full";
  }
  return "";
}

std::string PlaceOf(const ConnectionOptions& options) {
  if (options.host.empty()) return "the server of the dsn";
  const std::string port = std::to_string(options.port == 0 ? 5432 : options.port);
  return options.host + ":" + port + "/" + options.database;
}

bool SourceOptions::Takes(std::string_view schema, std::string_view table) const {
  const auto names = [&](const TablePattern& pattern) { return pattern.Matches(schema, table); };
  return std::ranges::any_of(tables, names) && std::ranges::none_of(exclude, names);
}

bool SourceOptions::Names(std::string_view schema, std::string_view table) const {
  return std::ranges::any_of(tables, [&](const TablePattern& pattern) {
    return pattern.exact() && pattern.Matches(schema, table);
  });
}

bool SourceOptions::TakesColumn(std::string_view schema, std::string_view table,
                                std::string_view column) const {
  const auto names = [&](const ColumnPattern& pattern) {
    return pattern.Matches(schema, table, column);
  };
  const bool limited = std::ranges::any_of(columns_only, [&](const ColumnPattern& pattern) {
    return pattern.MatchesTable(schema, table);
  });
  if (limited && std::ranges::none_of(columns_only, names)) return false;
  return std::ranges::none_of(columns_exclude, names);
}

std::string_view SourceOptions::FilterOf(std::string_view schema, std::string_view table) const {
  const auto found = std::ranges::find_if(
      filters, [&](const RowFilter& filter) { return filter.tables.Matches(schema, table); });
  return found == filters.end() ? std::string_view() : found->condition;
}

Result<void> CheckOptions(const SourceOptions& options) {
  TRY(CheckConnection(options.connection));
  TRY(CheckSlotName(options.slot));
  if (options.publication.empty() || options.publication.size() > kNameBytesMax)
    return Wrong("publication: a publication's name has 1 to 63 bytes");
  TRY(CheckNoZero("publication", options.publication));
  if (options.tables.empty())
    return Wrong("tables: is empty; name tables, or all of a schema: public.*");
  for (const RowFilter& filter : options.filters) {
    TRY(CheckNoZero("filters", filter.condition));
    if (filter.condition.find_first_not_of(" \t\r\n") == std::string::npos)
      return Wrong("filters: the condition for '" + filter.tables.text() + "' is empty");
  }
  for (const ColumnMask& mask : options.masks)
    if (mask.mask == Mask::kTruncate && mask.length == 0)
      return Wrong("masks: truncate '" + mask.columns.text() + "' to how many characters?");
  const SlotGuard& guard = options.guard;
  if (guard.drop_bytes != 0 && guard.drop_bytes <= guard.warn_bytes)
    return Wrong("slot_guard: drop must be more than warn");
  return {};
}

std::string DefaultSlotName(std::string_view source) {
  std::string name = "caudal_";
  for (const char c : source) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    const bool upper = c >= 'A' && c <= 'Z';
    name += fine ? c : upper ? static_cast<char>(c - 'A' + 'a') : '_';
  }
  name.resize(std::min(name.size(), kNameBytesMax));
  return name;
}

}  // namespace caudal::capture::postgres
