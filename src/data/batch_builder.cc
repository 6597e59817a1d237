#include "data/batch_builder.h"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <string>

namespace caudal {
namespace {

// What an array's columns point into.
struct Memory {
  Buffer validity;
  Buffer values;
  Buffer bytes;
};

}  // namespace

ColumnBuilder::Form ColumnBuilder::FormOf(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Form::kBit;
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return Form::kFloat;
    case TypeKind::kDecimal:
      return Form::kDecimal;
    case TypeKind::kUuid:
    case TypeKind::kFixed:
      return Form::kBytes;
    case TypeKind::kString:
    case TypeKind::kBinary:
      return Form::kText;
    case TypeKind::kStruct:
      return Form::kStruct;
    case TypeKind::kList:
    case TypeKind::kMap:
      return Form::kList;
    default:
      return Form::kInt;
  }
}

ColumnBuilder::ColumnBuilder(const Type& type)
    : type_(type), form_(FormOf(type)), width_(static_cast<size_t>(WidthOf(type))) {
  for (const Field& field : type.fields()) children_.emplace_back(field.type);
  if (form_ == Form::kText || form_ == Form::kList) values_.Push(int32_t{0});
}

void ColumnBuilder::Refuse() const { Fatal("a value that is not held as a " + type_.Text()); }

void ColumnBuilder::AppendNull() {
  if (null_count_++ == 0) {
    validity_.Fill(static_cast<size_t>(length_ / 8), 0xff);
    if ((length_ & 7) != 0) validity_.Push(static_cast<char>((1 << (length_ & 7)) - 1));
  }
  PushBit(validity_, length_, false);
  switch (form_) {
    case Form::kBit:
      PushBit(values_, length_, false);
      break;
    case Form::kText:
      values_.Push(static_cast<int32_t>(bytes_.size()));
      break;
    case Form::kList:
      values_.Push(static_cast<int32_t>(children_[0].length_));
      break;
    case Form::kStruct:
      for (ColumnBuilder& child : children_) child.AppendNull();
      break;
    default:
      values_.Fill(width_, 0);
  }
  ++length_;
}

char* ColumnBuilder::AppendBytesLater(size_t length) {
  if (form_ != Form::kText) Refuse();
  const bool fits = length <= kBytesMax - bytes_.size();
  if (!fits) too_long_ = true;
  char* const at = fits ? bytes_.Extend(length) : nullptr;
  values_.Push(static_cast<int32_t>(bytes_.size()));
  Valid();
  return at;
}

void ColumnBuilder::TruncateBits(Buffer& bits, int64_t length) {
  bits.Truncate(static_cast<size_t>((length + 7) / 8));
  // Later bits are set by OR: they must be zeros.
  if ((length & 7) != 0) bits.data()[length >> 3] &= static_cast<char>((1 << (length & 7)) - 1);
}

void ColumnBuilder::Truncate(int64_t length) {
  CAUDAL_CHECK(length >= 0 && length <= length_, "rows of the column");
  if (null_count_ != 0) {
    for (int64_t row = length; row < length_; ++row)
      if ((validity_.data()[row >> 3] >> (row & 7) & 1) == 0) --null_count_;
    TruncateBits(validity_, null_count_ == 0 ? 0 : length);
  }
  length_ = length;
  const auto last_offset = [&] {
    values_.Truncate(static_cast<size_t>(length + 1) * sizeof(int32_t));
    int32_t offset = 0;
    std::memcpy(&offset, values_.data() + length * static_cast<int64_t>(sizeof offset),
                sizeof offset);
    return offset;
  };
  switch (form_) {
    case Form::kBit:
      TruncateBits(values_, length);
      break;
    case Form::kText:
      bytes_.Truncate(static_cast<size_t>(last_offset()));
      break;
    case Form::kList: {
      const int64_t elements = last_offset();
      for (ColumnBuilder& child : children_) child.Truncate(elements);
      break;
    }
    case Form::kStruct:
      for (ColumnBuilder& child : children_) child.Truncate(length);
      break;
    default:
      values_.Truncate(static_cast<size_t>(length) * width_);
  }
}

void ColumnBuilder::AppendNested() {
  if (form_ == Form::kList) {
    const int64_t end = children_[0].length_;
    CAUDAL_CHECK(children_.size() == 1 || children_[1].length_ == end, "a value for every key");
    if (end > INT32_MAX) too_long_ = true;
    values_.Push(static_cast<int32_t>(end));
  } else {
    Require(Form::kStruct, 0);
    for (const ColumnBuilder& child : children_)
      CAUDAL_CHECK(child.length_ == length_ + 1, "one value for every field of the struct");
  }
  Valid();
}

