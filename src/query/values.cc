#include "query/values.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "query/scalars.h"

namespace caudal::query {
namespace {

using engine::Shape;
using Kind = Shape::Kind;

bool IsSet(const void* bits, int64_t row) {
  return (static_cast<const uint8_t*>(bits)[row / 8] >> (row % 8) & 1) != 0;
}

int64_t IndexAt(const ArrowArray& array, int64_t width, int64_t row) {
  if (width == 1) return ValueAt<uint8_t>(array, row);
  if (width == 2) return ValueAt<uint16_t>(array, row);
  return ValueAt<uint32_t>(array, row);
}

}  // namespace

void AppendJsonText(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, begin, i - begin);
    begin = i + 1;
    out += '\\';
    if (c == '"' || c == '\\') {
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += 'n';
    } else if (c == '\t') {
      out += 't';
    } else if (c == '\r') {
      out += 'r';
    } else {
      out += {'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
    }
  }
  out.append(text, begin);
  out += '"';
}

bool ValueWriter::IsNull(const ArrowArray& array, int64_t row) const {
  if (op_ == Op::kNull) return true;
  row += array.offset;
  if (op_ == Op::kUnion) {
    const size_t member = MemberAt(array, row);
    return children_[member].IsNull(*array.children[member], row);
  }
  return array.buffers[0] != nullptr && !IsSet(array.buffers[0], row);
}

void ValueWriter::AppendJson(std::string& out, const ArrowArray& array, int64_t row) const {
  if (IsNull(array, row)) {
    out += "null";
    return;
  }
  if (look_ == Look::kQuoted) {
    out += '"';
    AppendText(out, array, row);
    out += '"';
    return;
  }
  row += array.offset;
  if (look_ == Look::kNested) return AppendNested(out, array, row);
  if (op_ == Op::kEnum)
    return children_[0].AppendJson(out, *array.dictionary, IndexAt(array, shape_.width, row));
  if (look_ == Look::kText) return AppendJsonText(out, BytesAt(array, row));
  // JSON has no word for these.
  const bool wordless = (op_ == Op::kDouble && !std::isfinite(ValueAt<double>(array, row))) ||
                        (op_ == Op::kFloat && !std::isfinite(ValueAt<float>(array, row)));
  if (wordless) out += '"';
  AppendScalar(out, array, row);
  if (wordless) out += '"';
}

void ValueWriter::AppendText(std::string& out, const ArrowArray& array, int64_t row) const {
  row += array.offset;
  if (look_ == Look::kNested) return AppendNested(out, array, row);
  if (op_ == Op::kEnum)
    return children_[0].AppendText(out, *array.dictionary, IndexAt(array, shape_.width, row));
  AppendScalar(out, array, row);
}

