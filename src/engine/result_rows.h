// Rows as they come from a worker.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/protocol.h"
#include "engine/rows.h"
#include "engine/schema.h"

namespace caudal::engine {

class WorkerSession;

class ResultRows final : public Rows {
 public:
  ResultRows(WorkerSession& session, DescribedMessage described);
  // Of a statement that gave none, and is over.
  ResultRows(WorkerSession& session, const FinishedMessage& finished);
  ~ResultRows() override;
  ResultRows(const ResultRows&) = delete;
  ResultRows& operator=(const ResultRows&) = delete;

  const std::vector<Column>& columns() const override { return described_.columns; }
  const ArrowSchema& schema() const override { return schema_->schema(); }
  Result<std::optional<Batch>> Next() override;
  int64_t rows_changed() const override { return rows_changed_; }

 private:
  Result<void> ReadMore();

  WorkerSession& session_;
  const DescribedMessage described_;
  std::optional<ExportedSchema> schema_;
  std::deque<Batch> batches_;
  bool done_ = false;
  int64_t rows_changed_ = 0;
};

}  // namespace caudal::engine
