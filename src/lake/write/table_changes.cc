#include "lake/write/table_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/batch_builder.h"
#include "lake/files/local_file.h"
#include "lake/write/row_picker.h"

namespace caudal::lake {

TableChanges::~TableChanges() { DiscardFiles(context_, files_); }

Result<void> TableChanges::Append(const Batch& batch) {
  if (appended_ == nullptr)
    appended_ = TRY(DataFileWriter::Open(context_, metadata(), options_.files));
  return appended_->Write(batch);
}

Result<void> TableChanges::NeedKeys() {
  if (codec_) return {};
  const Schema& schema = metadata().schema();
  if (schema.identifier_field_ids().empty())
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("the table '{}' has no primary key: set identifier fields to "
                                 "change rows by key",
                                 TextOf(name())),
                     "table.no_key");
  codec_ = TRY(KeyCodec::Make(schema, schema.identifier_field_ids()));
  std::vector<Field> fields = schema.fields();
  for (Field& field : fields) field.required = false;
  lenient_ = TRY(Schema::Make(schema.id(), std::move(fields)));
  keyed_ = KeyedRows(codec_->layout());
  return {};
}

Result<void> TableChanges::CheckBudget() const {
  const uint64_t bytes = pending_bytes_ + keyed_.memory();
  if (bytes <= options_.keyed_bytes_max) return {};
  return MakeError(ErrorKind::kLimit,
                   fmt::format("a transaction changes more rows of '{}' by key than fit {} bytes: "
                               "commit it in parts",
                               TextOf(name()), options_.keyed_bytes_max),
                   "lake.transaction_too_large");
}

// The row that was there is out of date.
void TableChanges::Forget(RowPlace place) {
  if (!place.nowhere()) pending_[place.part].dead.Add(place.row);
}

// Of the rows that aren't passed over, one after the other.
Result<EncodedKeys> TableChanges::KeysOf(const Batch& batch,
                                         std::span<const RowChange> changes) const {
  EncodedKeys keys(codec_->layout());
  if (std::ranges::find(changes, RowChange::kKeep) == changes.end()) {
    TRY(codec_->Encode(batch, metadata().schema(), keys));
    return keys;
  }
  std::vector<int64_t> rows;
  for (size_t row = 0; row < changes.size(); ++row)
    if (changes[row] != RowChange::kKeep) rows.push_back(static_cast<int64_t>(row));
  std::vector<Array> columns;
  for (const Field& field : codec_->key_schema().fields()) {
    const auto at = std::ranges::find(metadata().schema().fields(), field.id, &Field::id);
    columns.push_back(batch.column(static_cast<size_t>(at - metadata().schema().fields().begin())));
  }
  BatchBuilder builder = TRY(BatchBuilder::Make(codec_->key_schema()));
  AppendRows(builder, Batch(batch.rows(), std::move(columns)), rows);
  const Batch wanted = TRY(builder.Finish());
  TRY(codec_->Encode(wanted, codec_->key_schema(), keys));
  return keys;
}

Result<void> TableChanges::Change(const Batch& batch, std::span<const RowChange> changes) {
  TRY(NeedKeys());
  if (!changes.empty() && static_cast<int64_t>(changes.size()) != batch.rows())
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("{} rows with {} changes", batch.rows(), changes.size()));
  const bool all_put =
      std::ranges::all_of(changes, [](RowChange change) { return change == RowChange::kPut; });
  // What is put is checked again, for what it lacks, when it is written.
  TRY(batch.Check(all_put ? metadata().schema() : lenient_));
  if (batch.rows() == 0) return {};
  const EncodedKeys keys = TRY(KeysOf(batch, changes));
  const auto part = static_cast<uint32_t>(pending_.size());
  const auto rows = static_cast<uint32_t>(batch.rows());
  Pending& pending = pending_.emplace_back(Pending{batch, {}, {}});
  pending.numbers.resize(rows, KeyedRows::kUnknown);
  size_t key = 0;
  for (uint32_t row = 0; row < rows; ++row) {
    const RowChange change = all_put ? RowChange::kPut : changes[row];
    if (change != RowChange::kPut) pending.dead.Add(row);
    if (change == RowChange::kKeep) continue;
    const uint32_t number = keyed_.NumberOf(keys, key++);
    RowPlace& place = keyed_.place(number);
    Forget(std::exchange(place, change == RowChange::kPut ? RowPlace{part, row} : RowPlace{}));
    pending.numbers[row] = number;
  }
  if (pending.dead.size() == batch.rows()) {
    pending_.pop_back();  // no row's place is in it
    return CheckBudget();
  }
  pending_bytes_ += batch.ByteSize() + rows * sizeof(uint32_t);
  return CheckBudget();
}

Result<void> TableChanges::Delete(const Batch& keys) {
  TRY(NeedKeys());
  TRY(keys.Check(codec_->key_schema()));
  EncodedKeys encoded(codec_->layout());
  TRY(codec_->Encode(keys, codec_->key_schema(), encoded));
  for (size_t i = 0; i < encoded.size(); ++i)
    Forget(std::exchange(keyed_.place(keyed_.NumberOf(encoded, i)), RowPlace{}));
  return CheckBudget();
}

Result<void> TableChanges::AddFile(DataFile file) {
  const auto bad = [&](std::string_view why) {
    return MakeError(ErrorKind::kInvalid, fmt::format("{} can't become a file of '{}': {}",
                                                      file.path, TextOf(name()), why));
  };
  if (!metadata().spec().fields.empty()) return bad("the table is partitioned");
  if (file.content != FileContent::kData || file.format != "PARQUET")
    return bad("it isn't described as a Parquet file of rows");
  if (file.record_count <= 0) return bad("it has no rows");
  const LocalFile there = TRY(OpenTableFile(context_.store, file));
  objects_.push_back({std::move(file), metadata().default_spec_id});
  return {};
}

Result<void> TableChanges::WriteKeyed() {
  if (pending_.empty()) return {};
  const Schema& schema = metadata().schema();
  std::unique_ptr<DataFileWriter> writer =
      TRY(DataFileWriter::Open(context_, metadata(), options_.files));
  EncodedKeys keys(codec_->layout());
  for (Pending& pending : pending_) {
    Batch batch = std::move(pending.batch);
    if (pending.dead.size() == batch.rows()) continue;
    if (pending.dead.size() > 0) {
      std::vector<int64_t> live;
      for (int64_t row = 0; row < batch.rows(); ++row)
        if (!pending.dead.Has(row)) live.push_back(row);
      BatchBuilder builder = TRY(BatchBuilder::Make(schema));
      AppendRows(builder, batch, live);
      batch = TRY(builder.Finish());
    }
    for (size_t row = 0; row < pending.numbers.size(); ++row)
      if (!pending.dead.Has(static_cast<int64_t>(row)))
        keys.AppendKey(keyed_.keys(), pending.numbers[row]);
    TRY(writer->Write(batch));
  }
  pending_.clear();
  pending_bytes_ = 0;
  std::vector<WrittenFile> files = TRY(writer->Finish());
  // One file has the rows in the order of their keys here.
  if (files.size() == 1 && metadata().spec().fields.empty())
    keys_of_files_[files[0].added.file.path] = std::move(keys);
  for (WrittenFile& file : files) files_.push_back(std::move(file));
  return {};
}

Result<void> TableChanges::Seal() {
  TRY(WriteKeyed());
  if (appended_ == nullptr) return {};
  std::vector<WrittenFile> files = TRY(appended_->Finish());
  appended_.reset();
  for (WrittenFile& file : files) files_.push_back(std::move(file));
  return {};
}

}  // namespace caudal::lake