void ColumnBuilder::AppendValue(const Value& value) {
  if (IsNull(value)) return AppendNull();
  if (const auto* v = std::get_if<bool>(&value)) return AppendBoolean(*v);
  if (const auto* v = std::get_if<int32_t>(&value)) return AppendInt(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return AppendLong(*v);
  if (const auto* v = std::get_if<float>(&value)) return AppendFloat(*v);
  if (const auto* v = std::get_if<double>(&value)) return AppendDouble(*v);
  if (const auto* v = std::get_if<Int128>(&value)) return AppendDecimal(*v);
  AppendBytes(std::get<std::string>(value));
}

void ColumnBuilder::AppendBytesOf(const Array& source, int64_t first, int64_t count) {
  const int32_t* at = source.offsets() + first;
  const auto inside = static_cast<size_t>(at[count] - at[0]);
  if (inside > kBytesMax - bytes_.size()) {
    too_long_ = true;
    for (int64_t i = 0; i < count; ++i) values_.Push(static_cast<int32_t>(bytes_.size()));
    return;
  }
  const int32_t shift = static_cast<int32_t>(bytes_.size()) - at[0];
  if (inside > 0) bytes_.Push(source.bytes(first).data(), inside);
  values_.Reserve(static_cast<size_t>(count) * 4);
  for (int64_t i = 1; i <= count; ++i) values_.Push(at[i] + shift);
}

void ColumnBuilder::AppendRows(const Array& source, int64_t first, int64_t count) {
  CAUDAL_CHECK(first >= 0 && count >= 0 && first + count <= source.length(), "rows of the array");
  CAUDAL_CHECK(SameLayout(type_, source.type()), "rows of the same type");
  if (source.null_count() == 0) return AppendRun(source, first, count);
  const int64_t end = first + count;
  for (int64_t row = first; row < end;) {
    const int64_t start = row;
    while (row < end && !source.IsNull(row)) ++row;
    if (row > start) AppendRun(source, start, row - start);
    for (; row < end && source.IsNull(row); ++row) AppendNull();
  }
}

// Of rows that aren't null.
void ColumnBuilder::AppendRun(const Array& source, int64_t first, int64_t count) {
  switch (form_) {
    case Form::kBit:
      for (int64_t i = 0; i < count; ++i) PushBit(values_, length_ + i, source.boolean(first + i));
      break;
    case Form::kText:
      AppendBytesOf(source, first, count);
      break;
    case Form::kStruct:
      for (size_t i = 0; i < children_.size(); ++i)
        children_[i].AppendRows(source.children()[i], first, count);
      break;
    case Form::kList: {
      const int32_t* at = source.offsets() + first;
      const int64_t shift = children_[0].length_ - at[0];
      for (size_t i = 0; i < children_.size(); ++i)
        children_[i].AppendRows(source.children()[i], at[0], at[count] - at[0]);
      if (at[count] + shift > INT32_MAX) too_long_ = true;
      for (int64_t i = 1; i <= count; ++i) values_.Push(static_cast<int32_t>(at[i] + shift));
      break;
    }
    default:
      values_.Push(static_cast<const char*>(source.data_) +
                       static_cast<size_t>(source.offset_ + first) * width_,
                   static_cast<size_t>(count) * width_);
  }
  if (null_count_ != 0)
    for (int64_t i = 0; i < count; ++i) PushBit(validity_, length_ + i, true);
  length_ += count;
}

uint64_t ColumnBuilder::bytes() const {
  uint64_t sum = validity_.size() + values_.size() + bytes_.size();
  for (const ColumnBuilder& child : children_) sum += child.bytes();
  return sum;
}

bool ColumnBuilder::too_long() const {
  if (too_long_) return true;
  for (const ColumnBuilder& child : children_)
    if (child.too_long()) return true;
  return false;
}

Array ColumnBuilder::Finish() {
  auto memory = std::make_shared<Memory>();
  std::swap(memory->validity, validity_);
  std::swap(memory->values, values_);
  std::swap(memory->bytes, bytes_);
  Array array(type_);
  array.length_ = std::exchange(length_, 0);
  array.null_count_ = std::exchange(null_count_, 0);
  if (array.null_count_ > 0)
    array.validity_ = reinterpret_cast<const uint8_t*>(memory->validity.data());
  array.data_ = memory->values.data();
  array.bytes_ = memory->bytes.data();
  array.memory_ = std::move(memory);
  for (ColumnBuilder& child : children_) array.children_.push_back(child.Finish());
  if (form_ == Form::kText || form_ == Form::kList) values_.Push(int32_t{0});
  too_long_ = false;
  return array;
}

Result<BatchBuilder> BatchBuilder::Make(const Schema& schema) {
  std::vector<ColumnBuilder> columns;
  for (const Field& field : schema.fields()) {
    if (!field.type.writable())
      return MakeError(ErrorKind::kUnsupported, fmt::format("column {}: {} can't be written",
                                                            field.name, field.type.Text()));
    columns.emplace_back(field.type);
  }
  return BatchBuilder(std::move(columns));
}

uint64_t BatchBuilder::bytes() const {
  uint64_t sum = 0;
  for (const ColumnBuilder& column : columns_) sum += column.bytes();
  return sum;
}

Result<Batch> BatchBuilder::Finish() {
  bool too_long = false;
  const int64_t rows = this->rows();
  for (const ColumnBuilder& column : columns_) too_long |= column.too_long();
  std::vector<Array> columns;
  columns.reserve(columns_.size());
  for (ColumnBuilder& column : columns_) columns.push_back(column.Finish());
  if (too_long)
    return MakeError(ErrorKind::kLimit,
                     "more than 2 GiB in a column of a batch: finish it earlier");
  return Batch(rows, std::move(columns));
}

}  // namespace caudal
