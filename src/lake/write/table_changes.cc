#include "lake/write/table_changes.h"

#include <fmt/format.h>

#include <utility>

#include "data/batch_builder.h"
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
  touched_ = EncodedKeys(codec_->layout());
  return {};
}

Result<void> TableChanges::CheckBudget() const {
  const uint64_t bytes = pending_bytes_ + pending_keys_.memory() + touched_.memory();
  if (bytes <= options_.keyed_bytes_max) return {};
  return MakeError(ErrorKind::kLimit,
                   fmt::format("a transaction changes more rows of '{}' by key than fit {} bytes: "
                               "commit it in parts",
                               TextOf(name()), options_.keyed_bytes_max),
                   "lake.transaction_too_large");
}

// Rows of this transaction that have one of these keys are out of date.
void TableChanges::Touch(const EncodedKeys& keys) {
  touched_.Append(keys);
  for (size_t i = 0; i < keys.size(); ++i)
    pending_keys_.Find(
        keys, i, [&](const SmallFileKeys::Hit& hit) { pending_[hit.file].dead.Add(hit.row); });
}

Result<void> TableChanges::Upsert(const Batch& batch) {
  TRY(NeedKeys());
  TRY(batch.Check(metadata().schema()));
  if (batch.rows() == 0) return {};
  EncodedKeys keys(codec_->layout());
  TRY(codec_->Encode(batch, metadata().schema(), keys));
  const size_t first = touched_.size();
  Touch(keys);
  const auto number = static_cast<uint32_t>(pending_.size());
  pending_.push_back({batch, {}});
  pending_bytes_ += batch.ByteSize();
  pending_keys_.Add(number, std::move(keys));
  // Of several rows of one key in this batch, the last one stays.
  for (int64_t row = 0; row < batch.rows(); ++row)
    pending_keys_.Find(touched_, first + static_cast<size_t>(row),
                       [&](const SmallFileKeys::Hit& hit) {
                         if (hit.file == number && hit.row < row)
                           pending_[number].dead.Add(hit.row);
                       });
  return CheckBudget();
}

Result<void> TableChanges::Delete(const Batch& keys) {
  TRY(NeedKeys());
  TRY(keys.Check(codec_->key_schema()));
  EncodedKeys encoded(codec_->layout());
  TRY(codec_->Encode(keys, codec_->key_schema(), encoded));
  Touch(encoded);
  return CheckBudget();
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
    TRY(codec_->Encode(batch, schema, keys));
    TRY(writer->Write(batch));
  }
  pending_.clear();
  pending_keys_ = {};
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
