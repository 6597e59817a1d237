#include "pipeline/replica_changes.h"

#include <utility>

#include "data/batch_builder.h"
#include "pipeline/keyed_rows.h"
#include "pipeline/unchanged_values.h"

namespace caudal::pipeline {

Result<std::unique_ptr<ReplicaChanges>> ReplicaChanges::Open(lake::WriteTransaction& write,
                                                             TablePair names, ChangeAge age) {
  std::unique_ptr<ReplicaChanges> table(new ReplicaChanges(write, std::move(names)));
  const lake::SharedMetadata replica = TRY(write.MetadataOf(table->names_.replica));
  const lake::SharedMetadata history = TRY(write.MetadataOf(table->names_.history));
  table->layout_ = TRY(ChangeLayoutOf(*replica, *history, age));
  table->history_ = history->schema();
  const Schema& schema = table->layout_.replica;
  table->codec_ = TRY(lake::KeyCodec::Make(schema, schema.identifier_field_ids()));
  if (table->layout_.row_key)
    table->row_keys_ = std::make_unique<RowKeys>(
        [of = table.get()](const std::vector<std::string>& keys) { return of->Find(keys); });
  return table;
}

Result<std::vector<QuarantinedRow>> ReplicaChanges::Put(Batch rows, bool fresh) {
  SiftedChanges sifted = TRY(Sift(layout_, std::move(rows)));
  if (sifted.good.rows() > 0) TRY(PutGood(std::move(sifted.good), fresh));
  return std::move(sifted.bad);
}

Result<void> ReplicaChanges::PutGood(Batch rows, bool fresh) {
  if (row_keys_) {
    const KeyedRows keyed = TRY(row_keys_->Apply(layout_, rows));
    if (row_keys_->missing() > 0 || HasUnchanged(layout_, rows)) incomplete_ = true;
    return write_.Change(names_.replica, keyed.rows, keyed.changes);
  }
  if (HasUnchanged(layout_, rows)) {
    const FindPresent find = [&](const Batch& keys, const Schema& columns) {
      return write_.Rows(names_.replica, keys, columns);
    };
    FilledChanges filled = TRY(FillUnchanged(layout_, *codec_, rows, find));
    if (filled.absent > 0) incomplete_ = true;
    rows = std::move(filled.changes);
  }
  const KeyedRows keyed = TRY(KeyedRowsOf(layout_, rows));
  if (fresh) return write_.Append(names_.replica, keyed.rows);
  return write_.Change(names_.replica, keyed.rows, keyed.changes);
}

void ReplicaChanges::Clear() {
  if (row_keys_) row_keys_->Clear();
}

// Which of these texts are keys of the replica.
Result<std::vector<bool>> ReplicaChanges::Find(const std::vector<std::string>& keys) {
  BatchBuilder builder = TRY(BatchBuilder::Make(codec_->key_schema()));
  for (const std::string& key : keys) builder.column(0).AppendBytes(key);
  const Batch wanted = TRY(builder.Finish());
  const lake::FoundRows found = TRY(write_.Rows(names_.replica, wanted, codec_->key_schema()));
  std::vector<bool> there;
  there.reserve(found.places.size());
  for (const int64_t place : found.places) there.push_back(place != lake::FoundRows::kNone);
  return there;
}

}  // namespace caudal::pipeline
