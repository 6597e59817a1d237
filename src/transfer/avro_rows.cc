#include "transfer/avro_rows.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "codec/avro/container.h"
#include "codec/avro/decoder.h"
#include "data/batch_builder.h"
#include "data/utf8.h"
#include "engine/parquet_writer.h"
#include "os/mapped_file.h"
#include "transfer/schema_text.h"

namespace caudal::transfer {
namespace {

constexpr int64_t kBatchRows = 16'384;
constexpr uint64_t kBatchBytes = 16u << 20;
constexpr int kDepthMax = 32;

// The node beside null of a union.
struct Branch {
  avro::NodeId node = 0;
  bool optional = false;
};

Result<Branch> BranchOf(const avro::Schema& schema, avro::NodeId id) {
  const avro::Node& node = schema[id];
  if (node.kind != avro::Kind::kUnion) return Branch{id, false};
  std::optional<avro::NodeId> found;
  bool optional = false;
  for (const avro::NodeId child : node.children) {
    if (schema[child].kind == avro::Kind::kNull) {
      optional = true;
    } else if (found) {
      return MakeError(ErrorKind::kUnsupported, "a union of several types");
    } else {
      found = child;
    }
  }
  if (!found) return MakeError(ErrorKind::kUnsupported, "a union of nothing but null");
  return Branch{*found, optional};
}

class TypeMaker {
 public:
  explicit TypeMaker(const avro::Schema& schema) : schema_(schema) {}

  Result<Field> FieldOf(std::string name, avro::NodeId id, int depth) {
    if (depth > kDepthMax) return MakeError(ErrorKind::kUnsupported, "types nest too deep");
    const Branch branch = TRY(BranchOf(schema_, id));
    Field field;
    field.name = std::move(name);
    field.type = TRY(TypeOf(schema_[branch.node], depth));
    return field;
  }

 private:
  static Result<Type> DecimalOf(const avro::Node& node) {
    const int precision = node.IntAttribute("precision").value_or(0);
    const int scale = node.IntAttribute("scale").value_or(0);
    if (precision < 1 || precision > Type::kPrecisionMax || scale < 0 || scale > precision)
      return MakeError(ErrorKind::kUnsupported, fmt::format("decimal({}, {})", precision, scale));
    return Type::Decimal(precision, scale);
  }

  static bool IsLocal(const avro::Node& node) {
    const auto utc = node.attributes.find("adjust-to-utc");
    return node.logical_type.starts_with("local-") ||
           (utc != node.attributes.end() && *utc == false);
  }

  Result<Type> TypeOf(const avro::Node& node, int depth) {
    const std::string& logical = node.logical_type;
    switch (node.kind) {
      case avro::Kind::kBoolean:
        return Type(TypeKind::kBoolean);
      case avro::Kind::kInt:
        if (logical == "date") return Type(TypeKind::kDate);
        return Type(logical == "time-millis" ? TypeKind::kTime : TypeKind::kInt);
      case avro::Kind::kLong:
        if (logical == "time-micros") return Type(TypeKind::kTime);
        if (logical.ends_with("timestamp-millis") || logical.ends_with("timestamp-micros"))
          return Type(IsLocal(node) ? TypeKind::kTimestamp : TypeKind::kTimestampTz);
        return Type(TypeKind::kLong);
      case avro::Kind::kFloat:
        return Type(TypeKind::kFloat);
      case avro::Kind::kDouble:
        return Type(TypeKind::kDouble);
      case avro::Kind::kString:
        return Type(logical == "uuid" ? TypeKind::kUuid : TypeKind::kString);
      case avro::Kind::kEnum:
        return Type(TypeKind::kString);
      case avro::Kind::kBytes:
        if (logical == "decimal") return DecimalOf(node);
        return Type(TypeKind::kBinary);
      case avro::Kind::kFixed:
        if (logical == "decimal") return DecimalOf(node);
        return Type(logical == "uuid" && node.size == 16 ? TypeKind::kUuid : TypeKind::kBinary);
      case avro::Kind::kArray: {
        Field element = TRY(FieldOf("element", node.children[0], depth + 1));
        return Type::List(std::move(element));
      }
      case avro::Kind::kMap: {
        Field key;
        key.type = Type(TypeKind::kString);
        Field value = TRY(FieldOf("value", node.children[0], depth + 1));
        return Type::Map(std::move(key), std::move(value));
      }
      case avro::Kind::kRecord: {
        std::vector<Field> fields = TRY(FieldsOf(node, depth + 1));
        return Type::Struct(std::move(fields));
      }
      default:
        return MakeError(ErrorKind::kUnsupported,
                         "values of the type " + std::string(NameOf(node.kind)));
    }
  }

 public:
  Result<std::vector<Field>> FieldsOf(const avro::Node& record, int depth) {
    std::vector<Field> fields;
    for (const avro::RecordField& each : record.fields) {
      Result<Field> field = FieldOf(each.name, each.type, depth);
      if (!field.ok()) return std::move(field).error().Within("field '" + each.name + "'");
      fields.push_back(std::move(field).take());
    }
    return fields;
  }

 private:
  const avro::Schema& schema_;
};

// Two's complement, the highest byte first.
Int128 BigEndian(std::string_view bytes) {
  Int128 value = !bytes.empty() && (bytes[0] & 0x80) != 0 ? -1 : 0;
  for (const char byte : bytes)
    value = static_cast<Int128>(static_cast<unsigned __int128>(value) << 8 |
                                static_cast<unsigned char>(byte));
  return value;
}

// Moves values from the decoder to the columns.
class RowReader {
 public:
  explicit RowReader(const avro::Schema& schema) : schema_(schema) {}

