// Builds batches row by row, or column by column.
//
//   BatchBuilder builder(schema);
//   ColumnBuilder& id = builder.column(0);
//   ColumnBuilder& tags = builder.column(1);   // list<string>
//   for (...) {
//     id.AppendLong(7);
//     tags.child(0).AppendBytes("new");        // any number of elements,
//     tags.AppendNested();                     // which then become one list
//   }
//   Batch batch = TRY(builder.Finish());
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/buffer.h"
#include "data/schema.h"

namespace caudal {

// Grows its buffers now and then; otherwise an append is a few stores: no allocation, no virtual
// call. Appending what the type isn't held as is a defect and ends the program; what the values are
// (digits, UTF-8, required) is for Batch::Check.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(const Type& type);

  const Type& type() const { return type_; }
  int64_t length() const { return length_; }

  void AppendNull();  // of a struct: all parts become null with it
  void AppendBoolean(bool value) {
    Require(Form::kBit, 0);
    PushBit(values_, length_, value);
    Valid();
  }
  void AppendInt(int32_t value) { AppendFixed(value, Form::kInt); }      // int, date
  void AppendLong(int64_t value) { AppendFixed(value, Form::kInt); }     // long, time, timestamps
  void AppendFloat(float value) { AppendFixed(value, Form::kFloat); }    // float
  void AppendDouble(double value) { AppendFixed(value, Form::kFloat); }  // double
  void AppendDecimal(Int128 unscaled) { AppendFixed(unscaled, Form::kDecimal); }
  // string, binary; uuid and fixed, of exactly their length.
  void AppendBytes(std::string_view bytes) {
    if (form_ == Form::kText) [[likely]] {
      if (bytes.size() > kBytesMax - bytes_.size()) [[unlikely]] {
        too_long_ = true;
        bytes = {};
      }
      bytes_.Push(bytes.data(), bytes.size());
      values_.Push(static_cast<int32_t>(bytes_.size()));
    } else {
      Require(Form::kBytes, bytes.size());
      values_.Push(bytes.data(), bytes.size());
    }
    Valid();
  }
  // A string or binary of `length` bytes, for the caller to write before anything else is appended;
  // null, and an empty one, when they don't fit.
  char* AppendBytesLater(size_t length);
  // A struct of what its children got since; a list or map of what they got, in any number.
  void AppendNested();
  // For callers in no hurry. `value` is null or held as the type's values are.
  void AppendValue(const Value& value);
  // Rows of a column of the same layout.
  void AppendRows(const Array& source, int64_t first, int64_t count);

  // Back to its first `length` rows. What children got since the last AppendNested goes too: with
  // the present length, a list or struct that was begun is given up.
  void Truncate(int64_t length);

  ColumnBuilder& child(size_t i) { return children_[i]; }

  uint64_t bytes() const;
  bool too_long() const;  // for one array: what Finish gives is of no use
  Array Finish();         // the rows so far; and starts anew

 private:
  enum class Form : uint8_t { kBit, kInt, kFloat, kDecimal, kBytes, kText, kStruct, kList };
  static constexpr size_t kBytesMax = INT32_MAX;
  static Form FormOf(const Type& type);

  void Require(Form form, size_t width) const {
    if (form_ != form || width_ != width) [[unlikely]]
      Refuse();
  }
  [[noreturn]] void Refuse() const;
  template <class T>
  void AppendFixed(T value, Form form) {
    Require(form, sizeof value);
    values_.Push(value);
    Valid();
  }
  static void PushBit(Buffer& bits, int64_t at, bool bit) {
    if ((at & 7) == 0) bits.Push(char{0});
    if (bit) bits.data()[at >> 3] = static_cast<char>(bits.data()[at >> 3] | 1 << (at & 7));
  }
  static void TruncateBits(Buffer& bits, int64_t length);
  void Valid() {
    if (null_count_ != 0) PushBit(validity_, length_, true);
    ++length_;
  }
  void AppendRun(const Array& source, int64_t first, int64_t count);
  void AppendBytesOf(const Array& source, int64_t first, int64_t count);

  Type type_;
  Form form_;
  size_t width_;
  int64_t length_ = 0;
  int64_t null_count_ = 0;
  bool too_long_ = false;
  Buffer validity_;  // empty before the first null
  Buffer values_;    // values, bits or offsets
  Buffer bytes_;
  std::vector<ColumnBuilder> children_;
};

// One thread at a time.
class BatchBuilder {
 public:
  // kUnsupported when a column's type can't be written.
  static Result<BatchBuilder> Make(const Schema& schema);

  ColumnBuilder& column(size_t i) { return columns_[i]; }
  int64_t rows() const { return columns_.empty() ? 0 : columns_[0].length(); }
  uint64_t bytes() const;  // so far; keep it well below 2 GiB

  // The rows so far, and starts anew. All columns have as many; kLimit when the bytes of a column
  // (of strings, binaries, or elements of lists) don't fit one batch: those rows are lost.
  Result<Batch> Finish();

 private:
  explicit BatchBuilder(std::vector<ColumnBuilder> columns) : columns_(std::move(columns)) {}

  std::vector<ColumnBuilder> columns_;
};

}  // namespace caudal
