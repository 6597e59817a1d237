// What a name says about a file.
#pragma once

#include <optional>
#include <string_view>

#include "functions/sql/sql_part.h"

namespace caudal::functions {

std::string_view NameOf(FileFormat format);  // "csv"…

// By ".gz" and ".zst".
Compression CompressionOf(std::string_view name);
std::string_view WithoutCompression(std::string_view name);

// By ".csv", ".tsv", ".json", ".ndjson", ".jsonl" or ".parquet", whatever compression follows.
std::optional<FileFormat> FormatOf(std::string_view name);
// Columns are separated by tabs.
bool IsTsv(std::string_view name);

// For the object's metadata.
std::string_view ContentTypeOf(FileFormat format, Compression compression);

}  // namespace caudal::functions
