// The rows of a statement, as libpq holds them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"

struct pg_result;

namespace caudal::capture::postgres {

// Texts are views into it and live as long as it does. Move-only.
class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}

  int size() const;
  int columns() const;
  std::string_view ColumnName(int column) const;
  bool IsNull(int row, int column) const;
  std::string_view Text(int row, int column) const;  // empty for null
  bool Bool(int row, int column) const { return Text(row, column) == "t"; }
  // A value that the statement itself makes a whole number; 0 for null.
  int64_t Int(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace caudal::capture::postgres
