// What a PostgreSQL source is: where it is, and what of it is captured. Pure values; the
// configuration file is read elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/postgres/pattern.h"

namespace caudal::capture::postgres {

enum class TlsMode : uint8_t { kDisable, kAllow, kPrefer, kRequire, kVerifyCa, kVerifyFull };
std::string_view NameOf(TlsMode mode);  // "verify-full", as libpq calls it

struct ConnectionOptions {
  // libpq's URI or keywords; what is given beside it counts more. May hold a password: never shown.
  std::string dsn;
  std::string host;   // a name, an address, or the folder of a Unix socket
  uint16_t port = 0;  // 0: that of the dsn, else 5432
  std::string database;
  std::string user;
  std::string password;
  std::optional<TlsMode> tls;   // none: the dsn's, else kPrefer
  std::string tls_root;         // file with the authorities, for verify-*
  std::string tls_certificate;  // file with ours
  std::string tls_key;
  std::string application_name = "caudal";
  std::chrono::milliseconds connect_timeout{10'000};  // in all, over all addresses
  std::chrono::milliseconds query_timeout{60'000};  // of statements that read settings or catalogue
};

// host:port/database, as messages name it; without user and secrets.
std::string PlaceOf(const ConnectionOptions& options);

enum class Mask : uint8_t { kHash, kTruncate, kNull };

struct ColumnMask {
  ColumnPattern columns;
  Mask mask = Mask::kHash;
  uint32_t length = 0;  // kTruncate: characters kept
};

struct RowFilter {
  TablePattern tables;
  std::string condition;  // SQL of the source
};

struct SnapshotOptions {
  uint64_t chunk_rows = 500'000;
  int connections = 2;
  uint64_t rows_per_second = 0;  // 0: as fast as it goes
};

// What to do when the slot holds back too much of the source's log.
struct SlotGuard {
  uint64_t warn_bytes = 1ull << 30;
  uint64_t drop_bytes = 0;  // 0: never; else the slot is dropped, and the source stops
};

struct SourceOptions {
  std::string name;
  ConnectionOptions connection;
  std::string slot;
  std::string publication;
  std::vector<TablePattern> tables;
  std::vector<TablePattern> exclude;
  std::vector<ColumnPattern> columns_only;  // of tables that one of them names; none: all columns
  std::vector<ColumnPattern> columns_exclude;
  std::vector<ColumnMask> masks;
  std::vector<RowFilter> filters;
  SnapshotOptions snapshot;
  std::chrono::milliseconds heartbeat{10'000};
  SlotGuard guard;

  // Whether the patterns name this table, and this column of it.
  bool Takes(std::string_view schema, std::string_view table) const;
  // Whether one of them is its very name.
  bool Names(std::string_view schema, std::string_view table) const;
  bool TakesColumn(std::string_view schema, std::string_view table, std::string_view column) const;
  // The condition of the first filter that names the table; empty: none.
  std::string_view FilterOf(std::string_view schema, std::string_view table) const;
};

// kInvalid, naming the setting: a name that PostgreSQL refuses, a missing database, parts that
// contradict each other. Without I/O.
Result<void> CheckOptions(const SourceOptions& options);

// `caudal_` and the source's name in the letters that a slot's name may have.
std::string DefaultSlotName(std::string_view source);

}  // namespace caudal::capture::postgres
