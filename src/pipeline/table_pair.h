// A source's table here: its replica, the history of its changes, and while its rows are read the
// replica that they are gathered in.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lake/catalog/names.h"

namespace caudal::pipeline {

inline constexpr const char* kQuarantineEnd = "__quarantine";

struct TablePair {
  lake::TableName replica;  // "raw_shop.payments"
  lake::TableName history;  // "raw_shop.payments__changes"
  lake::TableName next;     // "raw_shop._reading.payments"
  // Rows that can't be applied, once there are some: "raw_shop.payments__quarantine".
  lake::TableName quarantine;
};

// What the source's tables are in that need no prefix.
inline constexpr const char* kDefaultSchema = "public";

// The table's name alone in the source's default schema, else `<schema>_<table>`. Characters that
// no name here may have become '_'.
TablePair PairOf(const std::string& dataset, std::string_view default_schema,
                 std::string_view schema, std::string_view table);

struct SourceName {
  std::string schema;
  std::string table;
};
// What capture::TableFolder was made of. kCorrupt when it is nothing of the kind.
Result<SourceName> SplitTableFolder(std::string_view folder);

}  // namespace caudal::pipeline
