// Columns of files as columns of tables, in DuckDB's SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/field.h"
#include "data/value.h"
#include "query/file_columns.h"

namespace caudal::query {

// How DuckDB names fields beside each other: it takes names that differ by case only for the same,
// so later ones get a suffix ("A_1").
std::vector<std::string> SqlNames(const std::vector<Field>& fields);

// "STRUCT(\"a\" BIGINT, \"b\" VARCHAR[])". kUnsupported for types that DuckDB or Caudal lacks.
Result<std::string> SqlType(const Type& type);

// An expression of the type, which isn't nested.
std::string SqlLiteral(const Type& type, const Value& value);

// `expression`, which is `column` of a file, as the field of the table: parts of structs by id,
// widened where the type was. kUnsupported, naming the field, for what can't be read so.
Result<std::string> ColumnSql(const FileColumn& column, const Field& field,
                              const std::string& expression);
// Where the file lacks it: its initial default, or null. kUnsupported when it is required and has
// none.
Result<std::string> MissingSql(const Field& field);

// Null when none has the id.
const FileColumn* FindColumn(const std::vector<FileColumn>& columns, int32_t field_id);

}  // namespace caudal::query
