#include "data/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "data/utf8.h"

namespace caudal {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

// One column of a batch, with what is known about where it stands.
class Checker {
 public:
  Result<void> Check(const Array& array, const Field& field) {
    path_ = field.name;
    return CheckField(array, field);
  }

 private:
  Error Bad(int64_t row, std::string_view what) const {
    return MakeError(ErrorKind::kInvalid, fmt::format("column {}, row {}: {}", path_, row, what));
  }

  // A part of something null is as null as that.
  bool UnderNull(int64_t row) const {
    return std::ranges::any_of(structs_, [row](const Array* s) { return s->IsNull(row); });
  }

  Result<void> CheckField(const Array& array, const Field& field) {
    if (field.required && array.null_count() > 0)
      for (int64_t row = 0; row < array.length(); ++row)
        if (array.IsNull(row) && !UnderNull(row)) return Bad(row, "null, but a value is required");
    switch (array.type().kind()) {
      case TypeKind::kString:
        return CheckStrings(array);
      case TypeKind::kDecimal:
        return CheckDecimals(array);
      case TypeKind::kTime:
        return CheckTimes(array);
      case TypeKind::kStruct:
      case TypeKind::kList:
      case TypeKind::kMap:
        return CheckChildren(array, field);
      default:
        return {};
    }
  }

  Result<void> CheckChildren(const Array& array, const Field& field) {
    const bool list = !array.type().Is(TypeKind::kStruct);
    std::vector<const Array*> outside;
    if (list) {
      outside.swap(structs_);  // rows of a child are others
    } else if (array.null_count() > 0) {
      structs_.push_back(&array);
    }
    const size_t length = path_.size();
    for (size_t i = 0; i < array.children().size(); ++i) {
      path_ += '.';
      path_ += field.type.fields()[i].name;
      const Array& child = array.children()[i];
      const int32_t* at = list ? array.offsets() : nullptr;
      TRY(CheckField(list ? child.Slice(at[0], at[array.length()] - at[0]) : child,
                     field.type.fields()[i]));
      path_.resize(length);
    }
    if (list) {
      structs_.swap(outside);
    } else if (array.null_count() > 0) {
      structs_.pop_back();
    }
    return {};
  }

  // All bytes at once, then that no string begins inside a character; one by one to name the row.
  Result<void> CheckStrings(const Array& array) const {
    if (array.length() == 0) return {};
    const std::string_view first = array.bytes(0);
    const std::string_view last = array.bytes(array.length() - 1);
    const char* end = last.data() + last.size();
    bool good = IsValidUtf8({first.data(), static_cast<size_t>(end - first.data())});
    const int32_t* at = array.offsets();
    const char* bytes = first.data() - at[0];
    for (int64_t row = 0; good && row < array.length(); ++row)
      good = at[row] == at[row + 1] || (static_cast<uint8_t>(bytes[at[row]]) & 0xc0) != 0x80;
    if (good) return {};
    for (int64_t row = 0; row < array.length(); ++row)
      if (!array.IsNull(row) && !IsValidUtf8(array.bytes(row)))
        return Bad(row, "the text is not UTF-8");
    return {};  // what stands for a null is anything
  }

  Result<void> CheckDecimals(const Array& array) const {
    const Int128 limit = PowerOfTen(array.type().precision());
    const auto* values = array.values<Int128>();
    bool good = true;
    for (int64_t row = 0; row < array.length(); ++row)
      good &= (values[row] < limit) & (values[row] > -limit);
    if (good) return {};
    for (int64_t row = 0; row < array.length(); ++row)
      if ((values[row] >= limit || values[row] <= -limit) && !array.IsNull(row))
        return Bad(row,
                   fmt::format("{} does not fit {}", DecimalText(values[row], array.type().scale()),
                               array.type().Text()));
    return {};
  }

  Result<void> CheckTimes(const Array& array) const {
    const auto* values = array.values<int64_t>();
    for (int64_t row = 0; row < array.length(); ++row)
      if ((values[row] < 0 || values[row] >= kMicrosPerDay) && !array.IsNull(row))
        return Bad(row, fmt::format("{} microseconds are no time of a day", values[row]));
    return {};
  }

  std::string path_;
  std::vector<const Array*> structs_;  // those around, up to a list, that have nulls
};

}  // namespace

bool SameLayout(const Type& a, const Type& b) {
  if (!a.nested() || a.kind() != b.kind()) return a == b;
  if (a.fields().size() != b.fields().size()) return false;
  for (size_t i = 0; i < a.fields().size(); ++i)
    if (!SameLayout(a.fields()[i].type, b.fields()[i].type)) return false;
  return true;
}

Batch::Batch(int64_t rows, std::vector<Array> columns) : rows_(rows), columns_(std::move(columns)) {
  for (const Array& column : columns_)
    CAUDAL_CHECK(column.length() == rows, "a column for every row");
}

Batch Batch::Slice(int64_t first, int64_t rows) const {
  CAUDAL_CHECK(first >= 0 && rows >= 0 && first + rows <= rows_, "rows of the batch");
  Batch slice = *this;
  slice.rows_ = rows;
  for (Array& column : slice.columns_) column = column.Slice(first, rows);
  return slice;
}

uint64_t Batch::ByteSize() const {
  uint64_t bytes = 0;
  for (const Array& column : columns_) bytes += column.ByteSize();
  return bytes;
}

Result<void> Batch::Check(const Schema& schema) const {
  const std::vector<Field>& fields = schema.fields();
  for (size_t i = 0; i < std::min(fields.size(), columns_.size()); ++i)
    if (!SameLayout(columns_[i].type(), fields[i].type))
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("column {} holds {}, not {}", fields[i].name,
                                   columns_[i].type().Text(), fields[i].type.Text()));
  if (columns_.size() < fields.size())
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("column {} is missing", fields[columns_.size()].name));
  if (columns_.size() > fields.size())
    return MakeError(ErrorKind::kInvalid, fmt::format("{} columns, of which the schema has {}",
                                                      columns_.size(), fields.size()));
  Checker checker;
  for (size_t i = 0; i < fields.size(); ++i) TRY(checker.Check(columns_[i], fields[i]));
  return {};
}

}  // namespace caudal
