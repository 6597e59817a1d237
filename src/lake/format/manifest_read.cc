#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "codec/avro/container.h"
#include "codec/avro/decoder.h"
#include "lake/format/bounds.h"
#include "lake/format/manifest.h"
#include "lake/format/schema_json.h"

namespace caudal::lake {
namespace {

using avro::Decoder;
using avro::Kind;
using avro::NodeId;
using avro::RecordField;

Error Bad(std::string message) {
  return MakeError(ErrorKind::kInvalid, "manifest: " + std::move(message));
}

Result<std::optional<int32_t>> Number(const avro::Metadata& metadata, std::string_view key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::optional<int32_t>();
  const std::string& text = found->second;
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return Bad(fmt::format("its \"{}\" is no number", key));
  return std::optional<int32_t>(number);
}

Result<ManifestHeader> ReadHeader(const avro::Metadata& metadata, const ManifestFile& listed) {
  ManifestHeader header;
  const auto version = TRY(Number(metadata, "format-version"));
  header.format_version = version.value_or(1);
  if (header.format_version < 1 || header.format_version > 3)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("manifests of format version {}", header.format_version));
  const auto schema = metadata.find("schema");
  if (schema == metadata.end()) return Bad("its \"schema\" is missing");
  const Json schema_json = TRY(ParseJson(schema->second, "manifest schema", 256));
  header.schema = TRY(SchemaFromJson(schema_json));
  const auto schema_id = TRY(Number(metadata, "schema-id"));
  if (schema_id) header.schema = header.schema.WithId(*schema_id);
  const auto spec = metadata.find("partition-spec");
  if (spec == metadata.end()) return Bad("its \"partition-spec\" is missing");
  const Json spec_json = TRY(ParseJson(spec->second, "manifest partition spec"));
  const auto spec_id = TRY(Number(metadata, "partition-spec-id"));
  const int32_t id = spec_id.value_or(listed.partition_spec_id);
  // Some writers put the whole spec there.
  if (spec_json.is_object())
    header.spec = TRY(PartitionSpecFromJson(spec_json));
  else
    header.spec = TRY(PartitionFieldsFromJson(id, spec_json));
  header.spec.id = id;
  const auto content = metadata.find("content");
  if (content != metadata.end() && content->second == "deletes")
    header.content = ManifestContent::kDeletes;
  else if (content != metadata.end() && content->second != "data")
    return Bad("its \"content\" is neither \"data\" nor \"deletes\"");
  return header;
}

// Reads entries of one manifest.
class EntryReader {
 public:
  EntryReader(const avro::Schema& schema, const ManifestHeader& header, const ManifestFile& listed)
      : schema_(schema), header_(header), listed_(listed) {
    const Type types = PartitionType(header.spec, header.schema);
    for (const Field& field : types.fields()) partition_types_.push_back(field.type);
    next_row_id_ = listed.first_row_id;
  }

  void Read(Decoder& in, ManifestEntry& entry) {
    for (const RecordField& field : schema_[schema_.root()].fields) {
      switch (field.field_id.value_or(-1)) {
        case 0: {
          const int64_t status = in.Integer(field.type);
          if (status < 0 || status > 2) in.Fail("an entry's status is not 0, 1 or 2");
          entry.status = static_cast<EntryStatus>(status);
          break;
        }
        case 1:
          entry.snapshot_id = in.OptionalInteger(field.type);
          break;
        case 3:
          entry.sequence_number = in.OptionalInteger(field.type);
          break;
        case 4:
          entry.file_sequence_number = in.OptionalInteger(field.type);
          break;
        case 2:
          ReadFile(in, field.type, entry.file);
          break;
        default:
          in.Skip(field.type);
      }
    }
    if (in.ok()) Inherit(in, entry);
  }

 private:
  void Inherit(Decoder& in, ManifestEntry& entry) {
    if (!entry.snapshot_id) entry.snapshot_id = listed_.added_snapshot_id;
    // A list of version 1 has no numbers: its files are older than all others.
    if (entry.status == EntryStatus::kAdded || listed_.sequence_number == 0) {
      if (!entry.sequence_number) entry.sequence_number = listed_.sequence_number;
      if (!entry.file_sequence_number) entry.file_sequence_number = listed_.sequence_number;
    }
    if (entry.status == EntryStatus::kExisting && !entry.sequence_number)
      in.Fail(fmt::format("{} is an existing file without a sequence number", entry.file.path));
    if (next_row_id_ && entry.live() && entry.file.content == FileContent::kData &&
        !entry.file.first_row_id) {
      entry.file.first_row_id = next_row_id_;
      if (__builtin_add_overflow(*next_row_id_, entry.file.record_count, &*next_row_id_))
        in.Fail("row ids are out of range");
    }
    if (entry.file.path.empty()) in.Fail("an entry has no file path");
    if (entry.file.record_count < 0 || entry.file.file_size_bytes < 0)
      in.Fail(fmt::format("{} has a negative count or size", entry.file.path));
    const bool deletes = entry.file.content != FileContent::kData;
    if (deletes != (header_.content == ManifestContent::kDeletes))
      in.Fail(fmt::format("{} does not belong into a manifest of {}", entry.file.path,
                          deletes ? "data" : "deletes"));
  }

