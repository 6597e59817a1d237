// The rows of a query in a format, piece by piece: docs/formats/query-results.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/rows.h"

namespace caudal::query {

// Parquet is a file that the query's worker writes; the others are streams made here.
enum class Format : uint8_t { kJsonLines, kCsv, kArrow, kParquet };

std::optional<Format> ParseFormat(std::string_view name);  // "jsonl", "csv", "arrow", "parquet"
std::string_view NameOf(Format format);
std::string_view ContentTypeOf(Format format);

// Everything is appended to `out`; nothing is kept of a batch. One thread at a time.
class ResultWriter {
 public:
  // kUnsupported for a type that the format can't hold, naming the column. `rows` is looked at
  // here only.
  static Result<std::unique_ptr<ResultWriter>> Make(Format format, const engine::Rows& rows);
  virtual ~ResultWriter() = default;

  virtual Result<void> Begin(std::string& out) = 0;  // once, before all else
  virtual Result<void> Add(const engine::Batch& batch, std::string& out) = 0;
  virtual void End(std::string& out) = 0;  // the rows were all there are
  // Instead of End: why there are no more. False when the format has no place to say it; then the
  // reader must be shown otherwise that the rows aren't all.
  virtual bool Fail(const Error& error, std::string& out) = 0;

  uint64_t rows() const { return rows_; }

 protected:
  uint64_t rows_ = 0;  // added
};

}  // namespace caudal::query
