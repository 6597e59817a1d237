// The writers of the single formats. Internal to query.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/schema.h"
#include "query/result_writer.h"

namespace caudal::query {

// `root` is a struct with one child a column.
Result<std::unique_ptr<ResultWriter>> MakeJsonLinesWriter(
    const std::vector<engine::Column>& columns, const engine::Field& root);
Result<std::unique_ptr<ResultWriter>> MakeCsvWriter(const engine::Field& root);
Result<std::unique_ptr<ResultWriter>> MakeArrowWriter(const engine::Field& root);

}  // namespace caudal::query
