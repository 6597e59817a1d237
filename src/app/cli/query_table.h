// A query's rows as an aligned table for people. Internal to cli.
#pragma once

#include <string>
#include <vector>

#include "data/json.h"

namespace caudal::app::cli {

// The first rows decide how wide the columns are; later ones are printed as they come, so that a
// long result takes little memory.
class QueryTable {
 public:
  // `columns`: "schema" of the answer. `line_width`: of the terminal; 0: as wide as it gets.
  QueryTable(const Json& columns, size_t line_width, bool color);

  void Add(const Json& row, std::string& out);
  void End(std::string& out);

 private:
  struct Column {
    std::string name;
    bool right = false;  // numbers
    size_t width = 0;
    size_t width_wanted = 0;
  };

  void Decide(std::string& out);
  void FitInto(size_t line_width);
  void AppendLine(const std::vector<std::string>& cells, std::string& out) const;

  const size_t line_width_;
  const bool color_;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> waiting_;
  bool decided_ = false;
};

}  // namespace caudal::app::cli
