#include "capture/postgres/stream/captured_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::Syntax;
using caudal::postgres::ValueForm;

// Types of which some values aren't exactly what their column holds.
bool IsInexact(const ValueForm& form) {
  switch (form.syntax()) {
    case Syntax::kNumeric:
    case Syntax::kDate:
    case Syntax::kTime:
    case Syntax::kTimestamp:
    case Syntax::kTimestampTz:
    case Syntax::kInterval:
    case Syntax::kArray:
    case Syntax::kComposite:
    case Syntax::kHstore:
      return true;
    default:
      return false;
  }
}

// Of its values, or of what its mask makes of them.
Type TypeOf(const CapturedColumn& column) {
  const bool text = column.mask && *column.mask != Mask::kNull;
  return text ? Type(TypeKind::kString) : column.form.type();
}

}  // namespace

Result<std::vector<CapturedColumn>> CapturedColumnsOf(const SourceTable& table,
                                                      const SourceOptions& options) {
  const bool full = table.replica_identity == ReplicaIdentity::kFull;
  const std::vector<int16_t> key = !full                          ? table.identity_key
                                   : table.primary_key_deferrable ? std::vector<int16_t>()
                                                                  : table.primary_key;
  std::vector<CapturedColumn> columns;
  for (const SourceColumn& column : table.columns) {
    const bool in_key = std::ranges::find(key, column.attnum) != key.end();
    const bool left_out =
        column.generated || !options.TakesColumn(table.schema, table.name, column.name);
    const auto mask = std::ranges::find_if(options.masks, [&](const ColumnMask& one) {
      return one.columns.Matches(table.schema, table.name, column.name);
    });
    const bool masked = mask != options.masks.end();
    if (in_key && (left_out || (masked && mask->mask != Mask::kHash)))
      return MakeError(
          ErrorKind::kInvalid,
          fmt::format("the column \"{}\" is a part of the key of {} and can't be {}: "
                      "without it, rows can't be told apart",
                      column.name, table.Name(), left_out ? "left out" : "masked but by 'hash'"));
    if (left_out) continue;
    CapturedColumn captured{column.name,
                            column.attnum,
                            column.name,
                            column.type.oid,
                            ValueForm::Of(column.type),
                            in_key,
                            {},
                            0};
    if (masked) {
      captured.mask = mask->mask;
      captured.mask_length = mask->length;
    }
    columns.push_back(std::move(captured));
  }
  return columns;
}

std::vector<ChangeColumn> ChangeColumnsOf(const std::vector<CapturedColumn>& columns) {
  std::vector<ChangeColumn> changes;
  changes.reserve(columns.size());
  for (const CapturedColumn& column : columns)
    changes.push_back({column.source_name, TypeOf(column), column.key,
                       !column.mask && IsInexact(column.form), column.attnum});
  return changes;
}

void NameAsIn(const Schema& history, std::vector<CapturedColumn>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) columns[i].name = history.fields()[i].name;
}

SentColumns SentColumnsOf(const caudal::postgres::Relation& relation,
                          const std::vector<CapturedColumn>& columns) {
  SentColumns sent;
  sent.columns.reserve(relation.columns.size());
  for (const caudal::postgres::RelationColumn& column : relation.columns) {
    const auto captured = std::ranges::find(columns, column.name, &CapturedColumn::source_name);
    const bool same = captured != columns.end() && captured->type_oid == column.type_oid;
    sent.columns.push_back(same ? std::optional<size_t>(captured - columns.begin()) : std::nullopt);
  }
  for (size_t i = 0; i < columns.size(); ++i)
    if (std::ranges::find(sent.columns, std::optional(i)) == sent.columns.end())
      sent.missing.push_back(i);
  return sent;
}

}  // namespace caudal::capture::postgres
