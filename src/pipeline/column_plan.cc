#include "pipeline/column_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "capture/landing/history_tables.h"
#include "data/batch.h"
#include "data/distinct_names.h"
#include "data/lower_case.h"
#include "lake/format/schema_update.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeColumn;

class Planner {
 public:
  Planner(const lake::TableMetadata& metadata, TableKind kind,
          const std::vector<ChangeColumn>& columns, const Schema& shape)
      : metadata_(metadata),
        kind_(kind),
        columns_(columns),
        shape_(shape),
        update_(metadata.schema(), metadata.last_column_id, metadata.format_version) {}

  Result<ColumnPlan> Make() {
    TRY(Match());
    TRY(MakeRoom());
    TRY(Rename());
    TRY(AddNew());
    TRY(CheckKey());
    ColumnPlan plan{update_.schema(), update_.last_column_id(), {}};
    for (size_t i = 0; i < columns_.size(); ++i)
      plan.columns.push_back(
          {update_.schema().FindByName(NameOf(i))->id, columns_[i].source_id, columns_[i].name});
    return plan;
  }

 private:
  bool history() const { return kind_ == TableKind::kHistory; }
  const std::string& NameOf(size_t i) const { return shape_.fields()[i].name; }
  // In a history every column is also a part of `before`.
  template <class Do>
  Result<void> Both(const std::string& name, Do&& change) {
    TRY(change(name));
    if (!history()) return {};
    return change(std::string(capture::kBefore) + "." + name);
  }
  Result<void> RenameTo(const std::string& from, const std::string& to) {
    return Both(from, [&](const std::string& full) { return update_.Rename(full, to); });
  }

  // Which of the table's columns stay.
  Result<void> Match() {
    const std::vector<MappedColumn> mapped = TRY(MappedColumnsOf(metadata_));
    std::vector<int32_t> gone;
    for (const MappedColumn& one : mapped) gone.push_back(one.field);
    for (size_t i = 0; i < columns_.size(); ++i) {
      const auto found = std::ranges::find(mapped, columns_[i].source_id, &MappedColumn::source);
      if (found == mapped.end()) continue;
      const Field* field = update_.schema().Find(found->field);
      const Type& type = columns_[i].type;
      if (!SameLayout(field->type, type)) {
        if (!CanPromote(field->type, type, metadata_.format_version)) continue;
        TRY(Both(field->name, [&](const std::string& full) { return update_.Widen(full, type); }));
      }
      matched_[i] = found->field;
      std::erase(gone, found->field);
    }
    if (history()) return {};
    for (const int32_t id : gone) {
      const Field* field = update_.schema().Find(id);
      if (std::ranges::find(update_.schema().identifier_field_ids(), id) !=
          update_.schema().identifier_field_ids().end())
        return AnotherKey();
      TRY(update_.Drop(std::string(field->name)));
    }
    return {};
  }

  // Other columns leave the names that are wanted.
  Result<void> MakeRoom() {
    DistinctNames names;
    std::vector<std::string> wanted;
    for (const Field& field : shape_.fields()) {
      names.Next(field.name);
      wanted.push_back(LowerCase(field.name));
    }
    std::vector<std::string> crowded;
    const Schema before = update_.schema();
    for (const Field& field : before.fields()) {
      const bool matched =
          std::ranges::any_of(matched_, [&](const auto& one) { return one.second == field.id; });
      const bool ours = field.name == capture::kCaudal || field.name == capture::kOp ||
                        field.name == capture::kBefore || field.name == capture::kKeyText;
      if (matched || ours) continue;
      if (std::ranges::find(wanted, LowerCase(field.name)) != wanted.end()) {
        crowded.push_back(field.name);
      } else {
        names.Next(field.name);
      }
    }
    for (const std::string& name : crowded) TRY(RenameTo(name, names.Next(name)));
    return {};
  }

  // Over names that nobody has, since two columns may swap theirs.
  Result<void> Rename() {
    std::vector<std::pair<std::string, std::string>> steps;
    for (const auto& [i, id] : matched_) {
      const std::string name = update_.schema().Find(id)->name;
      if (name == NameOf(i)) continue;
      const std::string passing = fmt::format("_caudal_renamed_{}", id);
      TRY(RenameTo(name, passing));
      steps.emplace_back(passing, NameOf(i));
    }
    for (const auto& [from, to] : steps) TRY(RenameTo(from, to));
    return {};
  }

  Result<void> AddNew() {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (matched_.contains(i)) continue;
      const bool identifies =
          std::ranges::find(shape_.identifier_field_ids(), shape_.fields()[i].id) !=
          shape_.identifier_field_ids().end();
      if (identifies) return AnotherKey();
      Field field;
      field.name = NameOf(i);
      field.type = columns_[i].type;
      TRY(update_.Add("", field));
      if (i > 0) {
        TRY(update_.MoveAfter(field.name, NameOf(i - 1)));
      } else {
        TRY(update_.MoveFirst(field.name));
      }
      if (history()) TRY(update_.Add(capture::kBefore, field));
    }
    return {};
  }

  Result<void> CheckKey() const {
    if (history()) return {};
    const auto names = [](const Schema& schema) {
      std::vector<std::string> list;
      for (const int32_t id : schema.identifier_field_ids()) list.push_back(schema.Find(id)->name);
      std::ranges::sort(list);
      return list;
    };
    return names(update_.schema()) == names(shape_) ? Result<void>() : AnotherKey();
  }

  static Error AnotherKey() {
    return MakeError(
        ErrorKind::kConflict,
        "the key by which its rows are told apart is another one now: read the table anew",
        capture::kKeyChanged);
  }

  const lake::TableMetadata& metadata_;
  const TableKind kind_;
  const std::vector<ChangeColumn>& columns_;
  const Schema& shape_;
  lake::SchemaUpdate update_;
  std::map<size_t, int32_t> matched_;  // by place in columns_: the table's field
};

}  // namespace

Result<ColumnPlan> PlanColumns(const lake::TableMetadata& metadata, TableKind kind,
                               const std::vector<ChangeColumn>& columns, const Schema& shape) {
  return Planner(metadata, kind, columns, shape).Make();
}

Result<Schema> HistoryLayout(const Schema& table, const Schema& shape,
                             const std::vector<MappedColumn>& columns) {
  const auto missing = [](const std::string& name) {
    return MakeError(
        ErrorKind::kCorrupt,
        fmt::format("the history has no column \"{}\": another program changed it", name));
  };
  std::vector<Field> fields;
  for (size_t i = 0; i < shape.fields().size(); ++i) {
    const std::string& name = shape.fields()[i].name;
    const Field* field = i < columns.size() ? table.Find(columns[i].field) : table.FindByName(name);
    if (field == nullptr) return missing(name);
    Field one = *field;
    if (name == capture::kBefore && i >= columns.size()) {
      std::vector<Field> parts;
      for (size_t part = 0; part < columns.size(); ++part) {
        const auto found = std::ranges::find(field->type.fields(), fields[part].name, &Field::name);
        if (found == field->type.fields().end()) return missing("before." + fields[part].name);
        parts.push_back(*found);
      }
      one.type = Type::Struct(std::move(parts));
    }
    fields.push_back(std::move(one));
  }
  return Schema::Make(table.id(), std::move(fields));
}

}  // namespace caudal::pipeline
