#include "functions/sql/file_format.h"

#include <algorithm>
#include <cctype>

namespace caudal::functions {
namespace {

bool EndsWith(std::string_view name, std::string_view ending) {
  return name.size() >= ending.size() &&
         std::ranges::equal(name.substr(name.size() - ending.size()), ending,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

}  // namespace

std::string_view NameOf(FileFormat format) {
  switch (format) {
    case FileFormat::kCsv:
      return "csv";
    case FileFormat::kJson:
      return "json";
    case FileFormat::kParquet:
      return "parquet";
  }
  return "";
}

Compression CompressionOf(std::string_view name) {
  if (EndsWith(name, ".gz")) return Compression::kGzip;
  return EndsWith(name, ".zst") ? Compression::kZstd : Compression::kNone;
}

std::string_view WithoutCompression(std::string_view name) {
  return CompressionOf(name) == Compression::kNone ? name : name.substr(0, name.rfind('.'));
}

std::optional<FileFormat> FormatOf(std::string_view name) {
  name = WithoutCompression(name);
  if (EndsWith(name, ".csv") || EndsWith(name, ".tsv")) return FileFormat::kCsv;
  for (const std::string_view ending : {".json", ".ndjson", ".jsonl"})
    if (EndsWith(name, ending)) return FileFormat::kJson;
  if (EndsWith(name, ".parquet")) return FileFormat::kParquet;
  return std::nullopt;
}

bool IsTsv(std::string_view name) { return EndsWith(WithoutCompression(name), ".tsv"); }

std::string_view ContentTypeOf(FileFormat format, Compression compression) {
  if (compression == Compression::kGzip) return "application/gzip";
  if (compression == Compression::kZstd) return "application/zstd";
  switch (format) {
    case FileFormat::kCsv:
      return "text/csv";
    case FileFormat::kJson:
      return "application/x-ndjson";
    case FileFormat::kParquet:
      return "application/vnd.apache.parquet";
  }
  return "";
}

}  // namespace caudal::functions
