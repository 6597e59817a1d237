#include "query/arrow_columns.h"

#include <charconv>

#include "engine/wire.h"

namespace caudal::query {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using engine::Shape;
using Kind = Shape::Kind;
using Form = ArrowColumn::Form;

struct TypeOffset {
  ipc::Type type = ipc::Type::NONE;
  flatbuffers::Offset<void> offset;
};

Form FormOf(const engine::Field& field) {
  const std::string_view extension = field.ExtensionType();
  if (extension == "hugeint") return Form::kDecimal;
  if (extension == "uhugeint") return Form::kUnsignedDecimal;
  if (extension == "bit" || extension == "bignum" || extension == "time_tz") return Form::kText;
  if (extension == "arrow.bool8") return Form::kBits;
  return Form::kAsItIs;
}

int NumberIn(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

ipc::TimeUnit UnitOf(char unit) {
  switch (unit) {
    case 's':
      return ipc::TimeUnit::SECOND;
    case 'm':
      return ipc::TimeUnit::MILLISECOND;
    case 'u':
      return ipc::TimeUnit::MICROSECOND;
    default:
      return ipc::TimeUnit::NANOSECOND;
  }
}

TypeOffset IntType(Builder& builder, int64_t bytes, bool is_signed) {
  return {ipc::Type::Int,
          ipc::CreateInt(builder, static_cast<int32_t>(bytes * 8), is_signed).Union()};
}

// "d:18,2", "d:4,1,32"
TypeOffset DecimalType(Builder& builder, const engine::Field& field) {
  const std::string_view format = field.format;
  const size_t comma = format.find(',');
  const int scale = comma == std::string_view::npos ? 0 : NumberIn(format.substr(comma + 1));
  return {ipc::Type::Decimal, ipc::CreateDecimal(builder, NumberIn(format.substr(2)), scale,
                                                 static_cast<int32_t>(field.shape.width * 8))
                                  .Union()};
}

TypeOffset TimestampType(Builder& builder, std::string_view format) {
  const std::string zone(format.substr(std::min<size_t>(4, format.size())));
  const auto name =
      zone.empty() ? flatbuffers::Offset<flatbuffers::String>() : builder.CreateString(zone);
  return {ipc::Type::Timestamp, ipc::CreateTimestamp(builder, UnitOf(format[2]), name).Union()};
}

TypeOffset FixedType(Builder& builder, const engine::Field& field) {
  const std::string_view format = field.format;
  const int64_t width = field.shape.width;
  if (format.size() == 1) {
    constexpr std::string_view kSigned = "csil";
    constexpr std::string_view kUnsigned = "CSIL";
    if (kSigned.find(format[0]) != std::string_view::npos) return IntType(builder, width, true);
    if (kUnsigned.find(format[0]) != std::string_view::npos) return IntType(builder, width, false);
    const auto precision = format == "f"   ? ipc::Precision::SINGLE
                           : format == "g" ? ipc::Precision::DOUBLE
                                           : ipc::Precision::HALF;
    return {ipc::Type::FloatingPoint, ipc::CreateFloatingPoint(builder, precision).Union()};
  }
  if (format.starts_with("d:")) return DecimalType(builder, field);
  if (format.starts_with("w:"))
    return {ipc::Type::FixedSizeBinary,
            ipc::CreateFixedSizeBinary(builder, static_cast<int32_t>(width)).Union()};
  if (format == "tdD")
    return {ipc::Type::Date, ipc::CreateDate(builder, ipc::DateUnit::DAY).Union()};
  if (format.starts_with("tt"))
    return {ipc::Type::Time,
            ipc::CreateTime(builder, UnitOf(format[2]), static_cast<int32_t>(width * 8)).Union()};
  if (format.starts_with("ts")) return TimestampType(builder, format);
  if (format == "tin")
    return {ipc::Type::Interval,
            ipc::CreateInterval(builder, ipc::IntervalUnit::MONTH_DAY_NANO).Union()};
  return {};
}

TypeOffset UnionType(Builder& builder, const engine::Field& field) {
  const std::vector<int32_t> ids(field.shape.union_ids.begin(), field.shape.union_ids.end());
  return {ipc::Type::Union, ipc::CreateUnionDirect(builder, ipc::UnionMode::Sparse, &ids).Union()};
}

TypeOffset TypeOf(Builder& builder, const engine::Field& field) {
  switch (field.shape.kind) {
    case Kind::kNull:
      return {ipc::Type::Null, ipc::CreateNull(builder).Union()};
    case Kind::kBits:
      return {ipc::Type::Bool, ipc::CreateBool(builder).Union()};
    case Kind::kFixed:
      return FixedType(builder, field);
    case Kind::kText32:
      if (field.format == "u") return {ipc::Type::Utf8, ipc::CreateUtf8(builder).Union()};
      return {ipc::Type::Binary, ipc::CreateBinary(builder).Union()};
    case Kind::kText64:
      if (field.format == "U") return {ipc::Type::LargeUtf8, ipc::CreateLargeUtf8(builder).Union()};
      return {ipc::Type::LargeBinary, ipc::CreateLargeBinary(builder).Union()};
    case Kind::kList32:
      if (field.format == "+m") return {ipc::Type::Map, ipc::CreateMap(builder).Union()};
      return {ipc::Type::List, ipc::CreateList(builder).Union()};
    case Kind::kList64:
      return {ipc::Type::LargeList, ipc::CreateLargeList(builder).Union()};
    case Kind::kFixedList:
      return {ipc::Type::FixedSizeList,
              ipc::CreateFixedSizeList(builder, static_cast<int32_t>(field.shape.width)).Union()};
    case Kind::kStruct:
      return {ipc::Type::Struct_, ipc::CreateStruct_(builder).Union()};
    case Kind::kUnion:
      return UnionType(builder, field);
  }
  return {};
}

TypeOffset TypeOf(Builder& builder, const ArrowColumn& column) {
  switch (column.form) {
    case Form::kDecimal:
    case Form::kUnsignedDecimal:
      return {ipc::Type::Decimal, ipc::CreateDecimal(builder, 38, 0, 128).Union()};
    case Form::kText:
      return {ipc::Type::Utf8, ipc::CreateUtf8(builder).Union()};
    case Form::kBits:
      return {ipc::Type::Bool, ipc::CreateBool(builder).Union()};
    case Form::kAsItIs:
      break;
  }
  return TypeOf(builder,
                column.field.dictionary.empty() ? column.field : column.field.dictionary[0]);
}

flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<ipc::KeyValue>>> MetadataOf(
    Builder& builder, const ArrowColumn& column) {
  std::vector<flatbuffers::Offset<ipc::KeyValue>> pairs;
  engine::WireReader reader(column.form == Form::kAsItIs ? column.field.metadata
                                                         : std::string_view());
  const size_t count = reader.GetCount(8);
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view key = reader.GetText();
    const std::string_view value = reader.GetText();
    const auto key_text = builder.CreateString(key);
    pairs.push_back(ipc::CreateKeyValue(builder, key_text, builder.CreateString(value)));
  }
  if (pairs.empty()) return {};
  return builder.CreateVector(pairs);
}

}  // namespace

