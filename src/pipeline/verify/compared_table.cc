#include "pipeline/verify/compared_table.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "capture/landing/change_shape.h"
#include "data/batch_builder.h"
#include "pipeline/column_map.h"
#include "pipeline/column_plan.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeColumn;

// Among the history's parts of `_caudal`, and among those of an entry in it.
constexpr size_t kUnrepresentable = 2;
constexpr size_t kUnrepresentableValue = 1;

Error OtherColumns(std::string_view which) {
  return MakeError(ErrorKind::kConflict,
                   "its columns in the source aren't those of the " + std::string(which) +
                       ": they changed, and no change of its rows has come since",
                   "verify.columns");
}

Error Missing(std::string_view name) {
  return MakeError(
      ErrorKind::kConflict,
      "the replica has no column \"" + std::string(name) + "\": another program changed it",
      "verify.columns");
}

Result<std::vector<MappedColumn>> ColumnsOf(const lake::TableMetadata& metadata,
                                            const std::vector<ChangeColumn>& columns,
                                            std::string_view which) {
  std::vector<MappedColumn> mapped = TRY(MappedColumnsOf(metadata));
  const bool same =
      std::ranges::equal(mapped, columns, {}, &MappedColumn::source, &ChangeColumn::source_id);
  if (!same) return OtherColumns(which);
  return mapped;
}

Result<Field> PartOf(const Field& of, std::string_view name) {
  const auto found = std::ranges::find(of.type.fields(), name, &Field::name);
  if (found == of.type.fields().end()) return Missing(of.name + "." + std::string(name));
  return *found;
}

// `_caudal` with nothing but the values. Not their columns' names, which columns may have lost.
Result<Field> UnrepresentableOf(const Schema& replica) {
  const Field* found = replica.FindByName(capture::kCaudal);
  if (found == nullptr) return Missing(capture::kCaudal);
  Field caudal = *found;
  Field list = TRY(PartOf(caudal, "unrepresentable"));
  if (!list.type.Is(TypeKind::kList)) return Missing("_caudal.unrepresentable");
  Field element = list.type.element();
  Field value = TRY(PartOf(element, "value"));
  element.type = Type::Struct({std::move(value)});
  list.type = Type::List(std::move(element));
  caudal.type = Type::Struct({std::move(list)});
  return caudal;
}

}  // namespace

Batch ComparedTable::Compared(const Batch& rows) const {
  const std::vector<Field>& fields = schema.fields();
  std::vector<Array> compared;
  compared.reserve(fields.size());
  for (size_t i = 0; i + 1 < fields.size(); ++i)
    compared.push_back(rows.column(i).As(fields[i].type));
  const Array& caudal = rows.columns().back();
  const Array& list = caudal.children()[kUnrepresentable];
  const Array& element = list.children()[0];
  const Type& list_type = fields.back().type.fields()[0].type;
  const Type& element_type = list_type.element().type;
  const Array value = element.children()[kUnrepresentableValue].As(element_type.fields()[0].type);
  const Array values = list.WithChildren(list_type, {element.WithChildren(element_type, {value})});
  compared.push_back(caudal.WithChildren(fields.back().type, {values}));
  return Normal({rows.rows(), std::move(compared)});
}

Batch ComparedTable::Normal(Batch rows) const {
  const Array& caudal = rows.columns().back();
  const Array& list = caudal.children()[0];
  const int32_t* at = list.offsets();
  std::vector<Array> columns = rows.columns();
  if (at[rows.rows()] == at[0]) {
    columns.back() = Array::Nulls(caudal.type(), rows.rows());
    return {rows.rows(), std::move(columns)};
  }
  ColumnBuilder builder(caudal.type());
  for (int64_t row = 0; row < rows.rows(); ++row) {
    if (list.IsNull(row) || at[row + 1] == at[row])
      builder.AppendNull();
    else
      builder.AppendRows(caudal, row, 1);
  }
  columns.back() = builder.Finish();
  return {rows.rows(), std::move(columns)};
}

Result<ComparedTable> CompareTable(const capture::postgres::SourceTable& source,
                                   const capture::postgres::SourceOptions& options,
                                   const lake::TableMetadata& replica,
                                   const lake::TableMetadata& history) {
  ComparedTable table;
  table.source = source;
  table.columns = TRY(capture::postgres::CapturedColumnsOf(source, options));
  const std::vector<ChangeColumn> columns = capture::postgres::ChangeColumnsOf(table.columns);
  const capture::ChangeShape shape = TRY(capture::ShapeOf(columns));
  table.key_text = shape.key_text;
  const std::vector<MappedColumn> ours = TRY(ColumnsOf(replica, columns, "replica"));
  const std::vector<MappedColumn> theirs = TRY(ColumnsOf(history, columns, "history"));
  table.history = TRY(HistoryLayout(history.schema(), shape.history, theirs));
  std::vector<Field> fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Field* field = replica.schema().Find(ours[i].field);
    if (field == nullptr) return Missing(columns[i].name);
    if (!SameLayout(field->type, columns[i].type)) return OtherColumns("replica");
    if (!SameLayout(table.history.fields()[i].type, columns[i].type))
      return OtherColumns("history");
    fields.push_back(*field);
  }
  NameAsIn(table.history, table.columns);
  if (table.key_text) {
    const Field* key = replica.schema().FindByName(capture::kKeyText);
    if (key == nullptr) return Missing(capture::kKeyText);
    fields.push_back(*key);
  }
  Field unrepresentable = TRY(UnrepresentableOf(replica.schema()));
  fields.push_back(std::move(unrepresentable));
  table.schema = TRY(Schema::Make(replica.schema().id(), std::move(fields)));
  // Else the replica's own key counts rows that are alike, which is of no use here.
  if (std::ranges::any_of(columns, &ChangeColumn::key))
    table.codec =
        TRY(lake::KeyCodec::Make(replica.schema(), replica.schema().identifier_field_ids()));
  return table;
}

}  // namespace caudal::pipeline
