// The order that a table's writers are asked to keep inside of files.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "data/schema.h"
#include "lake/format/transform.h"

namespace caudal::lake {

struct SortField {
  std::vector<int32_t> source_ids;  // one, but for transforms that Caudal doesn't know
  Transform transform;
  bool descending = false;
  bool nulls_first = true;

  int32_t source_id() const { return source_ids.front(); }
  bool operator==(const SortField&) const = default;
};

struct SortOrder {
  int32_t id = 0;  // 0 is the order of no fields
  std::vector<SortField> fields;
  bool operator==(const SortOrder&) const = default;
};

// kInvalid, naming the column that doesn't exist or isn't taken by the transform.
Result<void> CheckSortOrder(const SortOrder& order, const Schema& schema);

Json SortOrderToJson(const SortOrder& order);
Result<SortOrder> SortOrderFromJson(const Json& json);

}  // namespace caudal::lake
