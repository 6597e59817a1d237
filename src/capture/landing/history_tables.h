// The tables that changes go to, as those who capture see them: the layer above makes them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "capture/landing/change_shape.h"
#include "data/schema.h"

namespace caudal::capture {

// The error of a replica whose rows are told apart by other columns than they were.
inline constexpr const char* kKeyChanged = "source.key_changed";

// Those of one source. Thread-safe.
class HistoryTables {
 public:
  virtual ~HistoryTables() = default;

  // Makes the replica and the history of a source's table, or changes them, so that they have these
  // columns, as ShapeOf lays them out: durable when it returns. Gives the history's schema with its
  // ids. kConflict, with what helps, when a column can't become what it is now. From `anew` on,
  // which says that the table's rows are to be read and nothing is yet, until they are whole,
  // another replica is beside the one that is seen, and takes its place then; it has these columns,
  // while the other one may keep those of its key.
  virtual Result<Schema> Open(const std::string& schema, const std::string& table,
                              const std::vector<ChangeColumn>& columns, bool anew) = 0;
};

}  // namespace caudal::capture
