// A Parquet file that was written, as a manifest describes it.
#pragma once

#include <string>

#include "engine/parquet_writer.h"
#include "lake/format/data_file.h"

namespace caudal::lake {

// Sizes, counts and bounds of its columns by field id. Partition, sort order and what is particular
// to files of deletes are the caller's.
DataFile DescribeFile(const engine::ParquetFile& file, std::string path);

}  // namespace caudal::lake
