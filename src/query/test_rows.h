// Rows for tests of the formats.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/test_engine.h"
#include "query/result_writer.h"

namespace caudal::query {

// All of `rows` in a format.
inline Result<std::string> WriteAll(Format format, engine::Rows& rows) {
  const std::unique_ptr<ResultWriter> writer = TRY(ResultWriter::Make(format, rows));
  std::string out;
  TRY(writer->Begin(out));
  while (true) {
    const std::optional<engine::Batch> batch = TRY(rows.Next());
    if (!batch) break;
    TRY(writer->Add(*batch, out));
  }
  writer->End(out);
  return out;
}

inline std::string WriteAll(Format format, engine::Session& session, const std::string& sql) {
  const auto rows = session.Run(engine::Sql(sql));
  EXPECT_TRUE(rows.ok()) << rows.error().message;
  if (!rows.ok()) return "";
  const Result<std::string> out = WriteAll(format, **rows);
  EXPECT_TRUE(out.ok()) << out.error().message;
  return out.ok() ? *out : "";
}

// The rows of other ones, cut out of the middle: arrays with offsets, as Arrow allows them.
class SlicedRows final : public engine::Rows {
 public:
  SlicedRows(engine::Rows& rows, int64_t first, int64_t length)
      : rows_(rows), first_(first), length_(length) {}
  const std::vector<engine::Column>& columns() const override { return rows_.columns(); }
  const ArrowSchema& schema() const override { return rows_.schema(); }
  Result<std::optional<engine::Batch>> Next() override {
    std::optional<engine::Batch> batch = TRY(rows_.Next());
    if (!batch) return batch;
    root_ = batch->array();
    columns_.clear();
    pointers_.clear();
    columns_.reserve(static_cast<size_t>(root_.n_children));
    // Half of the offset on the struct, half on its columns.
    const int64_t own = first_ / 2;
    for (int64_t i = 0; i < root_.n_children; ++i) {
      ArrowArray& column = columns_.emplace_back(*root_.children[i]);
      column.offset += first_ - own;
      column.length -= first_ - own;
      column.null_count = -1;
      pointers_.push_back(&column);
    }
    root_.offset = own;
    root_.length = length_;
    root_.children = pointers_.data();
    return std::optional<engine::Batch>(
        engine::Batch(std::make_shared<engine::Batch>(*batch), &root_));
  }
  int64_t rows_changed() const override { return 0; }

 private:
  engine::Rows& rows_;
  const int64_t first_;
  const int64_t length_;
  ArrowArray root_{};
  std::vector<ArrowArray> columns_;
  std::vector<ArrowArray*> pointers_;
};

}  // namespace caudal::query
