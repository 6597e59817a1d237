// The rows of one file, into batches of a table.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/schema.h"
#include "engine/engine.h"
#include "transfer/bad_rows.h"
#include "transfer/file_table.h"

namespace caudal::transfer {

// One thread at a time.
class FileLoad {
 public:
  // Only the columns that the file has are read, as values of `target`; the others are null.
  // kInvalid ("load.columns", "load.type") when the file doesn't fit.
  static Result<FileLoad> Plan(const FileTable& table, const Schema& target, bool ignore_others);

  // Each good row goes to `take`, in the file's order; the others to `bad`.
  Result<void> Run(engine::Session& session, BadRows& bad, const functions::GoOn& go_on,
                   const std::function<Result<void>(const Batch&)>& take);

 private:
  FileLoad(const FileTable& table, const Schema& target) : table_(&table), target_(target) {}
  Result<void> PlanColumn(const Field& field);
  // Of a row that isn't good, as the statement's last columns tell it.
  struct Finding {
    int64_t row = 0;  // from 0
    int code = 0;     // a column's number from 1, or a state of FileTable
    std::string text;
    bool is_null = false;
  };
  Result<void> Sort(const engine::Batch& rows, const std::vector<Array>& columns,
                    const std::function<Result<void>(const Batch&)>& take);
  Result<void> Report(engine::Session& session, BadRows& bad, const functions::GoOn& go_on);
  BadRow Describe(const Finding& finding) const;

  const FileTable* table_;
  const Schema target_;
  std::string values_;
  std::string codes_;
  std::string texts_;
  std::vector<Finding> findings_;
  int64_t findings_all_ = 0;
  int64_t row_ = 0;
  bool whole_ = true;  // read to its end
};

}  // namespace caudal::transfer
