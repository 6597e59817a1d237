#include "data/array.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "data/field.h"

namespace caudal {
namespace {

int64_t CountNulls(const uint8_t* validity, int64_t first, int64_t length) {
  if (validity == nullptr) return 0;
  int64_t valid = 0;
  int64_t bit = first;
  const int64_t end = first + length;
  for (; bit < end && (bit & 7) != 0; ++bit) valid += validity[bit >> 3] >> (bit & 7) & 1;
  for (; bit + 8 <= end; bit += 8) valid += std::popcount(validity[bit >> 3]);
  for (; bit < end; ++bit) valid += validity[bit >> 3] >> (bit & 7) & 1;
  return length - valid;
}

bool HasOffsets(const Type& type) {
  return type.Is(TypeKind::kString) || type.Is(TypeKind::kBinary) || type.Is(TypeKind::kList) ||
         type.Is(TypeKind::kMap);
}

int64_t BuffersOf(const Type& type) {
  if (type.Is(TypeKind::kStruct)) return 1;
  return type.Is(TypeKind::kString) || type.Is(TypeKind::kBinary) ? 3 : 2;
}

Error Misshaped(const Type& type, std::string_view what) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("an Arrow array is no column of type {}: {}", type.Text(), what));
}

// Takes the whole tree over: its release frees what every part of it points to.
std::shared_ptr<const void> Own(ArrowArray* array) {
  auto* owned = new ArrowArray(*array);
  array->release = nullptr;
  return {static_cast<const void*>(owned), [owned](const void*) {
            if (owned->release != nullptr) owned->release(owned);
            delete owned;
          }};
}

}  // namespace

int64_t WidthOf(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kInt:
    case TypeKind::kDate:
    case TypeKind::kFloat:
      return 4;
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
    case TypeKind::kTimestampNs:
    case TypeKind::kTimestampTzNs:
    case TypeKind::kDouble:
      return 8;
    case TypeKind::kDecimal:
    case TypeKind::kUuid:
      return 16;
    case TypeKind::kFixed:
      return type.length();
    default:
      return 0;
  }
}

Array::Array(Type type) : type_(std::move(type)) {
  if (type_.Is(TypeKind::kUuid) || type_.Is(TypeKind::kFixed))
    width_ = static_cast<uint32_t>(WidthOf(type_));
}

Array Array::Slice(int64_t first, int64_t length) const {
  CAUDAL_CHECK(first >= 0 && length >= 0 && first + length <= length_, "rows of the array");
  if (first == 0 && length == length_) return *this;
  Array slice = *this;
  slice.offset_ += first;
  slice.length_ = length;
  if (null_count_ != 0) slice.null_count_ = CountNulls(validity_, slice.offset_, length);
  if (slice.null_count_ == 0) slice.validity_ = nullptr;
  if (type_.Is(TypeKind::kStruct))
    for (Array& child : slice.children_) child = child.Slice(first, length);
  return slice;
}

uint64_t Array::ByteSize() const {
  const auto rows = static_cast<uint64_t>(length_);
  uint64_t bytes = validity_ == nullptr ? 0 : (rows + 7) / 8;
  if (type_.Is(TypeKind::kBoolean)) return bytes + (rows + 7) / 8;
  if (!HasOffsets(type_)) bytes += rows * static_cast<uint64_t>(WidthOf(type_));
  if (type_.Is(TypeKind::kStruct))
    for (const Array& child : children_) bytes += child.ByteSize();
  if (!HasOffsets(type_)) return bytes;
  bytes += (rows + 1) * 4;
  const int64_t inside = length_ == 0 ? 0 : offsets()[length_] - offsets()[0];
  if (!type_.nested()) return bytes + static_cast<uint64_t>(inside);
  for (const Array& child : children_) {
    if (inside == child.length_) bytes += child.ByteSize();
    if (inside > 0 && inside < child.length_) bytes += child.Slice(offsets()[0], inside).ByteSize();
  }
  return bytes;
}

Value Array::At(int64_t row) const {
  if (IsNull(row)) return {};
  switch (type_.kind()) {
    case TypeKind::kBoolean:
      return boolean(row);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return values<int32_t>()[row];
    case TypeKind::kFloat:
      return values<float>()[row];
    case TypeKind::kDouble:
      return values<double>()[row];
    case TypeKind::kDecimal:
      return values<Int128>()[row];
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kUuid:
    case TypeKind::kFixed:
      return std::string(bytes(row));
    default:
      CAUDAL_CHECK(WidthOf(type_) == 8, "a value of " + type_.Text());
      return values<int64_t>()[row];
  }
}

