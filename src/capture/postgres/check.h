// What stands between a source and its capture, before anything is made there. Reads only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/options.h"
#include "capture/postgres/publication.h"
#include "capture/postgres/slot.h"

namespace caudal::capture::postgres {

// An error stands in the way; with a warning it would run, but not as one may expect; a note is
// worth knowing.
enum class Severity : uint8_t { kError, kWarning, kNote };
std::string_view NameOf(Severity severity);  // "error"

struct Finding {
  Severity severity = Severity::kError;
  std::string code;              // stable: "wal_level", "replica_identity"
  std::string object;            // table, column, slot… it is about; may be empty
  std::string what;              // is found
  std::string cause;             // why that matters
  std::string remedy;            // what to do, one clause
  std::vector<std::string> sql;  // that does it, ready to be run in the source
};

struct SourceReport {
  std::string place;  // host:port/database
  int server_version = 0;
  SystemIdentity identity;
  SourceCatalog catalog;
  std::vector<Finding> findings;  // worst first

  bool fine() const;  // no errors
};

// What a table is called here: without the schema when that is `public`, else schema_table.
std::string TargetName(const SourceTable& table);

// Connects, looks, and disconnects. A server that can't be reached or refuses us is a finding too;
// an error is what leaves the rest unknown: a connection lost meanwhile, or a limit of ours.
Result<SourceReport> CheckSource(const SourceOptions& options);

// The parts, by what they look at. Each adds what it finds.
using Findings = std::vector<Finding>;
Result<void> CheckServer(Connection& connection, const SourceOptions& options, bool slot_exists,
                         Findings& findings);
void CheckPatterns(const SourceOptions& options, const SourceCatalog& catalog, Findings& findings);
Result<void> CheckTables(Connection& connection, const SourceOptions& options,
                         const SourceCatalog& catalog, Findings& findings);
Result<void> CheckPublication(Connection& connection, const SourceOptions& options,
                              const SourceCatalog& catalog, Findings& findings);
void CheckSlot(const SourceOptions& options, const std::string& database,
               const std::optional<SlotState>& slot, Findings& findings);

}  // namespace caudal::capture::postgres
