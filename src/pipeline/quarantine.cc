#include "pipeline/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "data/batch_builder.h"
#include "data/json.h"
#include "data/position.h"
#include "lake/write/row_picker.h"
#include "pipeline/keyed_rows.h"
#include "pipeline/unchanged_values.h"
#include "pipeline/verify/value_text.h"

namespace caudal::pipeline {
namespace {

// The first reason of a row counts. Rows are looked at only where a column has nulls.
class Sieve {
 public:
  Sieve(const ChangeLayout& layout, const Batch& changes)
      : layout_(layout), changes_(changes), op_(changes.column(layout.op)) {}

  // Of each row, why it can't be applied; none when all can.
  std::vector<std::string> Look() {
    for (const size_t place : layout_.key) LookForNulls(place);
    if (!layout_.key_text && !layout_.key.empty()) LookForOldNulls();
    if (HasUnchanged(layout_, changes_)) LookForNames();
    return std::move(reasons_);
  }

 private:
  void Refuse(int64_t row, std::string reason) {
    reasons_.resize(static_cast<size_t>(changes_.rows()));
    std::string& mine = reasons_[static_cast<size_t>(row)];
    if (mine.empty()) mine = std::move(reason);
  }

  void LookForNulls(size_t place) {
    const Array& column = changes_.column(place);
    if (column.null_count() == 0) return;
    for (int64_t row = 0; row < changes_.rows(); ++row)
      if (column.IsNull(row))
        Refuse(row, fmt::format("the key's column \"{}\" has no value that its type holds",
                                layout_.read.fields()[place].name));
  }

  // A row that moved from a key that isn't known.
  void LookForOldNulls() {
    const Array& before = changes_.column(layout_.before);
    for (size_t i = 0; i < layout_.key.size(); ++i) {
      const Array& column = before.children()[i];
      if (column.null_count() == 0) continue;
      for (int64_t row = 0; row < changes_.rows(); ++row)
        if (op_.bytes(row) == "u" && !before.IsNull(row) && column.IsNull(row))
          Refuse(row,
                 fmt::format("the key's column \"{}\" had no value that its type holds before the "
                             "change",
                             layout_.read.fields()[layout_.key[i]].name));
    }
  }

  // Of a layout for old changes, names are looked for by who fills values in.
  void LookForNames() {
    if (!layout_.former_names.empty()) return;
    const Array& unchanged = changes_.column(layout_.caudal).children()[kCaudalUnchanged];
    const auto& fields = layout_.read.fields();
    for (int64_t row = 0; row < changes_.rows(); ++row) {
      if (unchanged.IsNull(row)) continue;
      const int32_t* at = unchanged.offsets() + row;
      for (int32_t item = at[0]; item < at[1]; ++item) {
        const std::string_view name = unchanged.children()[0].bytes(item);
        const bool known =
            std::any_of(fields.begin(), fields.begin() + static_cast<ptrdiff_t>(layout_.columns),
                        [&](const Field& field) { return field.name == name; });
        if (!known)
          Refuse(row, fmt::format("it names the column \"{}\" as unchanged, which the table hasn't",
                                  name));
      }
    }
  }

  const ChangeLayout& layout_;
  const Batch& changes_;
  std::vector<std::string> reasons_;  // by row, empty: it is good; none: all are
  const Array& op_;
};

QuarantinedRow Describe(const ChangeLayout& layout, const Batch& changes, int64_t row,
                        std::string reason) {
  const Array& caudal = changes.column(layout.caudal);
  QuarantinedRow bad;
  bad.reason = std::move(reason);
  bad.op = changes.column(layout.op).bytes(row);
  bad.position = caudal.children()[kCaudalPosition].bytes(row);
  const Array& committed = caudal.children()[kCaudalCommittedAt];
  if (!committed.IsNull(row)) bad.committed_at = committed.values<int64_t>()[row];
  Json values = Json::object();
  for (size_t i = 0; i < layout.columns; ++i)
    values[layout.read.fields()[i].name] = TextOfValue(changes.column(i), row);
  const Array& beside = caudal.children()[kCaudalUnrepresentable];
  if (!beside.IsNull(row)) {
    const Array& pairs = beside.children()[0];
    for (int32_t item = beside.offsets()[row]; item < beside.offsets()[row + 1]; ++item)
      values[std::string(pairs.children()[0].bytes(item))] = pairs.children()[1].bytes(item);
  }
  bad.row = DumpJson(values);
  return bad;
}

}  // namespace

Result<SiftedChanges> Sift(const ChangeLayout& layout, Batch changes) {
  SiftedChanges sifted;
  std::vector<std::string> reasons = Sieve(layout, changes).Look();
  if (reasons.empty()) {
    sifted.good = std::move(changes);
    return sifted;
  }
  std::vector<int64_t> good;
  for (int64_t row = 0; row < changes.rows(); ++row) {
    std::string& reason = reasons[static_cast<size_t>(row)];
    if (reason.empty())
      good.push_back(row);
    else
      sifted.bad.push_back(Describe(layout, changes, row, std::move(reason)));
  }
  sifted.good = TRY(lake::PickRows(layout.read, changes, good));
  return sifted;
}

const Schema& QuarantineColumns() {
  static const Schema columns =
      Schema::Make(
          0, {Field{1, "position", Type(TypeKind::kString)},
              Field{2, "ordinal", Type(TypeKind::kLong)},
              Field{3, "committed_at", Type(TypeKind::kTimestampTz)},
              Field{4, "op", Type(TypeKind::kString)}, Field{5, "reason", Type(TypeKind::kString)},
              Field{6, "row", Type(TypeKind::kString)},
              Field{7, "quarantined_at", Type(TypeKind::kTimestampTz)}})
          .value();
  return columns;
}

Result<Batch> QuarantineBatch(const Schema& schema, const std::vector<QuarantinedRow>& rows,
                              Micros now) {
  if (schema.fields().size() != QuarantineColumns().fields().size())
    return MakeError(ErrorKind::kConflict, "the quarantine has other columns than it was made with",
                     "pipeline.quarantine");
  BatchBuilder builder = TRY(BatchBuilder::Make(schema));
  for (const QuarantinedRow& row : rows) {
    const Position position = TRY(Position::Parse(row.position));
    builder.column(0).AppendBytes(row.position);
    builder.column(1).AppendLong(static_cast<int64_t>(position.ordinal));
    if (row.committed_at)
      builder.column(2).AppendLong(*row.committed_at);
    else
      builder.column(2).AppendNull();
    builder.column(3).AppendBytes(row.op);
    builder.column(4).AppendBytes(row.reason);
    builder.column(5).AppendBytes(row.row);
    builder.column(6).AppendLong(now);
  }
  return builder.Finish();
}

}  // namespace caudal::pipeline
