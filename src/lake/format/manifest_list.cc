#include "lake/format/manifest_list.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "codec/avro/container.h"
#include "codec/avro/decoder.h"
#include "lake/format/manifest_schema.h"

namespace caudal::lake {
namespace {

using avro::Decoder;
using avro::NodeId;

Error Bad(std::string message) {
  return MakeError(ErrorKind::kInvalid, "manifest list: " + std::move(message));
}

std::optional<std::string> ReadBytes(Decoder& in, NodeId node) {
  const auto bytes = in.OptionalBinary(node);
  if (!bytes) return std::nullopt;
  return std::string(*bytes);
}

std::optional<int32_t> ReadCount(Decoder& in, NodeId node) {
  const auto count = in.OptionalInteger(node);
  if (!count) return std::nullopt;
  if (*count < 0 || *count > std::numeric_limits<int32_t>::max()) in.Fail("a count out of range");
  return static_cast<int32_t>(*count);
}

FieldSummary ReadSummary(Decoder& in, const avro::Schema& schema, NodeId node) {
  FieldSummary summary;
  node = in.Enter(node);
  if (schema[node].kind != avro::Kind::kRecord) {
    in.Fail("a partition summary is no record");
    return summary;
  }
  for (const avro::RecordField& field : schema[node].fields) {
    switch (field.field_id.value_or(-1)) {
      case 509:
        summary.contains_null = in.Truth(field.type);
        break;
      case 518: {
        const NodeId type = in.Enter(field.type);
        if (schema[type].kind == avro::Kind::kNull) break;
        summary.contains_nan = in.Truth(type);
        break;
      }
      case 510:
        summary.lower_bound = ReadBytes(in, field.type);
        break;
      case 511:
        summary.upper_bound = ReadBytes(in, field.type);
        break;
      default:
        in.Skip(field.type);
    }
  }
  return summary;
}

void ReadField(Decoder& in, const avro::Schema& schema, const avro::RecordField& field,
               ManifestFile& file) {
  const NodeId type = field.type;
  switch (field.field_id.value_or(-1)) {
    case 500:
      file.path = in.Binary(type);
      break;
    case 501:
      file.length = in.Integer(type);
      break;
    case 502:
      file.partition_spec_id = ReadCount(in, type).value_or(0);
      break;
    case 517: {
      const int64_t content = in.OptionalInteger(type).value_or(0);
      if (content != 0 && content != 1) in.Fail("a manifest's content is neither 0 nor 1");
      file.content = content == 1 ? ManifestContent::kDeletes : ManifestContent::kData;
      break;
    }
    case 515:
      file.sequence_number = in.OptionalInteger(type).value_or(0);
      break;
    case 516:
      file.min_sequence_number = in.OptionalInteger(type).value_or(0);
      break;
    case 503:
      file.added_snapshot_id = in.OptionalInteger(type).value_or(0);
      break;
    case 504:
      file.added_files = ReadCount(in, type);
      break;
    case 505:
      file.existing_files = ReadCount(in, type);
      break;
    case 506:
      file.deleted_files = ReadCount(in, type);
      break;
    case 512:
      file.added_rows = in.OptionalInteger(type);
      break;
    case 513:
      file.existing_rows = in.OptionalInteger(type);
      break;
    case 514:
      file.deleted_rows = in.OptionalInteger(type);
      break;
    case 507:
      in.Items(type,
               [&](NodeId item) { file.partitions.push_back(ReadSummary(in, schema, item)); });
      break;
    case 519:
      file.key_metadata = ReadBytes(in, type);
      break;
    case 520:
      file.first_row_id = in.OptionalInteger(type);
      break;
    default:
      in.Skip(type);
  }
}

void WriteOptional(avro::Encoder& out, const std::optional<std::string>& bytes) {
  out.Long(bytes ? 1 : 0);
  if (bytes) out.Bytes(*bytes);
}

void WriteSummaries(avro::Encoder& out, const std::vector<FieldSummary>& summaries) {
  out.Long(summaries.empty() ? 0 : 1);
  if (summaries.empty()) return;
  out.BeginItems(summaries.size());
  for (const FieldSummary& summary : summaries) {
    out.Boolean(summary.contains_null);
    out.Long(summary.contains_nan ? 1 : 0);
    if (summary.contains_nan) out.Boolean(*summary.contains_nan);
    WriteOptional(out, summary.lower_bound);
    WriteOptional(out, summary.upper_bound);
  }
  out.EndItems();
}

Result<void> WriteOne(avro::Encoder& out, const ManifestFile& file,
                      const ManifestListHeader& header) {
  if (!file.added_files || !file.existing_files || !file.deleted_files || !file.added_rows ||
      !file.existing_rows || !file.deleted_rows)
    return Bad(fmt::format("the counts of {} are not known", file.path));
  const bool unassigned = file.sequence_number == ManifestFile::kUnassigned ||
                          file.min_sequence_number == ManifestFile::kUnassigned;
  if (unassigned && file.added_snapshot_id != header.snapshot_id)
    return Bad(
        fmt::format("{} was added by another snapshot, and has no sequence number", file.path));
  const auto assigned = [&](int64_t number) {
    return number == ManifestFile::kUnassigned ? header.sequence_number : number;
  };
  out.Bytes(file.path);
  out.Long(file.length);
  out.Long(file.partition_spec_id);
  out.Long(static_cast<int>(file.content));
  out.Long(assigned(file.sequence_number));
  out.Long(assigned(file.min_sequence_number));
  out.Long(file.added_snapshot_id);
  out.Long(*file.added_files);
  out.Long(*file.existing_files);
  out.Long(*file.deleted_files);
  out.Long(*file.added_rows);
  out.Long(*file.existing_rows);
  out.Long(*file.deleted_rows);
  WriteSummaries(out, file.partitions);
  WriteOptional(out, file.key_metadata);
  if (header.format_version < 3) return {};
  if (file.content == ManifestContent::kData && !file.first_row_id)
    return Bad(fmt::format("{} has no first row id", file.path));
  const bool has_rows = file.content == ManifestContent::kData;
  out.Long(has_rows ? 1 : 0);
  if (has_rows) out.Long(*file.first_row_id);
  return {};
}

}  // namespace

int64_t AssignFirstRowIds(std::vector<ManifestFile>& manifests, int64_t next_row_id) {
  for (ManifestFile& file : manifests) {
    if (file.content != ManifestContent::kData || file.first_row_id) continue;
    file.first_row_id = next_row_id;
    next_row_id += file.added_rows.value_or(0) + file.existing_rows.value_or(0);
  }
  return next_row_id;
}

Result<std::string> WriteManifestList(const ManifestListHeader& header,
                                      const std::vector<ManifestFile>& manifests) {
  if (header.format_version != 2 && header.format_version != 3)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("writing manifest lists of format version {}; upgrade the table",
                                 header.format_version));
  avro::Metadata metadata = {
      {"format-version", std::to_string(header.format_version)},
      {"snapshot-id", std::to_string(header.snapshot_id)},
      {"parent-snapshot-id",
       header.parent_snapshot_id ? std::to_string(*header.parent_snapshot_id) : "null"},
      {"sequence-number", std::to_string(header.sequence_number)}};
  if (header.format_version >= 3)
    metadata["first-row-id"] =
        header.first_row_id ? std::to_string(*header.first_row_id) : std::string("null");
  avro::ContainerWriter writer(ManifestListAvroSchema(header.format_version), metadata);
  for (const ManifestFile& file : manifests) {
    TRY(WriteOne(writer.out(), file, header));
    writer.EndRecord();
  }
  return writer.Finish();
}

Result<std::vector<ManifestFile>> ReadManifestList(std::string_view bytes) {
  avro::ContainerReader reader = TRY(avro::ContainerReader::Open(bytes));
  const avro::Schema& schema = reader.schema();
  const avro::Node& root = schema[schema.root()];
  if (root.kind != avro::Kind::kRecord) return Bad("its schema is no record");
  std::vector<ManifestFile> manifests;
  while (const auto block = TRY(reader.Next())) {
    Decoder in(schema, block->data);
    for (int64_t i = 0; i < block->records && in.ok(); ++i) {
      ManifestFile file;
      for (const avro::RecordField& field : root.fields) ReadField(in, schema, field, file);
      if (in.ok() && file.path.empty()) in.Fail("a manifest has no path");
      if (in.ok()) manifests.push_back(std::move(file));
    }
    if (!in.ok()) return Bad(in.error().message);
  }
  return manifests;
}

}  // namespace caudal::lake
