#include "query/parquet_copy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "engine/quoting.h"

namespace caudal::query {
namespace {

// What a type is written as, where that is another one.
std::optional<std::string_view> WrittenAs(std::string_view type) {
  // DuckDB would round them to DOUBLE.
  if (type == "HUGEINT" || type == "UHUGEINT") return "DECIMAL(38,0)";
  constexpr auto kTexts =
      std::to_array<std::string_view>({"BIT", "BIGNUM", "TIME WITH TIME ZONE", "TIME_NS", "JSON"});
  if (std::find(kTexts.begin(), kTexts.end(), type) != kTexts.end()) return "VARCHAR";
  return std::nullopt;
}

// Inside lists and structs nothing is changed.
Result<void> CheckNested(const engine::Column& column) {
  constexpr auto kLost = std::to_array<std::string_view>({"HUGEINT", "BIGNUM", "UNION(", "BIT["});
  for (const std::string_view lost : kLost)
    if (column.type.find(lost) != std::string::npos)
      return MakeError(ErrorKind::kUnsupported, "the column '" + column.name + "' is of type " +
                                                    column.type +
                                                    ", which Parquet doesn't hold: cast it");
  return {};
}

}  // namespace

Result<void> CopyToParquet(engine::Session& session, const std::string& sql,
                           const std::vector<std::pair<std::string, engine::Value>>& parameters) {
  // A new line ends a comment that the SQL may end with.
  const std::string rows = "(" + sql + "\n) AS q";
  std::vector<engine::Column> columns;
  {
    // As the user's: what is refused there never runs as ours.
    const std::unique_ptr<engine::Rows> none =
        TRY(session.Run({"SELECT * FROM " + rows + " LIMIT 0", parameters, false}));
    columns = none->columns();
    // To its end: a statement that is left is stopped, and the session with it if that takes long.
    TRY(none->Next());
  }
  std::string names;
  std::string values;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = "c" + std::to_string(i);
    const std::optional<std::string_view> other = WrittenAs(columns[i].type);
    if (!other) TRY(CheckNested(columns[i]));
    names += (i == 0 ? "" : ", ") + name;
    values += i == 0 ? "" : ", ";
    values += other ? "CAST(" + name + " AS " + std::string(*other) + ")" : name;
    values += " AS " + engine::QuoteName(columns[i].name);
  }
  const std::string copy = "COPY (SELECT " + values + " FROM " + rows + "(" + names + ")) TO '" +
                           engine::Session::OutputPath(kParquetFile) +
                           "' (FORMAT parquet, COMPRESSION zstd)";
  TRY(session.Execute({copy, parameters, true}));
  return {};
}

}  // namespace caudal::query