  void ReadRecord(avro::Decoder& in, const avro::Node& record, BatchBuilder& rows) {
    for (size_t i = 0; i < record.fields.size(); ++i)
      Read(in, record.fields[i].type, rows.column(i));
  }

 private:
  void Read(avro::Decoder& in, avro::NodeId id, ColumnBuilder& out) {
    const avro::Node& node = schema_[in.Enter(id)];
    if (!in.ok() || node.kind == avro::Kind::kNull) return out.AppendNull();
    const std::string& logical = node.logical_type;
    const int64_t factor = logical.ends_with("-millis") ? 1000 : 1;
    switch (node.kind) {
      case avro::Kind::kBoolean:
        return out.AppendBoolean(in.Boolean());
      case avro::Kind::kInt: {
        const int32_t value = in.Int();
        if (out.type().Is(TypeKind::kTime)) return out.AppendLong(int64_t{value} * 1000);
        return out.AppendInt(value);
      }
      case avro::Kind::kLong: {
        int64_t value = in.Long();
        if (__builtin_mul_overflow(value, factor, &value)) in.Fail("a time that is too far away");
        return out.AppendLong(value);
      }
      case avro::Kind::kFloat:
        return out.AppendFloat(in.Float());
      case avro::Kind::kDouble:
        return out.AppendDouble(in.Double());
      case avro::Kind::kEnum: {
        const int32_t symbol = in.Int();
        if (symbol < 0 || static_cast<size_t>(symbol) >= node.symbols.size()) {
          in.Fail("there is no such symbol of an enum");
          return out.AppendNull();
        }
        return out.AppendBytes(node.symbols[static_cast<size_t>(symbol)]);
      }
      case avro::Kind::kString:
      case avro::Kind::kBytes:
        return ReadBytes(in, in.Bytes(), out);
      case avro::Kind::kFixed:
        return ReadBytes(in, in.Fixed(static_cast<size_t>(node.size)), out);
      default:
        return ReadNested(in, node, out);
    }
  }

  static void ReadBytes(avro::Decoder& in, std::string_view bytes, ColumnBuilder& out) {
    if (!in.ok()) return out.AppendNull();
    if (out.type().Is(TypeKind::kDecimal)) {
      if (bytes.size() > 16) in.Fail("a decimal of more than 16 bytes");
      return out.AppendDecimal(BigEndian(bytes));
    }
    if (out.type().Is(TypeKind::kUuid) && bytes.size() != 16) {
      const Result<std::string> uuid = ParseUuid(bytes);
      if (uuid.ok()) return out.AppendBytes(*uuid);
      in.Fail("a text that is no UUID");
      return out.AppendNull();
    }
    out.AppendBytes(bytes);
  }

  void ReadNested(avro::Decoder& in, const avro::Node& node, ColumnBuilder& out) {
    if (node.kind == avro::Kind::kRecord) {
      for (size_t i = 0; i < node.fields.size(); ++i) Read(in, node.fields[i].type, out.child(i));
      return out.AppendNested();
    }
    const bool map = node.kind == avro::Kind::kMap;
    for (int64_t left = in.NextItems(); left > 0; left = in.NextItems())
      for (; left > 0 && in.ok(); --left) {
        if (map) out.child(0).AppendBytes(in.Bytes());
        Read(in, node.children[0], out.child(map ? 1 : 0));
      }
    out.AppendNested();
  }

  const avro::Schema& schema_;
};

}  // namespace

Result<Schema> ColumnsOfAvro(const avro::Schema& schema) {
  const avro::Node& root = schema[schema.root()];
  if (root.kind != avro::Kind::kRecord)
    return MakeError(ErrorKind::kUnsupported, "an Avro file of something else than records");
  std::vector<Field> fields = TRY(TypeMaker(schema).FieldsOf(root, 0));
  return SchemaOfFields(std::move(fields), {});
}

Result<void> AvroToParquet(engine::InProcessDatabase& database, const std::string& path,
                           const std::string& to, const functions::GoOn& go_on) {
  const os::MappedFile file = TRY(os::MappedFile::Open(path));
  avro::ContainerReader reader = TRY(avro::ContainerReader::Open(file.bytes()));
  const avro::Schema& schema = reader.schema();
  const Schema columns = TRY(ColumnsOfAvro(schema));
  engine::ParquetWriteOptions options;
  options.durable = false;
  const std::unique_ptr<engine::ParquetWriter> writer =
      TRY(engine::ParquetWriter::Open(database, to, columns, options));
  BatchBuilder rows = TRY(BatchBuilder::Make(columns));
  RowReader values(schema);
  const auto flush = [&]() -> Result<void> {
    Batch batch = TRY(rows.Finish());
    return writer->Write(std::move(batch));
  };
  while (true) {
    TRY(go_on());
    const std::optional<avro::ContainerReader::Block> block = TRY(reader.Next());
    if (!block) break;
    avro::Decoder in(schema, block->data);
    for (int64_t i = 0; i < block->records; ++i) {
      values.ReadRecord(in, schema[schema.root()], rows);
      if (!in.ok()) return in.error();
      if (rows.rows() >= kBatchRows || rows.bytes() >= kBatchBytes) TRY(flush());
    }
  }
  if (rows.rows() > 0) TRY(flush());
  if (writer->rows() == 0)
    return MakeError(ErrorKind::kInvalid, "it has no records", "input.empty");
  TRY(writer->Finish());
  return {};
}

}  // namespace caudal::transfer
