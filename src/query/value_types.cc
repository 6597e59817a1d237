// What a ValueWriter learns from a column's type, and the scalars wider than a machine word.
#include <array>
#include <charconv>
#include <utility>

#include "data/digest.h"
#include "engine/big_number.h"
#include "query/scalars.h"
#include "query/values.h"

namespace caudal::query {
namespace {

using engine::Int128;
using engine::UInt128;
using Kind = engine::Shape::Kind;

int ScaleOf(std::string_view decimal) {
  const size_t comma = decimal.find(',');
  int scale = 0;
  if (comma != std::string_view::npos)
    std::from_chars(decimal.data() + comma + 1, decimal.data() + decimal.size(), scale);
  return scale;
}

int DigitsOf(char unit) { return unit == 's' ? 0 : unit == 'm' ? 3 : unit == 'u' ? 6 : 9; }

}  // namespace

Result<ValueWriter> ValueWriter::Make(const engine::Field& field) {
  ValueWriter writer;
  writer.shape_ = field.shape;
  TRY(writer.Choose(field));
  return writer;
}

Result<void> ValueWriter::Choose(const engine::Field& field) {
  if (!field.dictionary.empty()) {
    op_ = Op::kEnum;
    ValueWriter values = TRY(Make(field.dictionary[0]));
    children_.push_back(std::move(values));
    look_ = children_[0].look_;
    return {};
  }
  switch (shape_.kind) {
    case Kind::kNull:
      return {};
    case Kind::kBits:
      op_ = Op::kBit;
      return {};
    case Kind::kText32:
    case Kind::kText64:
      ChooseBytes(field);
      return {};
    case Kind::kFixed:
      break;
    default:
      return ChooseNested(field);
  }
  const std::string_view format = field.format;
  if (format[0] == 'w') {
    ChooseFixedBytes(field);
    return {};
  }
  if (format == "c" && field.ExtensionType() == "arrow.bool8") {
    op_ = Op::kBool8;
    return {};
  }
  if (ChooseNumber(format) || ChooseTime(format)) return {};
  return MakeError(ErrorKind::kUnsupported, "the column '" + field.name +
                                                "' is of a type that has no text here (Arrow's '" +
                                                field.format + "'): cast it to VARCHAR");
}

Result<void> ValueWriter::ChooseNested(const engine::Field& field) {
  look_ = Look::kNested;
  op_ = shape_.kind == Kind::kStruct  ? Op::kStruct
        : shape_.kind == Kind::kUnion ? Op::kUnion
        : field.format == "+m"        ? Op::kMap
                                      : Op::kList;
  const engine::Field& parent = op_ == Op::kMap ? field.children[0] : field;
  for (const engine::Field& child : parent.children) {
    ValueWriter member = TRY(Make(child));
    children_.push_back(std::move(member));
    if ((op_ != Op::kStruct && op_ != Op::kUnion) || child.name.empty()) continue;
    AppendJsonText(children_.back().key_, child.name);
    children_.back().key_ += ':';
  }
  return {};
}

void ValueWriter::ChooseBytes(const engine::Field& field) {
  const std::string_view extension = field.ExtensionType();
  look_ = Look::kQuoted;
  if (field.format == "u" || field.format == "U") {
    op_ = Op::kText;
    look_ = Look::kText;
  } else if (extension == "bit") {
    op_ = Op::kBits;
  } else if (extension == "bignum") {
    op_ = Op::kBignum;
  } else {
    op_ = Op::kBlob;
  }
}

void ValueWriter::ChooseFixedBytes(const engine::Field& field) {
  const std::string_view extension = field.ExtensionType();
  look_ = Look::kQuoted;
  op_ = Op::kFixedBlob;
  if (shape_.width == 16) {
    if (extension == "hugeint") op_ = Op::kHugeint;
    if (extension == "uhugeint") op_ = Op::kUhugeint;
    if (extension == "arrow.uuid") op_ = Op::kUuid;
  } else if (shape_.width == 8 && extension == "time_tz") {
    op_ = Op::kTimeTz;
  }
}

bool ValueWriter::ChooseNumber(std::string_view format) {
  constexpr auto kOps = std::to_array<std::pair<std::string_view, Op>>({
      {"c", Op::kInt8},
      {"C", Op::kUint8},
      {"s", Op::kInt16},
      {"S", Op::kUint16},
      {"i", Op::kInt32},
      {"I", Op::kUint32},
      {"l", Op::kInt64},
      {"L", Op::kUint64},
      {"f", Op::kFloat},
      {"g", Op::kDouble},
  });
  for (const auto& [name, op] : kOps) {
    if (name != format) continue;
    op_ = op;
    // Beyond 2^53 many JSON readers lose digits.
    if (op == Op::kInt64 || op == Op::kUint64) look_ = Look::kQuoted;
    return true;
  }
  if (!format.starts_with("d:")) return false;
  op_ = shape_.width == 4 ? Op::kDecimal32 : shape_.width == 8 ? Op::kDecimal64 : Op::kDecimal128;
  look_ = Look::kQuoted;
  scale_ = ScaleOf(format);
  return true;
}

bool ValueWriter::ChooseTime(std::string_view format) {
  if (format == "tin") {
    op_ = Op::kInterval;
    look_ = Look::kNested;
    return true;
  }
  look_ = Look::kQuoted;
  if (format == "tdD") {
    op_ = Op::kDate;
    return true;
  }
  if (format == "ttu" || format == "ttn") {
    op_ = Op::kTime;
    scale_ = DigitsOf(format[2]);
    return true;
  }
  if (!format.starts_with("ts")) return false;
  op_ = Op::kTimestamp;
  scale_ = DigitsOf(format[2]);
  zone_ = format.size() > 4;
  return true;
}

void ValueWriter::AppendWide(std::string& out, const ArrowArray& array, int64_t row) const {
  switch (op_) {
    case Op::kUhugeint:
      return engine::AppendUnsigned(out, ValueAt<UInt128>(array, row));
    case Op::kDecimal32:
      return engine::AppendDecimal(out, ValueAt<int32_t>(array, row), scale_, true);
    case Op::kDecimal64:
      return engine::AppendDecimal(out, ValueAt<int64_t>(array, row), scale_, true);
    default:
      return engine::AppendDecimal(out, ValueAt<Int128>(array, row), scale_, true);
  }
}

void ValueWriter::AppendBytes(std::string& out, const ArrowArray& array, int64_t row) const {
  switch (op_) {
    case Op::kText:
      out += BytesAt(array, row);
      return;
    case Op::kBits:
      return engine::AppendBits(out, BytesAt(array, row));
    case Op::kBignum:
      return engine::AppendBigNumber(out, BytesAt(array, row));
    case Op::kUuid:
      return engine::AppendUuid(out,
                                static_cast<const unsigned char*>(array.buffers[1]) + row * 16);
    default:
      return AppendBase64(out, BytesAt(array, row));
  }
}

}  // namespace caudal::query
