#include "query/result_writer.h"

#include <array>

#include "query/result_formats.h"

namespace caudal::query {
namespace {

struct FormatName {
  Format format;
  std::string_view name;
  std::string_view content_type;
};

constexpr auto kFormats = std::to_array<FormatName>({
    {Format::kJsonLines, "jsonl", "application/x-ndjson"},
    {Format::kCsv, "csv", "text/csv; charset=utf-8; header=present"},
    {Format::kArrow, "arrow", "application/vnd.apache.arrow.stream"},
    {Format::kParquet, "parquet", "application/vnd.apache.parquet"},
});

}  // namespace

std::optional<Format> ParseFormat(std::string_view name) {
  for (const FormatName& each : kFormats)
    if (each.name == name) return each.format;
  return std::nullopt;
}

std::string_view NameOf(Format format) { return kFormats[static_cast<size_t>(format)].name; }

std::string_view ContentTypeOf(Format format) {
  return kFormats[static_cast<size_t>(format)].content_type;
}

Result<std::unique_ptr<ResultWriter>> ResultWriter::Make(Format format, const engine::Rows& rows) {
  const engine::Field root = TRY(engine::Field::From(rows.schema()));
  switch (format) {
    case Format::kJsonLines:
      return MakeJsonLinesWriter(rows.columns(), root);
    case Format::kCsv:
      return MakeCsvWriter(root);
    case Format::kArrow:
      return MakeArrowWriter(root);
    case Format::kParquet:
      break;
  }
  return MakeError(ErrorKind::kInternal, "Parquet isn't written row by row");
}

}  // namespace caudal::query