  void ReadFile(Decoder& in, NodeId node, DataFile& file) {
    node = in.Enter(node);
    if (schema_[node].kind != Kind::kRecord) return in.Fail("data_file is no record");
    file.partition.resize(partition_types_.size());
    bool has_partition = false;
    for (const RecordField& field : schema_[node].fields) {
      has_partition |= field.field_id == 102;
      ReadFileField(in, field, file);
    }
    if (!has_partition && !partition_types_.empty()) in.Fail("there are no partition values");
  }

  void ReadFileField(Decoder& in, const RecordField& field, DataFile& file) {
    const NodeId type = field.type;
    switch (field.field_id.value_or(-1)) {
      case 134: {
        const int64_t content = in.OptionalInteger(type).value_or(0);
        if (content < 0 || content > 2) in.Fail("a file's content is not 0, 1 or 2");
        file.content = static_cast<FileContent>(content);
        break;
      }
      case 100:
        file.path = in.Binary(type);
        break;
      case 101:
        file.format = in.Binary(type);
        break;
      case 102:
        ReadPartition(in, type, file.partition);
        break;
      case 103:
        file.record_count = in.Integer(type);
        break;
      case 104:
        file.file_size_bytes = in.Integer(type);
        break;
      case 108:
        ReadCounts(in, type, file.column_sizes);
        break;
      case 109:
        ReadCounts(in, type, file.value_counts);
        break;
      case 110:
        ReadCounts(in, type, file.null_value_counts);
        break;
      case 137:
        ReadCounts(in, type, file.nan_value_counts);
        break;
      case 125:
        ReadBounds(in, type, file.lower_bounds);
        break;
      case 128:
        ReadBounds(in, type, file.upper_bounds);
        break;
      default:
        ReadRareField(in, field, file);
    }
  }

  void ReadRareField(Decoder& in, const RecordField& field, DataFile& file) {
    const NodeId type = field.type;
    switch (field.field_id.value_or(-1)) {
      case 131:
        file.key_metadata = ReadText(in, type);
        break;
      case 132:
        in.Items(type, [&](NodeId item) { file.split_offsets.push_back(in.Integer(item)); });
        break;
      case 135:
        in.Items(type, [&](NodeId item) { file.equality_ids.push_back(ReadId(in, item)); });
        break;
      case 140: {
        const auto order = in.OptionalInteger(type);
        if (order) file.sort_order_id = static_cast<int32_t>(*order);
        break;
      }
      case 142:
        file.first_row_id = in.OptionalInteger(type);
        break;
      case 143:
        file.referenced_data_file = ReadText(in, type);
        break;
      case 144:
        file.content_offset = in.OptionalInteger(type);
        break;
      case 145:
        file.content_size_bytes = in.OptionalInteger(type);
        break;
      default:
        in.Skip(type);
    }
  }

  static std::optional<std::string> ReadText(Decoder& in, NodeId node) {
    const auto bytes = in.OptionalBinary(node);
    if (!bytes) return std::nullopt;
    return std::string(*bytes);
  }

  static int32_t ReadId(Decoder& in, NodeId node) {
    const int64_t id = in.Integer(node);
    if (id < 0 || id > std::numeric_limits<int32_t>::max()) in.Fail("a field id is out of range");
    return static_cast<int32_t>(id);
  }

  // Maps by id are lists of records with two fields, key and value, whatever their ids.
  template <class T, class ReadValue>
  void ReadMap(Decoder& in, NodeId node, ByFieldId<T>& map, ReadValue&& read) {
    in.Items(node, [&](NodeId item) {
      item = in.Enter(item);
      const avro::Node& entry = schema_[item];
      if (entry.kind != Kind::kRecord || entry.fields.size() != 2 || entry.fields[0].name != "key")
        return in.Fail("a map by id is no list of keys and values");
      const int32_t id = ReadId(in, entry.fields[0].type);
      map.emplace_back(id, read(entry.fields[1].type));
      const size_t size = map.size();
      if (size > 1 && map[size - 2].first >= id) unsorted_ = true;
    });
    if (!unsorted_) return;
    std::ranges::stable_sort(map, {}, [](const auto& pair) { return pair.first; });
    unsorted_ = false;
  }

