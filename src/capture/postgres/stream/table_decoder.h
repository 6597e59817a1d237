// Rows of pgoutput as changes of one captured table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/landing/change_builder.h"
#include "capture/postgres/stream/captured_columns.h"
#include "codec/postgres/pgoutput.h"
#include "codec/postgres/value_form.h"

namespace caudal::capture::postgres {

// Between two descriptions of the relation in the stream. One thread at a time.
//
// Errors: kCorrupt, naming table and column, for a tuple that isn't one of this relation, or a text
// that is no value of its column's type. The changes so far are of no use then.
class TableDecoder {
 public:
  struct Layout {
    std::string table;                    // for messages
    std::vector<CapturedColumn> columns;  // the first of `history`, in order
    // Columns that aren't sent are null, and named as unchanged.
    SentColumns sent;
    bool key_text = false;
  };
  static Result<TableDecoder> Make(const Schema& history, Layout layout);

  // `end` without op, has_before and before_key: those follow from the message.
  Result<void> Add(const caudal::postgres::Insert& insert, ChangeEnd end);
  Result<void> Add(const caudal::postgres::Update& update, ChangeEnd end);
  Result<void> Add(const caudal::postgres::Delete& removed, ChangeEnd end);
  void AddTruncate(ChangeEnd end);
  // A row as COPY reads it: in the order of `sent`.
  Result<void> AddSnapshotRow(std::span<const caudal::postgres::ColumnValue> row, ChangeEnd end);

  int64_t rows() const { return changes_.rows(); }
  uint64_t bytes() const { return changes_.bytes(); }
  Result<Batch> Finish() { return changes_.Finish(); }

 private:
  enum class Into : uint8_t { kRow, kBefore };

  TableDecoder(ChangeBuilder changes, Layout layout);
  ColumnBuilder& At(Into into, size_t column) {
    return into == Into::kRow ? changes_.column(column) : changes_.before(column);
  }
  Result<void> Append(Into into, size_t column, const caudal::postgres::ColumnValue& value);
  Result<void> CheckSize(size_t size) const;
  template <class Values>
  Result<void> AppendRow(const Values& row, const caudal::postgres::Tuple* old_row);
  // All of the row as it was, or its key alone.
  Result<void> AppendOld(Into into, const caudal::postgres::Tuple& row, bool key_only);
  void NoteKey(size_t column, const caudal::postgres::ColumnValue& value);
  std::string_view TakeKeyText();

  ChangeBuilder changes_;
  Layout layout_;
  std::vector<size_t> key_order_;  // of a column, its place in the key; others: none
  size_t key_columns_ = 0;
  std::vector<std::string_view> key_values_;  // of the row that is being read, in the key's order
  std::vector<std::string> key_masked_;
  std::string key_text_;
};

}  // namespace caudal::capture::postgres
