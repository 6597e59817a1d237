// The data files of a history, in the order of their changes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/files/live_file.h"
#include "lake/format/table_metadata.h"
#include "lake/write/writer.h"

namespace caudal::pipeline {

// Property of a history: rows up to this position may be gone, since change files aren't kept for
// ever.
inline constexpr const char* kDroppedUpToProperty = "caudal.dropped-up-to";

// Of a history: `op`, and of `_caudal` the position. kCorrupt when they aren't there.
Result<Schema> OrderColumns(const Schema& history);

// Positions are texts, which sort as they do.
struct HistoryFile {
  lake::SharedFile file;
  std::string first;
  std::string last;
  std::string emptied;  // of the last row that empties the table; none: empty
  int64_t reads = 0;    // rows of a snapshot behind that one
};

// One thread at a time.
class HistoryFiles {
 public:
  explicit HistoryFiles(lake::Writer& writer) : writer_(writer) {}

  // Brings it to the current snapshot of `history`: looks into the files that are new. kConflict
  // ("pipeline.history_changed") when somebody deleted rows of it; kCorrupt when its files aren't
  // one behind the other; kCancelled after `stop`.
  Result<void> Read(const lake::TableMetadata& history, const std::stop_token& stop);

  const std::vector<HistoryFile>& files() const { return files_; }
  // Of all files; none: empty.
  std::string emptied() const;
  // Rows of snapshots behind `emptied()`, or of all.
  int64_t reads() const;
  // All rows behind a position, at most: what files begin before isn't looked at.
  int64_t RowsBehind(const std::string& position) const;

 private:
  Result<HistoryFile> LookInto(const lake::SharedFile& file, const Schema& columns,
                               const std::stop_token& stop) const;

  lake::Writer& writer_;
  std::vector<HistoryFile> files_;
};

}  // namespace caudal::pipeline
