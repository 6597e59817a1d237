// Which column of a source a table's column is: kept as the table's property `caudal.columns`,
// [{"field": 3, "source": 2, "name": "Duration"}, …], so that columns that are renamed in the
// source, or whose names differ in case alone, stay what they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/format/table_metadata.h"

namespace caudal::pipeline {

inline constexpr const char* kColumnsProperty = "caudal.columns";

struct MappedColumn {
  int32_t field = 0;   // id in the table
  int32_t source = 0;  // ChangeColumn::source_id
  std::string name;    // in the source

  bool operator==(const MappedColumn&) const = default;
};

std::string TextOf(const std::vector<MappedColumn>& columns);
// Of columns that are there. kCorrupt, naming the property, when it can't be read; none without it.
Result<std::vector<MappedColumn>> MappedColumnsOf(const lake::TableMetadata& metadata);

}  // namespace caudal::pipeline
