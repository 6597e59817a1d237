// Rows of change files, put into a replica by key: its part of a transaction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "lake/keys/key_codec.h"
#include "lake/write/writer.h"
#include "pipeline/change_layout.h"
#include "pipeline/quarantine.h"
#include "pipeline/row_keys.h"
#include "pipeline/table_pair.h"

namespace caudal::pipeline {

// One thread at a time.
class ReplicaChanges {
 public:
  // `write` must outlive it. Both tables are there.
  static Result<std::unique_ptr<ReplicaChanges>> Open(lake::WriteTransaction& write,
                                                      TablePair names,
                                                      ChangeAge age = ChangeAge::kPresent);
  ReplicaChanges(const ReplicaChanges&) = delete;
  ReplicaChanges& operator=(const ReplicaChanges&) = delete;

  const TablePair& names() const { return names_; }
  const ChangeLayout& layout() const { return layout_; }
  const Schema& history() const { return history_; }

  // Rows of the layout's `read`, in order, none of which empties the table. `fresh`: none of their
  // keys is in the replica. Gives back those that can't be applied, and were passed over.
  Result<std::vector<QuarantinedRow>> Put(Batch rows, bool fresh);
  // The table is empty: what comes is all there is.
  void Clear();
  // A value isn't known that the source didn't send, or a row that it removed.
  bool incomplete() const { return incomplete_; }

 private:
  ReplicaChanges(lake::WriteTransaction& write, TablePair names)
      : write_(write), names_(std::move(names)) {}
  Result<void> PutGood(Batch rows, bool fresh);
  Result<std::vector<bool>> Find(const std::vector<std::string>& keys);

  lake::WriteTransaction& write_;
  const TablePair names_;
  ChangeLayout layout_;
  std::optional<lake::KeyCodec> codec_;
  std::unique_ptr<RowKeys> row_keys_;  // of a layout with row_key
  Schema history_;
  bool incomplete_ = false;
};

}  // namespace caudal::pipeline
