// What a table has to know of a Parquet file, from its footer and what was counted of its rows.
#pragma once

#include <cstdint>
#include <vector>

#include "data/column_stats.h"
#include "engine/parquet_footer.h"
#include "engine/parquet_writer.h"

namespace caudal::engine {

// `bytes`: the file's size. Of `columns`, those that the file lacks, by field id, are left out.
ParquetFile DescribeParquet(const ParquetFooter& footer, uint64_t bytes,
                            std::vector<ColumnStats> columns);

}  // namespace caudal::engine
