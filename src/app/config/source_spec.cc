#include "app/config/source_spec.h"

namespace caudal::app {
namespace {

namespace pg = capture::postgres;

pg::TlsMode TlsOf(SourceTls tls) {
  switch (tls) {
    case SourceTls::kDisable:
      return pg::TlsMode::kDisable;
    case SourceTls::kAllow:
      return pg::TlsMode::kAllow;
    case SourceTls::kPrefer:
      return pg::TlsMode::kPrefer;
    case SourceTls::kRequire:
      return pg::TlsMode::kRequire;
    case SourceTls::kVerifyCa:
      return pg::TlsMode::kVerifyCa;
    case SourceTls::kVerifyFull:
      return pg::TlsMode::kVerifyFull;
  }
  return pg::TlsMode::kPrefer;
}

template <class Pattern>
Result<Pattern> Parsed(std::string_view key, const std::string& text) {
  Result<Pattern> pattern = Pattern::Parse(text);
  if (pattern.ok()) return pattern;
  return std::move(pattern).error().Within(key);
}

template <class Pattern>
Result<std::vector<Pattern>> AllParsed(std::string_view key,
                                       const std::vector<std::string>& texts) {
  std::vector<Pattern> patterns;
  for (const std::string& text : texts) {
    Pattern pattern = TRY(Parsed<Pattern>(key, text));
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

pg::ConnectionOptions ConnectionOf(const SourceConfig& config) {
  pg::ConnectionOptions options;
  options.dsn = config.dsn;
  options.host = config.host;
  options.port = static_cast<uint16_t>(config.port.value_or(0));
  options.database = config.database;
  options.user = config.user;
  options.password = config.password;
  if (config.sslmode) options.tls = TlsOf(*config.sslmode);
  options.tls_root = config.sslrootcert;
  options.tls_certificate = config.sslcert;
  options.tls_key = config.sslkey;
  options.application_name = config.application_name;
  options.connect_timeout = config.connect_timeout;
  return options;
}

Result<std::vector<pg::ColumnMask>> MasksOf(const SourceColumnsConfig& config) {
  std::vector<pg::ColumnMask> masks;
  for (const std::string& text : config.hash) {
    pg::ColumnPattern pattern = TRY(Parsed<pg::ColumnPattern>("columns.hash", text));
    masks.push_back({std::move(pattern), pg::Mask::kHash, 0});
  }
  for (const std::string& text : config.null) {
    pg::ColumnPattern pattern = TRY(Parsed<pg::ColumnPattern>("columns.null", text));
    masks.push_back({std::move(pattern), pg::Mask::kNull, 0});
  }
  for (const auto& [text, length] : config.truncate) {
    pg::ColumnPattern pattern = TRY(Parsed<pg::ColumnPattern>("columns.truncate", text));
    masks.push_back({std::move(pattern), pg::Mask::kTruncate, static_cast<uint32_t>(length)});
  }
  return masks;
}

}  // namespace

std::string DatasetOf(const std::string& name, const SourceConfig& config) {
  return config.dataset.empty() ? "raw_" + name : config.dataset;
}

Result<pg::SourceOptions> SourceOptionsOf(const std::string& name, const SourceConfig& config) {
  pg::SourceOptions options;
  options.name = name;
  options.connection = ConnectionOf(config);
  options.slot = config.slot.empty() ? pg::DefaultSlotName(name) : config.slot;
  options.publication = config.publication.empty() ? pg::DefaultSlotName(name) : config.publication;
  options.tables = TRY(AllParsed<pg::TablePattern>("tables", config.tables));
  options.exclude = TRY(AllParsed<pg::TablePattern>("exclude", config.exclude));
  options.columns_only = TRY(AllParsed<pg::ColumnPattern>("columns.only", config.columns.only));
  options.columns_exclude =
      TRY(AllParsed<pg::ColumnPattern>("columns.exclude", config.columns.exclude));
  options.masks = TRY(MasksOf(config.columns));
  for (const auto& [text, condition] : config.filters) {
    pg::TablePattern pattern = TRY(Parsed<pg::TablePattern>("filters", text));
    options.filters.push_back({std::move(pattern), condition});
  }
  options.snapshot.chunk_rows = static_cast<uint64_t>(config.snapshot.chunk_rows);
  options.snapshot.connections = config.snapshot.connections;
  options.snapshot.rows_per_second = static_cast<uint64_t>(config.snapshot.rows_per_second);
  options.heartbeat = config.heartbeat;
  options.guard = {config.slot_guard.warn, config.slot_guard.drop};
  TRY(pg::CheckOptions(options));
  return options;
}

}  // namespace caudal::app
