#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "codec/avro/container.h"
#include "lake/format/bounds.h"
#include "lake/format/manifest.h"
#include "lake/format/manifest_schema.h"
#include "lake/format/schema_json.h"

namespace caudal::lake {
namespace {

// Least, greatest, nulls and NaNs of one partition field.
class Summary {
 public:
  void Add(const Value& value) {
    if (IsNull(value)) {
      null_ = true;
      return;
    }
    const auto* single = std::get_if<float>(&value);
    const auto* wide = std::get_if<double>(&value);
    if ((single != nullptr && std::isnan(*single)) || (wide != nullptr && std::isnan(*wide))) {
      nan_ = true;
      return;
    }
    if (IsNull(least_) || Compare(value, least_) < 0) least_ = value;
    if (IsNull(greatest_) || Compare(value, greatest_) > 0) greatest_ = value;
  }

  FieldSummary Finish(const Type& type) const {
    Bounds bounds = MakeBounds(type, least_, greatest_, std::string::npos);
    return {null_, nan_, std::move(bounds.lower), std::move(bounds.upper)};
  }

 private:
  bool null_ = false;
  bool nan_ = false;
  Value least_;
  Value greatest_;
};

void WriteOptional(avro::Encoder& out, const std::optional<int64_t>& number) {
  out.Long(number ? 1 : 0);
  if (number) out.Long(*number);
}

void WriteOptional(avro::Encoder& out, const std::optional<std::string>& bytes) {
  out.Long(bytes ? 1 : 0);
  if (bytes) out.Bytes(*bytes);
}

template <class T, class WriteItem>
void WriteList(avro::Encoder& out, const std::vector<T>& items, WriteItem&& write) {
  out.Long(items.empty() ? 0 : 1);
  if (items.empty()) return;
  out.BeginItems(items.size());
  for (const T& item : items) write(item);
  out.EndItems();
}

void WriteCounts(avro::Encoder& out, const ByFieldId<int64_t>& map) {
  WriteList(out, map, [&](const auto& pair) {
    out.Long(pair.first);
    out.Long(pair.second);
  });
}

void WriteBounds(avro::Encoder& out, const ByFieldId<std::string>& map) {
  WriteList(out, map, [&](const auto& pair) {
    out.Long(pair.first);
    out.Bytes(pair.second);
  });
}

// Two's complement of the size that Avro's fixed has.
std::string FixedDecimal(Int128 number, int bytes) {
  std::string fixed(static_cast<size_t>(bytes), '\0');
  for (int i = 0; i < bytes; ++i)
    fixed[static_cast<size_t>(bytes - 1 - i)] =
        static_cast<char>(static_cast<unsigned __int128>(number) >> (8 * i));
  return fixed;
}

bool FitsFixed(Int128 number, int bytes) {
  if (bytes >= 16) return true;
  const Int128 limit = Int128{1} << (8 * bytes - 1);
  return number < limit && number >= -limit;
}

void WriteValue(avro::Encoder& out, const Type& type, const Value& value) {
  out.Long(IsNull(value) ? 0 : 1);
  if (const auto* v = std::get_if<bool>(&value)) out.Boolean(*v);
  if (const auto* v = std::get_if<int32_t>(&value)) out.Long(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) out.Long(*v);
  if (const auto* v = std::get_if<float>(&value)) out.Float(*v);
  if (const auto* v = std::get_if<double>(&value)) out.Double(*v);
  if (const auto* v = std::get_if<Int128>(&value))
    out.Fixed(FixedDecimal(*v, DecimalBytes(type.precision())));
  if (const auto* v = std::get_if<std::string>(&value)) {
    const bool fixed = type.Is(TypeKind::kUuid) || type.Is(TypeKind::kFixed);
    if (fixed)
      out.Fixed(*v);
    else
      out.Bytes(*v);
  }
}

// A truncated decimal may have a digit more than its type, as long as its bytes hold it.
bool FitsPartition(const Type& type, const Value& value) {
  const auto* number = std::get_if<Int128>(&value);
  if (number == nullptr || !type.Is(TypeKind::kDecimal)) return Fits(type, value);
  return FitsFixed(*number, DecimalBytes(type.precision()));
}

}  // namespace

class ManifestWriter::Impl {
 public:
  Impl(ManifestHeader header, int64_t snapshot_id, Type partition, const std::string& avro_schema)
      : header_(std::move(header)),
        partition_(std::move(partition)),
        summaries_(header_.spec.fields.size()),
        writer_(avro_schema, MetadataOf(header_)) {
    file_.partition_spec_id = header_.spec.id;
    file_.content = header_.content;
    file_.added_snapshot_id = snapshot_id;
    file_.sequence_number = ManifestFile::kUnassigned;
    file_.min_sequence_number = ManifestFile::kUnassigned;
    file_.added_files = file_.existing_files = file_.deleted_files = 0;
    file_.added_rows = file_.existing_rows = file_.deleted_rows = 0;
  }

  Result<void> Add(const ManifestEntry& entry) {
    TRY(Check(entry));
    avro::Encoder& out = writer_.out();
    out.Long(static_cast<int>(entry.status));
    WriteOptional(out, entry.snapshot_id);
    WriteOptional(out, entry.sequence_number);
    WriteOptional(out, entry.file_sequence_number);
    WriteFile(entry.file);
    writer_.EndRecord();
    Count(entry);
    return {};
  }

  size_t size() const { return writer_.size(); }

  Finished Finish() {
    const std::vector<Field>& fields = partition_.fields();
    for (size_t i = 0; i < summaries_.size(); ++i)
      file_.partitions.push_back(summaries_[i].Finish(fields[i].type));
    Finished finished{writer_.Finish(), std::move(file_)};
    finished.file.length = static_cast<int64_t>(finished.bytes.size());
    return finished;
  }

