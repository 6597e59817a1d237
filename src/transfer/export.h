// Tables and queries into files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "objects/store.h"
#include "query/query.h"

namespace caudal::transfer {

enum class ExportFormat : uint8_t { kCsv, kJson, kParquet, kArrow };
std::string_view NameOf(ExportFormat format);
std::optional<ExportFormat> ParseExportFormat(std::string_view name);
// By its ending: ".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".arrow", ".arrows".
std::optional<ExportFormat> ExportFormatOf(std::string_view name);
std::string_view ContentTypeOf(ExportFormat format);

struct Exported {
  int64_t rows = 0;  // -1: not known (Parquet)
  uint64_t bytes = 0;
  int64_t generation = 0;  // of the object
};

// Thread-safe. References must outlive it.
class Exporter {
 public:
  Exporter(query::Queries& queries, objects::Store& store) : queries_(queries), store_(store) {}

  // The whole result, into the new file `path`. JSON lines are objects, as loads read them. Errors
  // are those of query::Queries.
  Result<Exported> ToFile(query::QueryRequest request, ExportFormat format,
                          const std::string& path);
  // The file becomes gs://bucket/name, whole or not at all; kInvalid for another `uri`.
  Result<Exported> Publish(const std::string& path, ExportFormat format, const std::string& uri,
                           Exported exported);

 private:
  query::Queries& queries_;
  objects::Store& store_;
};

}  // namespace caudal::transfer