Result<ArrowColumn> ArrowColumn::Make(const engine::Field& field, int64_t& dictionaries) {
  ArrowColumn column;
  column.field = field;
  column.form = FormOf(field);
  if (column.form == Form::kText) column.text = TRY(ValueWriter::Make(field));
  if (!field.dictionary.empty()) {
    column.dictionary = dictionaries++;
    ArrowColumn values = TRY(Make(field.dictionary[0], dictionaries));
    column.dictionary_values.push_back(std::move(values));
  }
  for (const engine::Field& child : field.children) {
    ArrowColumn made = TRY(Make(child, dictionaries));
    column.children.push_back(std::move(made));
  }
  if (field.format == "+m") {
    // Readers insist on it.
    column.children[0].field.flags = 0;
    column.children[0].children[0].field.flags = 0;
  }
  return column;
}

Result<flatbuffers::Offset<ipc::Field>> ArrowColumn::Write(Builder& builder) const {
  std::vector<flatbuffers::Offset<ipc::Field>> parts;
  for (const ArrowColumn& child : children) {
    const auto part = TRY(child.Write(builder));
    parts.push_back(part);
  }
  const auto name = builder.CreateString(field.name);
  const TypeOffset type = TypeOf(builder, *this);
  if (type.type == ipc::Type::NONE)
    return MakeError(ErrorKind::kUnsupported, "the column '" + field.name +
                                                  "' is of a type that goes into no Arrow stream "
                                                  "('" +
                                                  field.format + "'): cast it to VARCHAR");
  flatbuffers::Offset<ipc::DictionaryEncoding> encoding;
  if (dictionary >= 0) {
    const auto index = ipc::CreateInt(builder, static_cast<int32_t>(field.shape.width * 8), false);
    encoding = ipc::CreateDictionaryEncoding(builder, dictionary, index);
  }
  const auto child_offsets = builder.CreateVector(parts);
  const auto metadata = MetadataOf(builder, *this);
  return ipc::CreateField(builder, name, (field.flags & ARROW_FLAG_NULLABLE) != 0, type.type,
                          type.offset, encoding, child_offsets, metadata);
}

}  // namespace caudal::query
