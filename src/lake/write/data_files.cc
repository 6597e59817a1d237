#include "lake/write/data_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "lake/catalog/locations.h"
#include "lake/files/paths.h"
#include "lake/format/bounds.h"
#include "lake/write/row_picker.h"
#include "lake/written_file.h"
#include "os/file.h"

namespace caudal::lake {
namespace {

// Files of more bytes, as batches, are finished in a thread of their own.
constexpr uint64_t kApartBytes = 4u << 20;

// The place of a column: its top-level column, then parts of structs.
Result<std::vector<size_t>> PathTo(const Schema& schema, int32_t field_id) {
  std::vector<size_t> place;
  const Field* field = schema.Find(field_id);
  while (field != nullptr) {
    const Field* parent = schema.ParentOf(field->id);
    const std::vector<Field>& siblings =
        parent == nullptr ? schema.fields() : parent->type.fields();
    const auto at = std::ranges::find(siblings, field->id, &Field::id);
    place.insert(place.begin(), static_cast<size_t>(at - siblings.begin()));
    field = parent;
  }
  if (place.empty())
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("a partition field is made of column {}, which isn't in the "
                                 "schema",
                                 field_id));
  return place;
}

const Array& ColumnAt(const Batch& batch, const std::vector<size_t>& place) {
  const Array* array = &batch.column(place[0]);
  for (size_t i = 1; i < place.size(); ++i) array = &array->children()[place[i]];
  return *array;
}

// The text of partition values, by which equal ones are found: NaN is equal to NaN.
void AppendText(std::string& text, const Type& type, const Value& value) {
  if (IsNull(value)) {
    text += '-';
    return;
  }
  const std::string bytes = EncodeValue(type, value);
  text += fmt::format("{}:", bytes.size());
  text += bytes;
}

}  // namespace

uint64_t TargetBytesOf(const TableMetadata& metadata, uint64_t otherwise) {
  const auto bytes = metadata.NumberProperty("write.target-file-size-bytes").value_or(0);
  return bytes > 0 ? static_cast<uint64_t>(bytes) : otherwise;
}

Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Open(const WriteContext& context,
                                                             const TableMetadata& metadata,
                                                             const DataFileOptions& options) {
  for (const PartitionField& field : metadata.spec().fields)
    if (!field.transform.known())
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("the table is partitioned by {} as \"{}\", which Caudal can't "
                                   "compute: write to it with the engine that made it",
                                   field.transform.Text(), field.name));
  return std::unique_ptr<DataFileWriter>(new DataFileWriter(context, metadata, options));
}

DataFileWriter::DataFileWriter(const WriteContext& context, const TableMetadata& metadata,
                               const DataFileOptions& options)
    : context_(context),
      metadata_(metadata),
      options_(options),
      names_(context.random.Hex(16)),
      open_(std::max<size_t>(options.files_at_once, 1)) {}

DataFileWriter::~DataFileWriter() {
  while (!finishing_.empty()) {
    const auto state = finishing_.front().wait_for(std::chrono::seconds(0));
    if (state == std::future_status::deferred) {
      finishing_.pop_front();
    } else {
      (void)TakeFinished().ok();
    }
  }
  DiscardFiles(context_, files_);
}

Result<void> DataFileWriter::Write(const Batch& batch, std::span<const uint32_t> tags) {
  TRY(batch.Check(metadata_.schema()));
  rows_ += batch.rows();
  if (!metadata_.spec().fields.empty()) return Split(batch, tags);
  spread_ += batch.ByteSize();
  if (spread_ > options_.spread_bytes) next_ = (next_ + 1) % open_.size();
  return WriteTo(open_[next_], {}, batch, tags);
}

Result<void> DataFileWriter::WriteInOrder(const std::vector<Value>& partition, const Batch& batch) {
  TRY(batch.Check(metadata_.schema()));
  rows_ += batch.rows();
  return WriteTo(open_[0], partition, batch, {});
}

Result<void> DataFileWriter::WriteTo(OpenFile& file, const std::vector<Value>& partition,
                                     Batch batch, std::span<const uint32_t> tags) {
  if (file.writer == nullptr) {
    file.partition = partition;
    file.name = fmt::format("{}-{:05}.parquet", names_, begun_++);
    file.path = context_.folder + "/" + file.name;
    engine::ParquetWriteOptions options;
    options.durable = false;  // the store syncs what it publishes
    file.writer =
        TRY(engine::ParquetWriter::Open(context_.database, file.path, metadata_.schema(), options));
  }
  const uint64_t target = TargetBytesOf(metadata_, options_.target_bytes);
  TRY(file.writer->Write(std::move(batch)));
  file.tags.insert(file.tags.end(), tags.begin(), tags.end());
  if (file.writer->bytes() < target) return {};
  const os::File written = TRY(os::File::Open(file.path, os::File::Mode::kRead));
  const uint64_t bytes = TRY(written.Size());
  return bytes < target ? Result<void>() : FinishFile(file);
}

Result<void> DataFileWriter::FinishFile(OpenFile& file) {
  if (file.writer == nullptr) return {};
  while (finishing_.size() >= open_.size()) TRY(TakeFinished());
  const bool apart = file.writer->bytes() > kApartBytes;
  finishing_.push_back(
      std::async(apart ? std::launch::async : std::launch::deferred,
                 [this, ending = std::move(file)]() mutable { return End(std::move(ending)); }));
  file = {};
  return {};
}

