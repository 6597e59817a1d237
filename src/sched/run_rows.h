// The rows of runs. Inside sched only.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "meta/database.h"
#include "sched/runs.h"

namespace caudal::sched {

std::span<const meta::Migration> RunMigrations();

// Inserts or replaces the whole row.
Result<void> PutRun(meta::Tx& tx, const RunRecord& run);
Result<std::optional<RunRecord>> ReadRun(meta::Connection& connection, int64_t id);
Result<std::vector<RunRecord>> ReadRuns(meta::Connection& connection, const RunQuery& query);
Result<std::optional<RunRecord>> ReadSucceeded(meta::Connection& connection,
                                               const std::string& kind, const std::string& job,
                                               const std::string& key);
Result<void> SupersedeRuns(meta::Tx& tx, const std::string& kind, const std::string& job,
                           const std::string& key);
Result<std::vector<JobCounts>> CountRuns(meta::Connection& connection, const std::string& kind);
Result<int64_t> LastRunId(meta::Connection& connection);
Result<int64_t> InterruptRunning(meta::Tx& tx, Micros now);
// Ended runs that are older than `before`, or not among the newest `keep`; never the newest.
Result<std::vector<int64_t>> DeleteOld(meta::Tx& tx, Micros before, int64_t keep, int limit);

}  // namespace caudal::sched
