// What the names of tables in SQL may mean.
#pragma once

#include <string>

#include "base/result.h"
#include "lake/catalog/find_tables.h"
#include "query/analysis.h"

namespace caudal::query {

//   t                 in the default dataset
//   d.t               in the dataset d
//   "a.b".t, a.b.t    in the dataset a.b: of the levels a and b, or of one level with a dot in it
//   "a.b.t"           where there is no default dataset, or no such table in it
//
// kInvalid ("query.no_dataset") for one that no dataset can be found for.
Result<lake::WantedTable> WantedOf(const TableUse& use, const std::string& default_dataset);

}  // namespace caudal::query