Result<void> DataFileWriter::TakeFinished() {
  Result<WrittenFile> finished = finishing_.front().get();
  finishing_.pop_front();
  WrittenFile done = TRY(std::move(finished));
  files_.push_back(std::move(done));
  return {};
}

Result<WrittenFile> DataFileWriter::End(OpenFile file) const {
  const engine::ParquetFile parquet = TRY(file.writer->Finish());
  file.writer.reset();
  AddedFile added;
  const std::string uri = DataFolder(metadata_) + "/" + file.name;
  added.file = DescribeFile(parquet, uri);
  added.file.partition = std::move(file.partition);
  added.spec_id = metadata_.default_spec_id;
  FAILPOINT("lake.write.file");
  WrittenFile written =
      TRY(TakeFile(context_, std::move(added), file.path, options_.publish_bytes));
  written.tags = std::move(file.tags);
  return written;
}

Result<void> DataFileWriter::Split(const Batch& batch, std::span<const uint32_t> tags) {
  const Schema& schema = metadata_.schema();
  struct Source {
    const Array* array;
    Type type;
    const Transform* transform;
    Type result;
  };
  std::vector<Source> sources;
  for (const PartitionField& field : metadata_.spec().fields) {
    const std::vector<size_t> place = TRY(PathTo(schema, field.source_id()));
    const Array& array = ColumnAt(batch, place);
    sources.push_back(
        {&array, array.type(), &field.transform, field.transform.ResultType(array.type())});
  }
  std::map<std::string, std::vector<int64_t>> rows_of;
  std::string text;
  std::vector<Value> values(sources.size());
  for (int64_t row = 0; row < batch.rows(); ++row) {
    text.clear();
    for (size_t i = 0; i < sources.size(); ++i) {
      values[i] = sources[i].transform->Apply(sources[i].type, sources[i].array->At(row));
      AppendText(text, sources[i].result, values[i]);
    }
    rows_of[text].push_back(row);
    if (!partitions_.contains(text)) partitions_[text].values = values;
  }
  for (const auto& [key, rows] : rows_of) {
    Partition& partition = partitions_[key];
    if (partition.rows == nullptr) {
      BatchBuilder builder = TRY(BatchBuilder::Make(schema));
      partition.rows = std::make_unique<BatchBuilder>(std::move(builder));
    }
    const uint64_t before = partition.rows->bytes();
    AppendRows(*partition.rows, batch, rows);
    for (size_t i = 0; !tags.empty() && i < rows.size(); ++i)
      partition.tags.push_back(tags[static_cast<size_t>(rows[i])]);
    buffered_ += partition.rows->bytes() - before;
  }
  while (buffered_ > options_.buffer_bytes) TRY(FlushLargest());
  return {};
}

Result<void> DataFileWriter::FlushLargest() {
  Partition* largest = nullptr;
  for (auto& [key, partition] : partitions_)
    if (partition.rows != nullptr &&
        (largest == nullptr || partition.rows->bytes() > largest->rows->bytes()))
      largest = &partition;
  CAUDAL_CHECK(largest != nullptr, "bytes wait in a partition");
  return Flush(*largest);
}

Result<void> DataFileWriter::Flush(Partition& partition) {
  if (partition.rows == nullptr) return {};
  buffered_ -= std::min(buffered_, partition.rows->bytes());
  Batch batch = TRY(partition.rows->Finish());
  partition.rows.reset();
  TRY(WriteTo(open_[0], partition.values, std::move(batch), std::exchange(partition.tags, {})));
  return FinishFile(open_[0]);
}

Result<std::vector<WrittenFile>> DataFileWriter::Finish() {
  for (auto& [key, partition] : partitions_) TRY(Flush(partition));
  for (OpenFile& file : open_) TRY(FinishFile(file));
  while (!finishing_.empty()) TRY(TakeFinished());
  return std::exchange(files_, {});
}

Result<WrittenFile> TakeFile(const WriteContext& context, AddedFile added, const std::string& path,
                             uint64_t publish_bytes) {
  WrittenFile file;
  file.added = std::move(added);
  const auto bytes = static_cast<uint64_t>(file.added.file.file_size_bytes);
  if (bytes <= publish_bytes) {
    file.bytes = TRY(os::ReadFile(path, publish_bytes));
    file.path = path;
    return file;
  }
  std::vector<objects::FileToPublish> publish(1);
  publish[0] = TRY(PublishFile(file.added.file.path, path));
  TRY(context.store.PublishAll(std::move(publish)));
  return file;
}

Result<objects::FileToPublish> ToPublish(const WrittenFile& file) {
  objects::FileToPublish publish = TRY(PublishBytes(file.added.file.path, *file.bytes));
  publish.path = file.path;
  return publish;
}

void RemoveLocal(const std::vector<WrittenFile>& files) {
  for (const WrittenFile& file : files)
    if (!file.path.empty()) (void)os::Remove(file.path).ok();
}

void DiscardFiles(const WriteContext& context, const std::vector<WrittenFile>& files) {
  RemoveLocal(files);
  for (const WrittenFile& file : files) {
    if (file.bytes) continue;
    const Result<ObjectPlace> place = PlaceOf(file.added.file.path);
    if (!place.ok()) continue;
    const Result<void> removed = context.store.Delete({place->bucket, place->name, {}});
    if (!removed.ok() && !removed.error().Is(ErrorKind::kNotFound))
      LogWarning("a file of an unfinished write stays behind",
                 {{"file", file.added.file.path}, {"reason", removed.error().message}});
  }
}

}  // namespace caudal::lake
