#include "query/file_projection.h"

#include <fmt/format.h>

#include "engine/quoting.h"
#include "query/column_sql.h"

namespace caudal::query {
namespace {

using engine::QuoteName;

std::string InFile(const FileColumn& column) { return "d." + QuoteName(column.sql_name); }

std::string Joined(const std::vector<std::string>& expressions,
                   const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i)
    list += fmt::format("{}{} AS {}", i == 0 ? "" : ", ", expressions[i], QuoteName(names[i]));
  return list;
}

}  // namespace

Result<SharedColumns> FileProjections::ColumnsOf(const lake::DataFile& file, ScanFiles& files) {
  SharedColumns columns = TRY(files.Columns(file));
  if (columns->has_ids) return columns;
  const auto known = mapped_.find(columns.get());
  if (known != mapped_.end()) return known->second;
  if (!mapping_) {
    const auto property = metadata_.properties.find(std::string(lake::kNameMappingProperty));
    if (property == metadata_.properties.end())
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("the data file {} has no field ids, and the table no property "
                                   "{} that would give them",
                                   file.path, lake::kNameMappingProperty));
    mapping_ = TRY(lake::ParseNameMapping(property->second));
  }
  SharedColumns mapped = std::make_shared<const FileColumns>(WithIds(*columns, *mapping_));
  mapped_.emplace(columns.get(), mapped);
  kept_.push_back(columns);
  return mapped;
}

Result<FileProjections::Projection> FileProjections::Make(const FileColumns& columns) const {
  Projection projection;
  for (const Field& field : schema_.fields()) {
    const FileColumn* column = FindColumn(columns.columns, field.id);
    std::string sql;
    if (column != nullptr) sql = TRY(ColumnSql(*column, field, InFile(*column)));
    if (column == nullptr) projection.whole = false;
    projection.columns.push_back(std::move(sql));
  }
  if (projection.whole) projection.list = Joined(projection.columns, SqlNames(schema_.fields()));
  return projection;
}

// Files that were taken over from Hive lack the columns that their folder's name has.
Result<std::string> FileProjections::Missing(const lake::LiveFile& file, const Field& field) const {
  const lake::PartitionSpec* spec = metadata_.FindSpec(file.spec_id);
  for (size_t i = 0; spec != nullptr && i < spec->fields.size(); ++i) {
    const lake::PartitionField& part = spec->fields[i];
    if (part.source_ids.size() != 1 || part.source_id() != field.id ||
        part.transform.kind() != lake::TransformKind::kIdentity ||
        i >= file.file.partition.size() || !Fits(field.type, file.file.partition[i]))
      continue;
    return SqlLiteral(field.type, file.file.partition[i]);
  }
  return MissingSql(field);
}

Result<std::string> FileProjections::ListOf(const lake::LiveFile& file,
                                            const SharedColumns& columns) {
  auto known = projections_.find(columns.get());
  if (known == projections_.end()) {
    Projection made = TRY(Make(*columns));
    known = projections_.emplace(columns.get(), std::move(made)).first;
    kept_.push_back(columns);
  }
  const Projection& projection = known->second;
  if (projection.whole) return projection.list;
  std::vector<std::string> expressions = projection.columns;
  for (size_t i = 0; i < expressions.size(); ++i)
    if (expressions[i].empty()) expressions[i] = TRY(Missing(file, schema_.fields()[i]));
  return Joined(expressions, SqlNames(schema_.fields()));
}

std::optional<Field> FileProjections::FindField(int32_t id) const {
  if (const Field* field = schema_.Find(id)) return *field;
  // As it was last.
  for (auto schema = metadata_.schemas.rbegin(); schema != metadata_.schemas.rend(); ++schema)
    if (const Field* field = schema->Find(id)) return *field;
  return {};
}

Result<std::string> FileProjections::KeyOf(const SharedColumns& columns, int32_t field_id,
                                           bool may_miss) const {
  std::optional<Field> field = FindField(field_id);
  if (!field || field->type.nested())
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("equality deletes by the field {}, which is no column", field_id));
  const FileColumn* column = FindColumn(columns->columns, field_id);
  if (column != nullptr) return ColumnSql(*column, *field, InFile(*column));
  if (!may_miss)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("equality deletes without their column '{}', or by a part of a "
                                 "struct",
                                 field->name));
  field->required = false;
  return MissingSql(*field);
}

Result<std::string> FileProjections::EmptyList() const {
  std::vector<std::string> expressions;
  for (const Field& field : schema_.fields()) {
    const std::string type = TRY(SqlType(field.type));
    expressions.push_back(fmt::format("CAST(NULL AS {})", type));
  }
  return Joined(expressions, SqlNames(schema_.fields()));
}

}  // namespace caudal::query
