// Listing objects by prefix, delimiter, range and glob, page by page. Skips over what a common
// prefix covers: the cost follows the answer, not the bucket.
#pragma once

#include "base/result.h"
#include "objects/core.h"

namespace caudal::objects {

// Looks at a bounded number of rows: with a glob that matches little a page can be short, or empty,
// and still have a next page token.
Result<ListPage> ListObjects(Core& core, const ListQuery& query);

}  // namespace caudal::objects
