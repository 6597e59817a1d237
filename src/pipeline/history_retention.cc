#include "pipeline/history_retention.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "data/position.h"
#include "lake/catalog/locations.h"
#include "lake/files/snapshot_files.h"
#include "lake/files/table_file_reader.h"
#include "pipeline/raw_tables.h"
#include "pipeline/rebuild/history_files.h"
#include "pipeline/table_pair.h"

namespace caudal::pipeline {
namespace {

Result<std::string> LastPositionOf(const lake::Writer& writer, const lake::DataFile& file,
                                   const Schema& columns) {
  const std::array<int64_t, 1> last = {file.record_count - 1};
  const Batch row =
      TRY(lake::ReadRowsAt(writer.context().store, writer.context().database, file, columns, last));
  return std::string(row.column(1).children()[0].bytes(0));
}

// Of "…/<first>-<last>.parquet".
std::optional<Position> LastPositionIn(std::string_view object) {
  constexpr std::string_view kEnd = ".parquet";
  if (!object.ends_with(kEnd)) return {};
  object.remove_suffix(kEnd.size());
  if (object.size() < Position::kTextLength) return {};
  Result<Position> position = Position::Parse(object.substr(object.size() - Position::kTextLength));
  return position.ok() ? std::optional(*position) : std::nullopt;
}

}  // namespace

Result<void> HistoryRetention::Cut() {
  for (const capture::CapturedTable& table : TRY(parts_.ledger.TablesOf(options_.source))) {
    const TablePair pair = PairOf(options_.dataset, kDefaultSchema, table.schema, table.table);
    Result<void> cut = CutOne(pair.history);
    if (cut.ok() || cut.error().Is(ErrorKind::kNotFound)) continue;
    LogWarning("old changes stay in a history",
               {{"table", lake::TextOf(pair.history)}, {"reason", std::move(cut).error().message}});
  }
  return {};
}

Result<void> HistoryRetention::CutOne(const lake::TableName& name) {
  const lake::LoadedTable table = TRY(parts_.catalog.Load(name));
  const lake::Snapshot* snapshot = table.metadata->current_snapshot();
  if (snapshot == nullptr) return {};
  const lake::SharedFiles live = TRY(parts_.writer.manifests().Read(*snapshot));
  std::vector<lake::SharedFile> files = live->Files(lake::FileContent::kData);
  // As their rows came: compaction keeps that order.
  std::ranges::stable_sort(files, {}, &lake::LiveFile::sequence_number);
  const Micros oldest = cutoff();
  size_t old = 0;
  for (; old < files.size(); ++old) {
    const lake::ObjectPlace place = TRY(lake::PlaceOf(files[old]->file.path));
    const objects::Object object = TRY(parts_.store.Stat({place.bucket, place.name, {}}));
    if (object.created >= oldest) break;
  }
  // What came with one commit goes together.
  while (old > 0 && old < files.size() &&
         files[old]->sequence_number == files[old - 1]->sequence_number)
    --old;
  if (old == 0) return {};
  const Schema columns = TRY(OrderColumns(table.metadata->schema()));
  std::string last;
  for (size_t i = old; i > 0; --i) {
    if (files[i - 1]->sequence_number != files[old - 1]->sequence_number) break;
    std::string of_file = TRY(LastPositionOf(parts_.writer, files[i - 1]->file, columns));
    last = std::max(last, std::move(of_file));
  }
  // Before they go: what the property says may be gone, not what is.
  lake::TableChange change;
  change.name = name;
  change.requirements =
      Json::array({{{"type", "assert-table-uuid"}, {"uuid", table.metadata->uuid}}});
  change.updates =
      Json::array({{{"action", "set-properties"}, {"updates", {{kDroppedUpToProperty, last}}}}});
  TRY(parts_.catalog.Commit({change}));
  FAILPOINT("pipeline.retention.noted");
  std::unique_ptr<lake::WriteTransaction> write = parts_.writer.Begin();
  for (size_t i = 0; i < old; ++i) TRY(write->RemoveFile(name, files[i]->file.path));
  TRY(write->Commit());
  LogInfo("old changes left a history",
          {{"table", lake::TextOf(name)}, {"files", static_cast<int64_t>(old)}, {"up_to", last}});
  return {};
}

Result<std::vector<objects::ObjectRef>> HistoryRetention::OldObjects(
    const lake::LoadedTable& history) const {
  std::vector<objects::ObjectRef> old;
  const auto& properties = history.metadata->properties;
  const auto source = properties.find(kSourceProperty);
  const auto folder = properties.find(kSourceTableProperty);
  if (source == properties.end() || source->second != options_.source || folder == properties.end())
    return old;
  const SourceName name = TRY(SplitTableFolder(folder->second));
  if (PairOf(options_.dataset, kDefaultSchema, name.schema, name.table).history != history.name)
    return old;
  const capture::SourceProgress progress = TRY(parts_.ledger.NeedProgressOf(options_.source));
  const std::vector<capture::LandedBatch> waiting =
      TRY(parts_.ledger.BatchesOf(options_.source, progress.applied_batch, 1));
  const Micros oldest = cutoff();
  objects::ListQuery query;
  query.bucket = options_.bucket;
  query.prefix = options_.source + "/" + folder->second + "/";
  do {
    const objects::ListPage page = TRY(parts_.store.List(query));
    // Names sort as their changes came.
    for (const objects::Object& object : page.items) {
      if (object.created >= oldest) return old;
      const std::optional<Position> last = LastPositionIn(object.name);
      if (!last) continue;
      if (!waiting.empty() && *last >= waiting.front().first) return old;
      old.push_back({object.bucket, object.name, object.generation});
    }
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  return old;
}

}  // namespace caudal::pipeline
