// A column of values of one type, in the layout of the Arrow C data interface.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/arrow.h"
#include "data/type.h"
#include "data/value.h"

namespace caudal {

// The bytes of a value, for types whose values all take as many; else 0, for booleans too.
int64_t WidthOf(const Type& type);

// How the values lie:
//
//   boolean                               bits
//   int, date                             int32_t
//   long, time, timestamps                int64_t
//   float, double                         float, double
//   decimal                               Int128, whatever its precision
//   uuid, fixed                           their bytes, one after the other
//   string, binary                        32-bit offsets and bytes
//   struct                                one child a field, each as long as the struct
//   list, map                             32-bit offsets and the children: element; key, value
//
// and a bitmap of the rows that aren't null, unless none is. Immutable; copies and slices share the
// memory, which lasts as long as one of them. Rows count from 0 in a slice too.
class Array {
 public:
  // Takes over an array whose layout is as above, from the same process: counts are looked at,
  // offsets are trusted. kInvalid when it isn't; `array` is released in any case.
  static Result<Array> Import(ArrowArray* array, const Type& type);
  // Of nulls only.
  static Array Nulls(const Type& type, int64_t length);

  const Type& type() const { return type_; }
  int64_t length() const { return length_; }
  int64_t null_count() const { return null_count_; }

  bool IsNull(int64_t row) const {
    if (validity_ == nullptr) return false;
    const int64_t bit = offset_ + row;
    return (validity_[bit >> 3] >> (bit & 7) & 1) == 0;
  }
  // The values of a type held as T; what stands for a null is anything.
  template <class T>
  const T* values() const {
    return static_cast<const T*>(data_) + offset_;
  }
  bool boolean(int64_t row) const {
    const int64_t bit = offset_ + row;
    return (static_cast<const uint8_t*>(data_)[bit >> 3] >> (bit & 7) & 1) != 0;
  }
  // Of a string, binary, uuid or fixed.
  std::string_view bytes(int64_t row) const {
    if (width_ > 0) return {static_cast<const char*>(data_) + (offset_ + row) * width_, width_};
    const int32_t* at = offsets() + row;
    return {bytes_ + at[0], static_cast<size_t>(at[1] - at[0])};
  }
  // length() + 1 of them, into bytes or children.
  const int32_t* offsets() const { return static_cast<const int32_t*>(data_) + offset_; }
  // Of a struct, cut to the same rows; of a list or map, whole.
  const std::vector<Array>& children() const { return children_; }
  // The first row's value, of a type that WidthOf knows.
  const void* raw() const { return static_cast<const char*>(data_) + offset_ * WidthOf(type_); }
  // Null, when there is none; bit `validity_offset() + row` is that of a row.
  const uint8_t* validity() const { return validity_; }
  int64_t validity_offset() const { return offset_; }
  // One value of what isn't nested, for callers in no hurry.
  Value At(int64_t row) const;

  Array Slice(int64_t first, int64_t length) const;
  // What these rows take, children included.
  uint64_t ByteSize() const;
  // The same values under another type of the same layout (of which only names, ids and
  // requirements differ).
  Array As(const Type& type) const;
  // The same structs, lists or maps, with other children of as many rows.
  Array WithChildren(const Type& type, std::vector<Array> children) const;

 private:
  friend class ColumnBuilder;

  explicit Array(Type type);
  static Result<Array> ImportShared(const ArrowArray& array, const Type& type,
                                    const std::shared_ptr<const void>& memory);

  Type type_;
  uint32_t width_ = 0;  // of uuid and fixed
  int64_t length_ = 0;
  int64_t null_count_ = 0;
  int64_t offset_ = 0;  // the first row's place in the buffers
  const uint8_t* validity_ = nullptr;
  const void* data_ = nullptr;  // values, bits or offsets
  const char* bytes_ = nullptr;
  std::shared_ptr<const void> memory_;
  std::vector<Array> children_;
};

}  // namespace caudal
