#include <array>
#include <utility>

#include "functions/sql/file_format.h"
#include "transfer/load.h"

namespace caudal::transfer {
namespace {

constexpr std::pair<FileFormat, std::string_view> kFormats[] = {
    {FileFormat::kCsv, "csv"},
    {FileFormat::kJson, "jsonl"},
    {FileFormat::kParquet, "parquet"},
    {FileFormat::kAvro, "avro"},
};
constexpr std::pair<LoadMode, std::string_view> kModes[] = {
    {LoadMode::kAppend, "append"},
    {LoadMode::kReplace, "replace"},
    {LoadMode::kUpsert, "upsert"},
    {LoadMode::kDelete, "delete"},
};

}  // namespace

std::string_view NameOf(FileFormat format) {
  for (const auto& [value, name] : kFormats)
    if (value == format) return name;
  return "";
}

std::optional<FileFormat> ParseFileFormat(std::string_view name) {
  for (const auto& [value, text] : kFormats)
    if (text == name) return value;
  if (name == "json" || name == "ndjson") return FileFormat::kJson;
  return std::nullopt;
}

std::optional<FileFormat> FileFormatOf(std::string_view name) {
  if (functions::WithoutCompression(name).ends_with(".avro")) return FileFormat::kAvro;
  const auto format = functions::FormatOf(name);
  if (!format) return std::nullopt;
  switch (*format) {
    case functions::FileFormat::kCsv:
      return FileFormat::kCsv;
    case functions::FileFormat::kJson:
      return FileFormat::kJson;
    case functions::FileFormat::kParquet:
      return FileFormat::kParquet;
  }
  return std::nullopt;
}

std::string_view NameOf(LoadMode mode) {
  for (const auto& [value, name] : kModes)
    if (value == mode) return name;
  return "";
}

std::optional<LoadMode> ParseLoadMode(std::string_view name) {
  for (const auto& [value, text] : kModes)
    if (text == name) return value;
  return std::nullopt;
}

}  // namespace caudal::transfer
