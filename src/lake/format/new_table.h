// The first metadata of a table, with ids that are ours to give.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "lake/format/table_metadata.h"

namespace caudal::lake {

struct NewTable {
  std::string uuid;
  std::string location;
  Schema schema;       // its field ids only say what spec and order mean
  PartitionSpec spec;  // likewise its field ids
  SortOrder order;
  std::map<std::string, std::string> properties;  // "format-version" is taken out: 2 or 3
};

// Fields get the ids 1, 2… level by level (all of a struct's before those inside of them),
// partition fields 1000, 1001…; the schema, spec and order get the ids 0, 0, and 1 (0 when
// unsorted).
Result<TableMetadata> MakeTableMetadata(const NewTable& table, int64_t now_ms);

// The same schema with fresh ids from `next_id` on, which moves past them; `new_ids` gives old to
// new.
Result<Schema> AssignFreshIds(const Schema& schema, int32_t& next_id,
                              std::map<int32_t, int32_t>* new_ids);

}  // namespace caudal::lake