Array Array::As(const Type& type) const {
  CAUDAL_CHECK(type.kind() == type_.kind() && type.fields().size() == children_.size() &&
                   (type.nested() || type == type_),
               type_.Text() + " as " + type.Text());
  Array other = *this;
  other.type_ = type;
  for (size_t i = 0; i < children_.size(); ++i)
    other.children_[i] = children_[i].As(type.fields()[i].type);
  return other;
}

Array Array::WithChildren(const Type& type, std::vector<Array> children) const {
  CAUDAL_CHECK(
      type.nested() && type.kind() == type_.kind() && type.fields().size() == children.size(),
      type_.Text() + " as " + type.Text());
  for (size_t i = 0; i < children.size(); ++i)
    CAUDAL_CHECK(
        children[i].length_ == (type.Is(TypeKind::kStruct) ? length_ : children_[i].length_),
        "a child of as many rows");
  Array other = *this;
  other.type_ = type;
  other.children_ = std::move(children);
  return other;
}

Array Array::Nulls(const Type& type, int64_t length) {
  // One block of zeros serves as bitmap, values and offsets.
  const size_t widest = static_cast<size_t>(std::max<int64_t>(WidthOf(type), 8));
  auto zeros = std::make_shared<std::vector<Int128>>(
      (static_cast<size_t>(length) + 1) * widest / sizeof(Int128) + 1);
  Array array(type);
  array.length_ = array.null_count_ = length;
  array.data_ = zeros->data();
  array.bytes_ = reinterpret_cast<const char*>(zeros->data());
  if (length > 0) array.validity_ = reinterpret_cast<const uint8_t*>(zeros->data());
  array.memory_ = std::move(zeros);
  for (const Field& field : type.fields())
    array.children_.push_back(Nulls(field.type, type.Is(TypeKind::kStruct) ? length : 0));
  return array;
}

namespace {

// A map's children lie inside a struct, its entries; a list has its element for a child.
Result<std::vector<const ArrowArray*>> ChildrenOf(const ArrowArray& array, const Type& type) {
  std::vector<const ArrowArray*> children;
  const ArrowArray* parent = &array;
  if (type.Is(TypeKind::kMap)) {
    if (array.n_children != 1) return Misshaped(type, "a map has one child");
    parent = array.children[0];
    // What lies in front of the entries' offset would need offsets of another base.
    if (parent->offset != 0) return Misshaped(type, "its entries have an offset");
  }
  if (parent->n_children != static_cast<int64_t>(type.fields().size()))
    return Misshaped(type, fmt::format("it has {} children", parent->n_children));
  children.assign(parent->children, parent->children + parent->n_children);
  return children;
}

}  // namespace

Result<Array> Array::ImportShared(const ArrowArray& array, const Type& type,
                                  const std::shared_ptr<const void>& memory) {
  if (array.n_buffers != BuffersOf(type) || array.dictionary != nullptr)
    return Misshaped(type, fmt::format("it has {} buffers", array.n_buffers));
  if (array.length < 0 || array.offset < 0) return Misshaped(type, "its length is negative");
  Array imported(type);
  imported.memory_ = memory;
  imported.length_ = array.length;
  imported.offset_ = array.offset;
  imported.validity_ = static_cast<const uint8_t*>(array.buffers[0]);
  imported.null_count_ = CountNulls(imported.validity_, array.offset, array.length);
  if (imported.null_count_ == 0) imported.validity_ = nullptr;
  if (array.n_buffers > 1) imported.data_ = array.buffers[1];
  if (array.n_buffers > 2) imported.bytes_ = static_cast<const char*>(array.buffers[2]);
  if (HasOffsets(type) && (imported.data_ == nullptr || array.length == 0)) {
    static constexpr int32_t kNoOffsets[1] = {0};
    if (array.length != 0) return Misshaped(type, "it has no offsets");
    imported.data_ = kNoOffsets;
    imported.offset_ = 0;
  }
  if (!type.nested()) return imported;
  const std::vector<const ArrowArray*> children = TRY(ChildrenOf(array, type));
  for (size_t i = 0; i < children.size(); ++i) {
    Array child = TRY(ImportShared(*children[i], type.fields()[i].type, memory));
    if (type.Is(TypeKind::kStruct)) {
      if (child.length_ < array.offset + array.length) return Misshaped(type, "a child is short");
      child = child.Slice(array.offset, array.length);
    } else if (child.length_ < imported.offsets()[imported.length_]) {
      return Misshaped(type, "a child is short");
    }
    imported.children_.push_back(std::move(child));
  }
  return imported;
}

Result<Array> Array::Import(ArrowArray* array, const Type& type) {
  const ArrowArray whole = *array;
  const std::shared_ptr<const void> memory = Own(array);
  return ImportShared(whole, type, memory);
}

}  // namespace caudal
