#include "lake/write/table_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

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
  const Batch wanted =
      TRY(PickRows(codec_->key_schema(), Batch(batch.rows(), std::move(columns)), rows));
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

Result<EncodedKeys> TableChanges::EncodeKeys(const Batch& keys) {
  TRY(NeedKeys());
  TRY(keys.Check(codec_->key_schema()));
  EncodedKeys encoded(codec_->layout());
  TRY(codec_->Encode(keys, codec_->key_schema(), encoded));
  return encoded;
}

Result<void> TableChanges::Delete(const Batch& keys) {
  const EncodedKeys encoded = TRY(EncodeKeys(keys));
  for (size_t i = 0; i < encoded.size(); ++i)
    Forget(std::exchange(keyed_.place(keyed_.NumberOf(encoded, i)), RowPlace{}));
  return CheckBudget();
}

// Where these columns stand among the table's.
Result<std::vector<size_t>> TableChanges::PlacesOf(const Schema& columns) const {
  const std::vector<Field>& fields = metadata().schema().fields();
  std::vector<size_t> places;
  for (const Field& field : columns.fields()) {
    const auto at = std::ranges::find(fields, field.id, &Field::id);
    if (at == fields.end() || !SameLayout(at->type, field.type))
      return MakeError(ErrorKind::kInvalid, fmt::format("{} is no column of the table '{}'",
                                                        field.name, TextOf(name())));
    places.push_back(static_cast<size_t>(at - fields.begin()));
  }
  return places;
}

Result<std::vector<size_t>> TableChanges::Gather(const EncodedKeys& keys, RowGatherer& gatherer) {
  const std::vector<size_t> columns = TRY(PlacesOf(gatherer.columns()));
  std::vector<size_t> unknown;
  std::unordered_map<uint32_t, size_t> source_of;  // by part
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint32_t number = keyed_.Find(keys, i);
    if (number == KeyedRows::kUnknown) {
      unknown.push_back(i);
      continue;
    }
    const RowPlace place = keyed_.place(number);
    if (place.nowhere()) continue;
    const auto [at, is_new] = source_of.try_emplace(place.part);
    if (is_new)
      at->second =
          gatherer.AddSource([this, columns, part = place.part, schema = gatherer.columns()](
                                 std::span<const int64_t> rows) -> Result<Batch> {
            std::vector<Array> picked;
            for (const size_t column : columns)
              picked.push_back(pending_[part].batch.column(column));
            return PickRows(schema, Batch(pending_[part].batch.rows(), std::move(picked)), rows);
          });
    gatherer.Take(i, at->second, place.row);
  }
  return unknown;
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
      batch = TRY(PickRows(schema, batch, live));
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
