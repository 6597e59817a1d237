// A row as the server sends it: views into a message's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "codec/postgres/wire.h"

namespace caudal::postgres {

enum class ColumnKind : char {
  kNull = 'n',
  kUnchanged = 'u',  // a TOASTed value that the change left as it was, and that isn't sent
  kText = 't',
  kBinary = 'b',
};

struct ColumnValue {
  ColumnKind kind = ColumnKind::kNull;
  std::string_view bytes;  // of kText and kBinary
};

// TupleData of a message that was parsed, hence checked: walking it needs no checks.
class Tuple {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = ColumnValue;
    using difference_type = std::ptrdiff_t;
    using pointer = const ColumnValue*;
    using reference = ColumnValue;

    Iterator() = default;
    ColumnValue operator*() const {
      const auto kind = static_cast<ColumnKind>(*at_);
      if (!HasBytes(kind)) return {kind, {}};
      return {kind, {at_ + 5, LoadBig<uint32_t>(at_ + 1)}};
    }
    Iterator& operator++() {
      at_ += HasBytes(static_cast<ColumnKind>(*at_)) ? 5 + size_t{LoadBig<uint32_t>(at_ + 1)} : 1;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class Tuple;
    explicit Iterator(const char* at) : at_(at) {}
    static bool HasBytes(ColumnKind kind) {
      return kind == ColumnKind::kText || kind == ColumnKind::kBinary;
    }
    const char* at_ = nullptr;
  };

  Tuple() = default;
  // `columns` are what is sent: as many as `size`, checked.
  Tuple(uint16_t size, std::string_view columns) : size_(size), columns_(columns) {}

  size_t size() const { return size_; }
  Iterator begin() const { return Iterator(columns_.data()); }
  Iterator end() const { return Iterator(columns_.data() + columns_.size()); }
  std::string_view bytes() const { return columns_; }

 private:
  uint16_t size_ = 0;
  std::string_view columns_;
};

}  // namespace caudal::postgres
