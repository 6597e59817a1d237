#include "pipeline/keyed_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "data/batch_builder.h"

namespace caudal::pipeline {
namespace {

char OpAt(const Array& op, int64_t row) {
  const std::string_view text = op.bytes(row);
  return text.empty() ? '\0' : text[0];
}

bool SameValue(const Array& a, const Array& b, int64_t row) {
  if (a.IsNull(row) || b.IsNull(row)) return a.IsNull(row) == b.IsNull(row);
  if (a.type().Is(TypeKind::kBoolean)) return a.boolean(row) == b.boolean(row);
  const int64_t width = WidthOf(a.type());
  if (width == 0) return a.bytes(row) == b.bytes(row);
  const auto at = [&](const Array& array) {
    return static_cast<const char*>(array.raw()) + row * width;
  };
  return std::memcmp(at(a), at(b), static_cast<size_t>(width)) == 0;
}

}  // namespace

Array CaudalOf(const ChangeLayout& layout, const Batch& changes) {
  const Array& caudal = changes.column(layout.caudal);
  const Type& type = layout.replica.fields().back().type;
  std::vector<Array> parts;
  for (size_t i = 0; i < type.fields().size(); ++i)
    parts.push_back(caudal.children()[i].As(type.fields()[i].type));
  return caudal.WithChildren(type, std::move(parts));
}

int64_t LastTruncate(const ChangeLayout& layout, const Batch& changes) {
  const Array& op = changes.column(layout.op);
  for (int64_t row = changes.rows() - 1; row >= 0; --row)
    if (OpAt(op, row) == 't') return row;
  return -1;
}

std::vector<bool> KeyMoved(const ChangeLayout& layout, const Batch& changes) {
  std::vector<bool> moved(static_cast<size_t>(changes.rows()));
  if (layout.key.empty()) return moved;
  const Array& op = changes.column(layout.op);
  const Array& text_before = changes.column(layout.caudal).children()[kCaudalBeforeKey];
  for (int64_t row = 0; row < changes.rows(); ++row) {
    if (OpAt(op, row) != 'u') continue;
    if (layout.key_text) {
      moved[static_cast<size_t>(row)] =
          !text_before.IsNull(row) &&
          text_before.bytes(row) != changes.column(layout.key[0]).bytes(row);
      continue;
    }
    const Array& before = changes.column(layout.before);
    if (before.IsNull(row)) continue;
    for (size_t i = 0; i < layout.key.size(); ++i)
      if (!SameValue(changes.column(layout.key[i]), before.children()[i], row))
        moved[static_cast<size_t>(row)] = true;
  }
  return moved;
}

Batch OldKeys(const ChangeLayout& layout, const Batch& changes) {
  std::vector<Array> columns;
  for (const Field& field : layout.replica.fields())
    columns.push_back(Array::Nulls(field.type, changes.rows()));
  for (size_t i = 0; i < layout.key.size(); ++i) {
    const size_t place = layout.key[i];
    const Array& old = layout.key_text ? changes.column(layout.caudal).children()[kCaudalBeforeKey]
                                       : changes.column(layout.before).children()[i];
    columns[place] = old.As(layout.replica.fields()[place].type);
  }
  columns.back() = CaudalOf(layout, changes);
  return {changes.rows(), std::move(columns)};
}

Result<KeyedRows> KeyedRowsOf(const ChangeLayout& layout, const Batch& changes) {
  std::vector<Array> columns;
  columns.reserve(layout.columns + 1);
  for (size_t i = 0; i < layout.columns; ++i)
    columns.push_back(changes.column(i).As(layout.replica.fields()[i].type));
  columns.push_back(CaudalOf(layout, changes));
  KeyedRows keyed{Batch(changes.rows(), std::move(columns)), {}};
  const Array& op = changes.column(layout.op);
  keyed.changes.reserve(static_cast<size_t>(changes.rows()));
  for (int64_t row = 0; row < changes.rows(); ++row) {
    const char what = OpAt(op, row);
    keyed.changes.push_back(what == 'd' ? lake::RowChange::kRemove : lake::RowChange::kPut);
  }
  const std::vector<bool> moved = KeyMoved(layout, changes);
  if (std::ranges::find(moved, true) == moved.end()) return keyed;

  // Old keys and new rows in turn.
  const Batch old = OldKeys(layout, changes);
  BatchBuilder builder = TRY(BatchBuilder::Make(layout.replica));
  std::vector<lake::RowChange> in_turn;
  const auto append = [&](const Batch& from, int64_t first, int64_t rows) {
    for (size_t i = 0; i < from.columns().size(); ++i)
      builder.column(i).AppendRows(from.column(i), first, rows);
  };
  int64_t done = 0;
  for (int64_t row = 0; row <= changes.rows(); ++row) {
    const bool end = row == changes.rows();
    if (!end && !moved[static_cast<size_t>(row)]) continue;
    append(keyed.rows, done, row - done);
    for (; done < row; ++done) in_turn.push_back(keyed.changes[static_cast<size_t>(done)]);
    if (end) break;
    append(old, row, 1);
    in_turn.push_back(lake::RowChange::kRemove);
  }
  keyed.rows = TRY(builder.Finish());
  keyed.changes = std::move(in_turn);
  return keyed;
}

}  // namespace caudal::pipeline
