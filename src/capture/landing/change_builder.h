// Changes of one source table, row by row, as batches of its history.
//
//   builder.column(0).AppendLong(7);               // every source column: a value or a null
//   builder.before(0).AppendNull();                // only for a row that has a before image: all
//   builder.EndRow({ChangeOp::kUpdate, position, committed_at, /*has_before=*/true});
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "capture/landing/change_shape.h"
#include "data/batch_builder.h"
#include "data/position.h"

namespace caudal::capture {

enum class ChangeOp : char {
  kSnapshot = 'r',
  kInsert = 'c',
  kUpdate = 'u',
  kDelete = 'd',    // source columns hold the key; what else is known of the row is in `before`
  kTruncate = 't',  // of the whole table: no values
};

struct ChangeEnd {
  ChangeOp op = ChangeOp::kInsert;
  Position position;
  std::optional<Micros> committed_at;  // none: the source doesn't say
  bool has_before = false;
  std::optional<std::string_view> before_key;  // of `_caudal_key`, where it was another
};

// Appending costs no allocation but the growth of buffers. One thread at a time.
class ChangeBuilder {
 public:
  // `history` is laid out as ShapeOf's of the same columns, with the table's ids, or as
  // SnapshotColumnsOf that, with what isn't representable: then only snapshot rows are appended.
  static Result<ChangeBuilder> Make(const Schema& history, size_t columns, bool key_text);

  ColumnBuilder& column(size_t i) { return builder_.column(i); }
  ColumnBuilder& before(size_t i) { return builder_.column(before_).child(i); }
  ColumnBuilder& key_text() { return builder_.column(columns_); }
  // What the row's column can't hold, as the source's text. The column has a null.
  void Unrepresentable(std::string_view column, std::string_view value) {
    AppendPair(caudal().child(of_snapshot_ ? 1 : 2), column, value);
    unrepresentable_ = true;
  }
  void BeforeUnrepresentable(std::string_view column, std::string_view value) {
    AppendPair(caudal().child(3), column, value);
    before_unrepresentable_ = true;
  }
  // The source didn't send the column's value, because it didn't change. The column has a null.
  void Unchanged(std::string_view column) {
    caudal().child(5).child(0).AppendBytes(column);
    unchanged_ = true;
  }
  void EndRow(const ChangeEnd& end);

  int64_t rows() const { return builder_.rows(); }
  uint64_t bytes() const { return builder_.bytes(); }
  // The rows so far, and starts anew. kLimit as BatchBuilder's.
  Result<Batch> Finish() { return builder_.Finish(); }

 private:
  ChangeBuilder(BatchBuilder builder, size_t columns, bool key_text, bool has_before,
                bool of_snapshot);
  ColumnBuilder& caudal() { return builder_.column(caudal_); }
  void PutPosition(const Position& position);
  static void EndList(ColumnBuilder& list, bool& any);
  static void AppendPair(ColumnBuilder& list, std::string_view column, std::string_view value);

  BatchBuilder builder_;
  size_t columns_;
  size_t op_;
  size_t before_;  // == op_: there is none
  size_t caudal_;
  bool of_snapshot_;
  // Of the row that was begun, which lists have something: the others are null.
  bool unrepresentable_ = false;
  bool before_unrepresentable_ = false;
  bool unchanged_ = false;
  Position position_;  // the last row's, and its text
  std::array<char, Position::kTextLength> position_text_;
};

}  // namespace caudal::capture
