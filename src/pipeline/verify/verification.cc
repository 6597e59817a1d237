#include "pipeline/verify/verification.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/log.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/snapshot/snapshot_reader.h"
#include "capture/postgres/snapshot/snapshot_sql.h"
#include "capture/postgres/snapshot/table_rows.h"
#include "lake/catalog/catalog.h"
#include "pipeline/verify/compared_table.h"
#include "pipeline/verify/repair.h"
#include "pipeline/verify/replica_rows.h"

namespace caudal::pipeline {
namespace {

namespace pg = capture::postgres;
using capture::CapturedTable;
using capture::TableState;
using std::chrono::steady_clock;

double SecondsSince(steady_clock::time_point begun) {
  return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

// A table as it is here at a cut.
struct TableHere {
  CapturedTable captured;
  TablePair names;
  int64_t quarantined = 0;
  lake::SharedMetadata replica;  // null: there is none
  lake::SharedMetadata history;
};

Result<lake::SharedMetadata> MetadataOf(lake::Catalog& catalog, const lake::TableName& name) {
  Result<lake::LoadedTable> loaded = catalog.Load(name);
  if (loaded.ok()) return loaded->metadata;
  if (loaded.error().Is(ErrorKind::kNotFound)) return lake::SharedMetadata();
  return std::move(loaded).error();
}

Result<std::vector<TableHere>> TablesHere(const SourcePipeline& pipeline) {
  std::vector<TableHere> here;
  for (SourceTableStatus& table : TRY(pipeline.tables())) {
    TableHere& one = here.emplace_back();
    one.captured = std::move(table.captured);
    one.names = std::move(table.tables);
    one.quarantined = table.quarantined;
    one.replica = TRY(MetadataOf(pipeline.parts().catalog, one.names.replica));
    one.history = TRY(MetadataOf(pipeline.parts().catalog, one.names.history));
  }
  return here;
}

// Both sides of a table; else why they can't be compared.
Result<ComparedTable> BothSides(const TableHere& here, const pg::SourceCatalog& catalog,
                                const pg::SourceOptions& options) {
  const auto no = [](const char* why) {
    return MakeError(ErrorKind::kConflict, why, "verify.not_compared");
  };
  if (here.captured.state != TableState::kRead || here.captured.shown != here.captured.incarnation)
    return no("its rows are still being read from the source");
  const auto source = std::ranges::find_if(catalog.tables, [&](const pg::SourceTable& table) {
    return capture::TableFolder(table.schema, table.name) == here.captured.folder;
  });
  if (source == catalog.tables.end())
    return no("the source has no such table any more, or it isn't captured any more");
  if (source->oid != here.captured.oid)
    return no("it was made anew in the source and isn't read yet");
  if (here.replica == nullptr || here.history == nullptr) return no("it has no replica");
  return CompareTable(*source, options, *here.replica, *here.history);
}

// Whatever a table's statements do to the transaction, those of the next ones see the snapshot.
Result<void> InSavepoint(pg::Connection& connection, const std::function<Result<void>()>& work) {
  TRY(connection.Query("SAVEPOINT one"));
  Result<void> done = work();
  if (done.ok()) return done;
  if (done.error().Is(ErrorKind::kCancelled) || done.error().Is(ErrorKind::kUnavailable))
    return done;
  TRY(connection.Query("ROLLBACK TO SAVEPOINT one"));
  return done;
}

}  // namespace

bool VerifyReport::equal() const { return std::ranges::all_of(tables, &VerifiedTable::equal); }

struct Verification::Work {
  SourcePipeline& pipeline;
  std::unique_ptr<pg::Connection> connection;  // in a transaction of the cut's snapshot
  pg::SourceCatalog catalog;                   // as of it
  std::vector<TableHere> here;                 // at the cut; after Choose, of the report's tables
  std::vector<std::optional<ComparedTable>> compared;  // of the report's tables
  VerifyReport report;
};

Result<VerifyReport> Verification::Do(SourcePipeline& pipeline) {
  const std::string& source = pipeline.options().source.name;
  Result<VerifyReport> result = Verify(pipeline);
  if (result.ok()) {
    int64_t differences = 0;
    int64_t rows = 0;
    int64_t left_out = 0;
    for (const VerifiedTable& table : result->tables) {
      differences += table.comparison.differences();
      rows += table.comparison.source_rows;
      left_out += table.not_compared.empty() ? 0 : 1;
    }
    Log(result->equal() ? LogLevel::kInfo : LogLevel::kWarning, "source verified",
        {{"source", source},
         {"position", result->position.Text()},
         {"tables", static_cast<int64_t>(result->tables.size())},
         {"not_compared", left_out},
         {"rows", rows},
         {"differences", differences},
         {"seconds", result->seconds}});
  } else {
    LogWarning(
        "source not verified",
        {{"source", source}, {"error", result.error().message}, {"code", result.error().code}});
  }
  return result;
}

Result<VerifyReport> Verification::Verify(SourcePipeline& pipeline) {
  const auto begun = steady_clock::now();
  Work work{pipeline, {}, {}, {}, {}, {}};
  TRY(TakeCut(work));
  TRY(Choose(work));
  for (size_t i = 0; i < work.report.tables.size(); ++i) {
    TRY(Compare(work, i));
    Show([&](VerifyProgress& progress) { progress.tables_done = static_cast<int64_t>(i) + 1; });
  }
  work.connection.reset();
  if (request_.repair && !work.report.equal()) TRY(Repair(work));
  work.report.seconds = SecondsSince(begun);
  return std::move(work.report);
}

Result<void> Verification::TakeCut(Work& work) {
  const pg::SourceOptions& source = work.pipeline.options().source;
  work.connection = TRY(pg::Connection::Connect(source.connection, pg::Purpose::kNormal));
  const auto task = [&](const pg::SnapshotPoint& point) -> Result<void> {
    TRY(pg::BeginAsOf(*work.connection, point.snapshot));
    work.report.position = point.at;
    work.here = TRY(TablesHere(work.pipeline));
    return {};
  };
  TRY(work.pipeline.AtCut(task, stop()));
  work.catalog = TRY(pg::ReadCatalog(*work.connection, source));
  return {};
}

Result<void> Verification::Choose(Work& work) const {
  std::vector<TableHere> chosen;
  for (const std::string& folder : request_.tables) {
    const auto named = [&](const TableHere& one) { return one.captured.folder == folder; };
    const auto found = std::ranges::find_if(work.here, named);
    if (found == work.here.end())
      return MakeError(
          ErrorKind::kNotFound,
          "the source '" + work.pipeline.options().source.name + "' has no table " + folder,
          "source.table_not_found");
    if (std::ranges::none_of(chosen, named)) chosen.push_back(*found);
  }
  if (!request_.tables.empty()) work.here = std::move(chosen);
  for (const TableHere& one : work.here) {
    VerifiedTable& table = work.report.tables.emplace_back();
    table.captured = one.captured;
    table.names = one.names;
    table.quarantined = one.quarantined;
  }
  work.compared.resize(work.here.size());
  return {};
}

Result<void> Verification::Compare(Work& work, size_t number) {
  const pg::SourceOptions& options = work.pipeline.options().source;
  const std::stop_token stopping = stop();
  const TableHere& here = work.here[number];
  VerifiedTable& report = work.report.tables[number];
  Show([&](VerifyProgress& progress) {
    progress.step = VerifyStep::kComparing;
    progress.tables = static_cast<int64_t>(work.report.tables.size());
    progress.table = report.captured.folder;
    progress.rows = 0;
    progress.rows_about =
        report.captured.rows_estimate < 0 ? -1 : 2 * report.captured.rows_estimate;
  });
  const auto counted = [&](const std::function<Result<void>(const Batch&)>& visit) {
    return [&](const Batch& rows) -> Result<void> {
      TRY(visit(rows));
      Show([&](VerifyProgress& progress) { progress.rows += rows.rows(); });
      return {};
    };
  };
  const Result<void> done = InSavepoint(*work.connection, [&]() -> Result<void> {
    ComparedTable table = TRY(BothSides(here, work.catalog, options));
    ReplicaRows replica = TRY(ReplicaRows::Open(work.pipeline.parts().writer, here.replica));
    const ReadAll read_source = [&](const std::function<Result<void>(const Batch&)>& visit) {
      return pg::ReadTableRows(
          *work.connection, options, table.to_read(), stopping,
          counted([&](const Batch& rows) -> Result<void> { return visit(table.Compared(rows)); }));
    };
    const ReadAll read_replica = [&](const std::function<Result<void>(const Batch&)>& visit) {
      return replica.Read(table.schema, stopping, counted([&](const Batch& rows) -> Result<void> {
                            return visit(table.Normal(rows));
                          }));
    };
    report.comparison = TRY(CompareRows(table.schema, table.codec, read_source, read_replica));
    work.compared[number] = std::move(table);
    return {};
  });
  if (stopping.stop_requested())
    return MakeError(ErrorKind::kCancelled, "the verification was cancelled", "verify.cancelled");
  if (done.ok()) return {};
  // Without the connection there is no snapshot for the other tables either.
  if (done.error().Is(ErrorKind::kUnavailable)) return done;
  report.not_compared = done.error().message;
  return {};
}

Result<void> Verification::Repair(Work& work) {
  const pg::SourceOptions& options = work.pipeline.options().source;
  std::vector<size_t> wanted;
  for (size_t i = 0; i < work.compared.size(); ++i) {
    VerifiedTable& table = work.report.tables[i];
    if (!work.compared[i] || table.comparison.equal()) continue;
    table.not_repaired = WhyNotByKey(*work.compared[i]);
    if (table.not_repaired.empty() && !table.comparison.complete)
      table.not_repaired = "too many rows differ: read it anew";
    if (table.not_repaired.empty()) wanted.push_back(i);
  }
  if (wanted.empty()) return {};
  Show([](VerifyProgress& progress) { progress.step = VerifyStep::kRepairing; });
  const std::unique_ptr<pg::Connection> connection =
      TRY(pg::Connection::Connect(options.connection, pg::Purpose::kNormal));
  const auto task = [&](const pg::SnapshotPoint& point) -> Result<void> {
    TRY(pg::BeginAsOf(*connection, point.snapshot));
    const pg::SourceCatalog catalog = TRY(pg::ReadCatalog(*connection, options));
    const std::vector<TableHere> here = TRY(TablesHere(work.pipeline));
    std::vector<TableRepair> repairs;
    std::vector<size_t> numbers;
    for (const size_t i : wanted) {
      VerifiedTable& table = work.report.tables[i];
      const auto now = std::ranges::find_if(here, [&](const TableHere& one) {
        return one.captured.folder == table.captured.folder &&
               one.captured.incarnation == table.captured.incarnation;
      });
      const bool same = now != here.end() && [&] {
        const Result<ComparedTable> again = BothSides(*now, catalog, options);
        return again.ok() && again->schema.SameAs(work.compared[i]->schema);
      }();
      if (!same) {
        table.not_repaired = "it changed in the source while it was compared: verify it again";
        continue;
      }
      repairs.push_back({*work.compared[i], table.captured.folder, table.captured.incarnation,
                         table.comparison.keys, 0, 0});
      numbers.push_back(i);
    }
    TRY(LandRepairs(work.pipeline, *connection, point, repairs, stop()));
    for (size_t i = 0; i < repairs.size(); ++i) {
      work.report.tables[numbers[i]].rows_put = repairs[i].rows_put;
      work.report.tables[numbers[i]].rows_removed = repairs[i].rows_removed;
    }
    return {};
  };
  TRY(work.pipeline.AtCut(task, stop()));
  return work.pipeline.Drain(true);
}

}  // namespace caudal::pipeline