std::string_view ValueWriter::BytesAt(const ArrowArray& array, int64_t row) const {
  if (op_ == Op::kFixedBlob)
    return {static_cast<const char*>(array.buffers[1]) + row * shape_.width,
            static_cast<size_t>(shape_.width)};
  const auto* text = static_cast<const char*>(array.buffers[2]);
  if (shape_.kind == Kind::kText32) {
    const auto* offsets = static_cast<const int32_t*>(array.buffers[1]);
    return {text + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
  const auto* offsets = static_cast<const int64_t*>(array.buffers[1]);
  return {text + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
}

ValueWriter::Items ValueWriter::ItemsOf(const ArrowArray& array, int64_t row) const {
  if (shape_.kind == Kind::kFixedList) return {row * shape_.width, (row + 1) * shape_.width};
  if (shape_.kind == Kind::kList32) {
    const auto* offsets = static_cast<const int32_t*>(array.buffers[1]);
    return {offsets[row], offsets[row + 1]};
  }
  const auto* offsets = static_cast<const int64_t*>(array.buffers[1]);
  return {offsets[row], offsets[row + 1]};
}

size_t ValueWriter::MemberAt(const ArrowArray& array, int64_t row) const {
  const int8_t id = static_cast<const int8_t*>(array.buffers[0])[row];
  const auto& ids = shape_.union_ids;
  return static_cast<size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin());
}

void ValueWriter::AppendNested(std::string& out, const ArrowArray& array, int64_t row) const {
  switch (op_) {
    case Op::kInterval: {
      engine::Interval interval;
      std::memcpy(&interval, static_cast<const char*>(array.buffers[1]) + row * 16,
                  sizeof interval);
      return AppendIntervalObject(out, interval);
    }
    case Op::kStruct:
      return AppendStruct(out, array, row);
    case Op::kUnion: {
      const size_t member = MemberAt(array, row);
      out += '{';
      out += children_[member].key_;
      children_[member].AppendJson(out, *array.children[member], row);
      out += '}';
      return;
    }
    default:
      break;
  }
  const Items items = ItemsOf(array, row);
  const ArrowArray& item = *array.children[0];
  out += '[';
  for (int64_t i = items.first; i < items.last; ++i) {
    if (i > items.first) out += ',';
    if (op_ == Op::kList) {
      children_[0].AppendJson(out, item, i);
      continue;
    }
    out += '[';
    children_[0].AppendJson(out, *item.children[0], i + item.offset);
    out += ',';
    children_[1].AppendJson(out, *item.children[1], i + item.offset);
    out += ']';
  }
  out += ']';
}

// Members without names make an array.
void ValueWriter::AppendStruct(std::string& out, const ArrowArray& array, int64_t row) const {
  const bool named = children_.empty() || !children_[0].key_.empty();
  out += named ? '{' : '[';
  for (size_t i = 0; i < children_.size(); ++i) {
    if (i > 0) out += ',';
    out += children_[i].key_;
    children_[i].AppendJson(out, *array.children[i], row);
  }
  out += named ? '}' : ']';
}

void ValueWriter::AppendScalar(std::string& out, const ArrowArray& array, int64_t row) const {
  switch (op_) {
    case Op::kBit:
      out += IsSet(array.buffers[1], row) ? "true" : "false";
      return;
    case Op::kBool8:
      out += ValueAt<int8_t>(array, row) != 0 ? "true" : "false";
      return;
    case Op::kInt8:
      return AppendInteger(out, static_cast<int>(ValueAt<int8_t>(array, row)));
    case Op::kUint8:
      return AppendInteger(out, static_cast<int>(ValueAt<uint8_t>(array, row)));
    case Op::kInt16:
      return AppendInteger(out, ValueAt<int16_t>(array, row));
    case Op::kUint16:
      return AppendInteger(out, ValueAt<uint16_t>(array, row));
    case Op::kInt32:
      return AppendInteger(out, ValueAt<int32_t>(array, row));
    case Op::kUint32:
      return AppendInteger(out, ValueAt<uint32_t>(array, row));
    case Op::kInt64:
      return AppendInteger(out, ValueAt<int64_t>(array, row));
    case Op::kUint64:
      return AppendInteger(out, ValueAt<uint64_t>(array, row));
    case Op::kFloat:
      return AppendFloat(out, ValueAt<float>(array, row));
    case Op::kDouble:
      return AppendFloat(out, ValueAt<double>(array, row));
    case Op::kHugeint:
    case Op::kUhugeint:
    case Op::kDecimal32:
    case Op::kDecimal64:
    case Op::kDecimal128:
      return AppendWide(out, array, row);
    case Op::kDate:
    case Op::kTime:
    case Op::kTimeTz:
    case Op::kTimestamp:
      return AppendMoment(out, array, row);
    default:
      return AppendBytes(out, array, row);
  }
}

void ValueWriter::AppendMoment(std::string& out, const ArrowArray& array, int64_t row) const {
  if (op_ == Op::kDate) return AppendDate(out, ValueAt<int32_t>(array, row));
  if (op_ == Op::kTime) return AppendTime(out, ValueAt<int64_t>(array, row), scale_);
  if (op_ == Op::kTimeTz) return AppendTimeWithZone(out, ValueAt<uint64_t>(array, row));
  AppendTimestamp(out, ValueAt<int64_t>(array, row), scale_, zone_);
}

}  // namespace caudal::query