  void ReadCounts(Decoder& in, NodeId node, ByFieldId<int64_t>& map) {
    ReadMap(in, node, map, [&](NodeId value) { return in.Integer(value); });
  }
  void ReadBounds(Decoder& in, NodeId node, ByFieldId<std::string>& map) {
    ReadMap(in, node, map, [&](NodeId value) { return std::string(in.Binary(value)); });
  }

  void ReadPartition(Decoder& in, NodeId node, std::vector<Value>& values) {
    node = in.Enter(node);
    if (schema_[node].kind != Kind::kRecord) return in.Fail("partition is no record");
    size_t found = 0;
    for (const RecordField& field : schema_[node].fields) {
      size_t i = 0;
      while (i < values.size() && header_.spec.fields[i].field_id != field.field_id) ++i;
      if (i == values.size()) {
        in.Skip(field.type);
        continue;
      }
      values[i] = ReadValue(in, field.type, partition_types_[i]);
      ++found;
    }
    if (found != values.size()) in.Fail("a field of the partition spec is not in the partition");
  }

  Value ReadValue(Decoder& in, NodeId node, const Type& type) {
    node = in.Enter(node);
    const avro::Node& stored = schema_[node];
    switch (stored.kind) {
      case Kind::kNull:
        return Value();
      case Kind::kBoolean:
        return Checked(in, type, in.Truth(node));
      case Kind::kInt:
        return Integer(in, type, in.Int(), true);
      case Kind::kLong:
        return Integer(in, type, in.Long(), false);
      case Kind::kFloat: {
        const float number = in.Float();
        if (type.Is(TypeKind::kDouble)) return static_cast<double>(number);
        return Checked(in, type, number);
      }
      case Kind::kDouble:
        return Checked(in, type, in.Double());
      case Kind::kString:
      case Kind::kBytes:
      case Kind::kFixed:
        return Bytes(in, type, in.Binary(node), stored);
      default:
        in.Fail("a partition value is of no simple type");
        return Value();
    }
  }

  // The type is unknown when the column is gone: then the value is taken as it is stored.
  static Value Checked(Decoder& in, const Type& type, Value value) {
    if (in.ok() && !type.Is(TypeKind::kUnknown) && !Fits(type, value))
      in.Fail("a partition value is not of type " + type.Text());
    return value;
  }

  static Value Integer(Decoder& in, const Type& type, int64_t number, bool narrow) {
    const bool wants_narrow = type.Is(TypeKind::kInt) || type.Is(TypeKind::kDate) ||
                              (type.Is(TypeKind::kUnknown) && narrow);
    if (!wants_narrow) return Checked(in, type, number);
    if (number != static_cast<int32_t>(number)) in.Fail("a partition value is out of range");
    return Checked(in, type, static_cast<int32_t>(number));
  }

  static Value Bytes(Decoder& in, const Type& type, std::string_view bytes,
                     const avro::Node& stored) {
    const bool decimal = type.Is(TypeKind::kDecimal) ||
                         (type.Is(TypeKind::kUnknown) && stored.logical_type == "decimal");
    if (!decimal) return Checked(in, type, std::string(bytes));
    if (!in.ok()) return Value();
    auto number = DecodeValue(Type::Decimal(Type::kPrecisionMax, 0), bytes);
    if (number.ok()) return *number;
    in.Fail("a partition value is no decimal");
    return Value();
  }

  const avro::Schema& schema_;
  const ManifestHeader& header_;
  const ManifestFile& listed_;
  std::vector<Type> partition_types_;
  std::optional<int64_t> next_row_id_;
  bool unsorted_ = false;
};

}  // namespace

Result<Manifest> ReadManifest(std::string_view bytes, const ManifestFile& listed) {
  avro::ContainerReader reader = TRY(avro::ContainerReader::Open(bytes));
  const avro::Schema& schema = reader.schema();
  if (schema[schema.root()].kind != Kind::kRecord) return Bad("its schema is no record");
  Manifest manifest;
  manifest.header = TRY(ReadHeader(reader.metadata(), listed));
  EntryReader entries(schema, manifest.header, listed);
  while (const auto block = TRY(reader.Next())) {
    Decoder in(schema, block->data);
    for (int64_t i = 0; i < block->records && in.ok(); ++i) {
      ManifestEntry entry;
      entries.Read(in, entry);
      if (in.ok()) manifest.entries.push_back(std::move(entry));
    }
    if (!in.ok()) return Bad(in.error().message);
  }
  return manifest;
}

}  // namespace caudal::lake
