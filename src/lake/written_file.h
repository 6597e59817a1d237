// A Parquet file that was written, as a manifest describes it.
#pragma once

#include <string>

#include "base/result.h"
#include "data/schema.h"
#include "engine/in_process.h"
#include "engine/parquet_writer.h"
#include "lake/format/data_file.h"
#include "objects/store.h"

namespace caudal::lake {

// Sizes, counts and bounds of its columns by field id. Partition, sort order and what is particular
// to files of deletes are the caller's.
DataFile DescribeFile(const engine::ParquetFile& file, std::string path);
// The same of an object at this URI whose counts aren't at hand any more: by reading its rows, as
// `schema` has them by field id. Columns that the file lacks aren't described. kNotFound; kInvalid
// when it is no object of the store, no Parquet file, or its rows aren't of the schema.
Result<DataFile> DescribeObject(objects::Store& store, engine::InProcessDatabase& database,
                                const std::string& uri, const Schema& schema);

}  // namespace caudal::lake
