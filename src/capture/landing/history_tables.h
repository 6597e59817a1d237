// The tables that changes go to, as those who capture see them: the layer above makes them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "capture/landing/change_shape.h"
#include "data/schema.h"

namespace caudal::capture {

// Those of one source. Thread-safe.
class HistoryTables {
 public:
  virtual ~HistoryTables() = default;

  // Makes the replica and the history of a source's table, or changes them, so that they have these
  // columns, as ShapeOf lays them out: durable when it returns. Gives the history's schema with its
  // ids. kConflict, with what helps, when a column can't become what it is now.
  virtual Result<Schema> Open(const std::string& schema, const std::string& table,
                              const std::vector<ChangeColumn>& columns) = 0;
};

}  // namespace caudal::capture