 private:
  static avro::Metadata MetadataOf(const ManifestHeader& header) {
    return {{"schema", DumpJson(SchemaToJson(header.schema))},
            {"schema-id", std::to_string(header.schema.id())},
            {"partition-spec", DumpJson(PartitionFieldsToJson(header.spec))},
            {"partition-spec-id", std::to_string(header.spec.id)},
            {"format-version", std::to_string(header.format_version)},
            {"content", header.content == ManifestContent::kData ? "data" : "deletes"}};
  }

  Result<void> Check(const ManifestEntry& entry) const {
    const DataFile& file = entry.file;
    const auto bad = [&](std::string_view why) {
      return MakeError(ErrorKind::kInvalid, fmt::format("manifest entry {}: {}", file.path, why));
    };
    if (file.path.empty()) return bad("it has no path");
    const bool deletes = file.content != FileContent::kData;
    if (deletes != (header_.content == ManifestContent::kDeletes))
      return bad(deletes ? "a delete file in a manifest of data"
                         : "a data file in a manifest of deletes");
    if (file.record_count < 0 || file.file_size_bytes < 0)
      return bad("its count or size is negative");
    if (file.partition.size() != partition_.fields().size())
      return bad(fmt::format("it has {} partition values, the spec has {}", file.partition.size(),
                             partition_.fields().size()));
    for (size_t i = 0; i < file.partition.size(); ++i)
      if (!FitsPartition(partition_.fields()[i].type, file.partition[i]))
        return bad(fmt::format("its value of partition field \"{}\" is not of type {}",
                               partition_.fields()[i].name, partition_.fields()[i].type.Text()));
    if (entry.status != EntryStatus::kAdded &&
        (!entry.snapshot_id || !entry.sequence_number || !entry.file_sequence_number))
      return bad("it is not new, and lacks a snapshot id or a sequence number");
    if (header_.format_version < 3 &&
        (file.content_offset || file.content_size_bytes || file.first_row_id))
      return bad("deletion vectors and row ids need format version 3");
    if ((file.content == FileContent::kEqualityDeletes) == file.equality_ids.empty())
      return bad("equality deletes have equality ids, and no other file has");
    return {};
  }

  void WriteFile(const DataFile& file) {
    avro::Encoder& out = writer_.out();
    out.Long(static_cast<int>(file.content));
    out.Bytes(file.path);
    out.Bytes(file.format);
    for (size_t i = 0; i < file.partition.size(); ++i)
      WriteValue(out, partition_.fields()[i].type, file.partition[i]);
    out.Long(file.record_count);
    out.Long(file.file_size_bytes);
    WriteCounts(out, file.column_sizes);
    WriteCounts(out, file.value_counts);
    WriteCounts(out, file.null_value_counts);
    WriteCounts(out, file.nan_value_counts);
    WriteBounds(out, file.lower_bounds);
    WriteBounds(out, file.upper_bounds);
    WriteOptional(out, file.key_metadata);
    WriteList(out, file.split_offsets, [&](int64_t offset) { out.Long(offset); });
    WriteList(out, file.equality_ids, [&](int32_t id) { out.Long(id); });
    WriteOptional(out, std::optional<int64_t>(file.sort_order_id));
    if (header_.format_version >= 3) WriteOptional(out, file.first_row_id);
    WriteOptional(out, file.referenced_data_file);
    if (header_.format_version < 3) return;
    WriteOptional(out, file.content_offset);
    WriteOptional(out, file.content_size_bytes);
  }

  void Count(const ManifestEntry& entry) {
    for (size_t i = 0; i < summaries_.size(); ++i) summaries_[i].Add(entry.file.partition[i]);
    const int64_t rows = entry.file.record_count;
    switch (entry.status) {
      case EntryStatus::kAdded:
        ++*file_.added_files;
        *file_.added_rows += rows;
        break;
      case EntryStatus::kExisting:
        ++*file_.existing_files;
        *file_.existing_rows += rows;
        break;
      case EntryStatus::kDeleted:
        ++*file_.deleted_files;
        *file_.deleted_rows += rows;
        return;
    }
    // What inherits its number is younger than all that have one.
    if (!entry.sequence_number) return;
    if (file_.min_sequence_number == ManifestFile::kUnassigned ||
        *entry.sequence_number < file_.min_sequence_number)
      file_.min_sequence_number = *entry.sequence_number;
  }

  ManifestHeader header_;
  Type partition_;
  std::vector<Summary> summaries_;
  avro::ContainerWriter writer_;
  ManifestFile file_;
};

ManifestWriter::ManifestWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ManifestWriter::ManifestWriter(ManifestWriter&&) noexcept = default;
ManifestWriter& ManifestWriter::operator=(ManifestWriter&&) noexcept = default;
ManifestWriter::~ManifestWriter() = default;

Result<ManifestWriter> ManifestWriter::Make(ManifestHeader header, int64_t snapshot_id) {
  if (header.format_version != 2 && header.format_version != 3)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("writing manifests of format version {}; upgrade the table",
                                 header.format_version));
  if (!header.spec.known())
    return MakeError(ErrorKind::kUnsupported,
                     "writing into a partition spec with a transform that is not known");
  Type partition = PartitionType(header.spec, header.schema);
  const std::string avro_schema = TRY(ManifestAvroSchema(header.format_version, partition));
  return ManifestWriter(
      std::make_unique<Impl>(std::move(header), snapshot_id, std::move(partition), avro_schema));
}

Result<void> ManifestWriter::Add(const ManifestEntry& entry) { return impl_->Add(entry); }
size_t ManifestWriter::size() const { return impl_->size(); }
ManifestWriter::Finished ManifestWriter::Finish() { return impl_->Finish(); }

}  // namespace caudal::lake
