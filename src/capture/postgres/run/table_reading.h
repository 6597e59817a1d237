// What comes before tables are read as of a snapshot.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "capture/landing/landing.h"
#include "capture/landing/ledger.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/options.h"
#include "capture/postgres/run/source_tables.h"
#include "capture/postgres/snapshot/snapshot_reader.h"
#include "meta/database.h"

namespace caudal::capture::postgres {

struct ReadingParts {
  const SourceOptions& options;
  Connection& connection;
  Ledger& ledger;
  meta::Database& database;
  Landing& landing;
  Clock& clock;
  const std::function<void(const LandedChanges&)>& landed;
};

// All tables that are to be read, with their chunks, planned where they aren't. Those that were
// read before are emptied first, by a change of its own.
Result<std::vector<SnapshotTable>> PrepareReading(const ReadingParts& parts,
                                                  const SnapshotPoint& point, SourceTables& tables);

}  // namespace caudal::capture::postgres
