#include "lake/write/table_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "lake/files/table_file_reader.h"
#include "lake/write/row_picker.h"

namespace caudal::lake {

TableChanges::~TableChanges() {
  for (Spilled& spilled : spilled_)
    if (!spilled.gone) files_.push_back(std::move(spilled.file));
  DiscardFiles(context_, files_);
}

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
  constexpr uint64_t kBytesOfSpilledRow = sizeof(uint32_t) + 1;  // its key's number; dead or not
  const uint64_t bytes = keyed_.memory() + spilled_rows_ * kBytesOfSpilledRow;
  if (bytes <= options_.keys_bytes_max) return {};
  return MakeError(
      ErrorKind::kLimit,
      fmt::format("a transaction changes more rows of '{}' by key than have keys of {} MiB: commit "
                  "it in parts, or raise `lake.transaction_keys`",
                  TextOf(name()), options_.keys_bytes_max >> 20),
      "lake.transaction_too_large");
}

void TableChanges::ForgetSpilled(Spilled& spilled, uint32_t row) {
  spilled.dead.Add(row);
  const int64_t rows = spilled.file.added.file.record_count;
  if (spilled.dead.size() < rows) return;
  std::vector<WrittenFile> gone;
  gone.push_back(std::move(spilled.file));
  DiscardFiles(context_, gone);
  spilled_rows_ -= static_cast<uint64_t>(rows);
  spilled = {};
  spilled.gone = true;
}

// The row that was there is out of date.
void TableChanges::Forget(RowPlace place) {
  if (place.nowhere()) return;
  if (place.part < kPendingFrom) return ForgetSpilled(spilled_[place.part], place.row);
  pending_[place.part - kPendingFrom].dead.Add(place.row);
}

// Of the rows that aren't passed over, one after the other.
Result<EncodedKeys> TableChanges::KeysOfRows(const Batch& batch,
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
  const EncodedKeys keys = TRY(KeysOfRows(batch, changes));
  const auto part = kPendingFrom + static_cast<uint32_t>(pending_.size());
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

Result<Batch> TableChanges::ReadAt(uint32_t part, const Schema& columns,
                                   const std::vector<size_t>& places,
                                   std::span<const int64_t> rows) const {
  if (part < kPendingFrom)
    return ReadRowsAt(context_.store, context_.database, spilled_[part].file.added.file, columns,
                      rows);
  const Batch& batch = pending_[part - kPendingFrom].batch;
  std::vector<Array> picked;
  for (const size_t place : places) picked.push_back(batch.column(place));
  return PickRows(columns, Batch(batch.rows(), std::move(picked)), rows);
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
      at->second = gatherer.AddSource([this, columns, part = place.part,
                                       schema = gatherer.columns()](std::span<const int64_t> rows) {
        return ReadAt(part, schema, columns, rows);
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

Result<void> TableChanges::WriteTo(DataFileWriter& writer, Pending pending) const {
  if (pending.dead.size() == 0) return writer.Write(pending.batch, pending.numbers);
  std::vector<int64_t> live;
  std::vector<uint32_t> numbers;
  for (int64_t row = 0; row < pending.batch.rows(); ++row) {
    if (pending.dead.Has(row)) continue;
    live.push_back(row);
    numbers.push_back(pending.numbers[static_cast<size_t>(row)]);
  }
  if (live.empty()) return {};
  const Batch batch = TRY(PickRows(metadata().schema(), pending.batch, live));
  return writer.Write(batch, numbers);
}

Result<void> TableChanges::WritePending(const DataFileOptions& options) {
  if (pending_.empty()) return {};
  std::unique_ptr<DataFileWriter> writer = TRY(DataFileWriter::Open(context_, metadata(), options));
  for (Pending& pending : pending_) TRY(WriteTo(*writer, std::exchange(pending, {})));
  pending_.clear();
  pending_bytes_ = 0;
  std::vector<WrittenFile> files = TRY(writer->Finish());
  for (WrittenFile& file : files) {
    const auto part = static_cast<uint32_t>(spilled_.size());
    for (uint32_t row = 0; row < file.tags.size(); ++row)
      keyed_.place(file.tags[row]) = {part, row};
    spilled_rows_ += file.tags.size();
    spilled_.push_back({std::move(file), {}});
  }
  return {};
}

Result<void> TableChanges::Spill() {
  DataFileOptions options = options_.files;
  options.publish_bytes = 0;  // bytes of files aren't for memory, either
  TRY(WritePending(options));
  return CheckBudget();
}

Result<void> TableChanges::Seal() {
  TRY(WritePending(options_.files));
  for (Spilled& spilled : spilled_) {
    if (spilled.gone) continue;
    const AddedFile& added = spilled.file.added;
    if (spilled.dead.size() > 0) {
      auto file = std::make_shared<LiveFile>();
      file->file = added.file;
      file->spec_id = added.spec_id;
      FileRows& rows = deleted_.emplace_back(FileRows{std::move(file), {}});
      spilled.dead.ForEach([&](int64_t row) { rows.rows.push_back(row); });
    }
    keyed_files_.push_back({added.file, std::exchange(spilled.file.tags, {})});
    files_.push_back(std::move(spilled.file));
  }
  spilled_.clear();
  if (appended_ == nullptr) return {};
  std::vector<WrittenFile> files = TRY(appended_->Finish());
  appended_.reset();
  for (WrittenFile& file : files) files_.push_back(std::move(file));
  return {};
}

EncodedKeys TableChanges::KeysOf(const KeyedFile& file) const {
  EncodedKeys keys(codec_->layout());
  for (const uint32_t number : file.numbers) keys.AppendKey(keyed_.keys(), number);
  return keys;
}

}  // namespace caudal::lake
