#include "query/table_sql.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <unordered_map>

#include "data/lower_case.h"
#include "engine/quoting.h"
#include "query/column_sql.h"
#include "query/file_projection.h"

namespace caudal::query {
namespace {

using engine::QuoteText;

// Columns that DuckDB adds for the deletes.
constexpr std::string_view kFileColumn = "caudal_file_name";
constexpr std::string_view kRowColumn = "file_row_number";
// Statistics of many writers leave NaNs out, while to DuckDB a NaN is above all numbers.
constexpr std::string_view kOptions = "hive_partitioning = false, can_have_nan = true";

// Distinguishes partitions; nobody reads it.
std::string TextOf(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) {
    text += static_cast<char>('0' + value.index());
    std::visit(
        [&text](const auto& held) {
          using Held = std::remove_cvref_t<decltype(held)>;
          if constexpr (std::is_same_v<Held, std::string>) {
            text += std::to_string(held.size()) + ':' + held;
          } else if constexpr (!std::is_same_v<Held, std::monostate>) {
            text.append(reinterpret_cast<const char*>(&held), sizeof held);
          }
        },
        value);
  }
  return text;
}

// Files that are read by the same text.
struct Group {
  std::string list;        // of columns
  SharedColumns columns;   // of one of them
  bool positions = false;  // rows are deleted by position; of `equality` likewise
  bool equality = false;
  std::vector<const lake::ScanFile*> files;
};

class Builder {
 public:
  Builder(const TableScan& scan, ScanFiles& files)
      : scan_(scan), files_(files), projections_(scan.metadata, scan.schema) {}

  Result<std::string> Build() {
    for (const lake::ScanFile& file : scan_.files) TRY(Add(file));
    if (groups_.empty()) {
      const std::string list = TRY(projections_.EmptyList());
      return "SELECT " + list + " WHERE false";
    }
    std::string sql;
    for (const Group& group : groups_) {
      const std::string select = TRY(Select(group));
      sql += (sql.empty() ? "" : "\nUNION ALL\n") + select;
    }
    return sql;
  }

 private:
  Result<void> Add(const lake::ScanFile& file);
  Result<std::string> Select(const Group& group);
  Result<std::string> Paths(const std::vector<const lake::DataFile*>& files);
  Result<std::string> EqualityDeletes(const Group& group, std::string& where);
  Result<std::string> DeletedKeys(const std::vector<const lake::LiveFile*>& deletes,
                                  const std::vector<int32_t>& ids);
  static Result<void> CheckNames(const FileColumns& columns);

  const TableScan& scan_;
  ScanFiles& files_;
  FileProjections projections_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, size_t> by_key_;
};

Result<void> Builder::Add(const lake::ScanFile& file) {
  const SharedColumns columns = TRY(projections_.ColumnsOf(file.data->file, files_));
  std::string list = TRY(projections_.ListOf(*file.data, columns));
  const bool positions = TRY(files_.HideDeleted(file));
  const bool equality = !file.equality_deletes.empty();
  // Of columns of other types, too: DuckDB would read all files' values as of the first one's type.
  std::string key =
      fmt::format("{}{}/", positions ? "d" : "p", static_cast<const void*>(columns.get()));
  // Equality deletes are those of a partition, and find their keys by the file's own columns.
  if (equality)
    key += fmt::format("e{}/{}/", file.data->spec_id, TextOf(file.data->file.partition));
  key += list;
  const auto [at, fresh] = by_key_.emplace(std::move(key), groups_.size());
  if (fresh) {
    if (positions || equality) TRY(CheckNames(*columns));
    groups_.push_back({std::move(list), columns, positions, equality, {}});
  }
  groups_[at->second].files.push_back(&file);
  return {};
}

Result<void> Builder::CheckNames(const FileColumns& columns) {
  for (const FileColumn& column : columns.columns)
    if (LowerCase(column.sql_name) == kFileColumn || LowerCase(column.sql_name) == kRowColumn)
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("a table with a column '{}' and deleted rows: rename the "
                                   "column and compact the table",
                                   column.name));
  return {};
}

Result<std::string> Builder::Paths(const std::vector<const lake::DataFile*>& files) {
  std::string paths;
  for (const lake::DataFile* file : files) {
    const ScanFiles::File* opened = TRY(files_.Open(*file));
    paths += paths.empty() ? "" : ", ";
    paths += '\'';
    paths += opened->sql_path;
    paths += '\'';
  }
  return "[" + paths + "]";
}

Result<std::string> Builder::Select(const Group& group) {
  std::vector<const lake::DataFile*> data;
  data.reserve(group.files.size());
  for (const lake::ScanFile* file : group.files) data.push_back(&file->data->file);
  const std::string paths = TRY(Paths(data));
  if (!group.positions && !group.equality)
    return fmt::format("SELECT {} FROM read_parquet({}, {}) d", group.list, paths, kOptions);
  std::string rows = fmt::format("read_parquet({}, {}, filename = '{}', file_row_number = true) d",
                                 paths, kOptions, kFileColumn);
  std::string where;
  if (group.positions)
    where = fmt::format(" WHERE caudal_visible(d.{}, d.{})", kFileColumn, kRowColumn);
  if (group.equality) {
    if (group.positions) rows = fmt::format("(SELECT d.* FROM {}{}) d", rows, where);
    where.clear();
    rows += TRY(EqualityDeletes(group, where));
  }
  return fmt::format("SELECT {} FROM {}{}", group.list, rows, where);
}

// A row is gone when its key was deleted later than its file was written.
Result<std::string> Builder::EqualityDeletes(const Group& group, std::string& where) {
  std::map<std::vector<int32_t>, std::vector<const lake::LiveFile*>> by_ids;
  std::set<std::string_view> seen;
  std::string written;
  for (const lake::ScanFile* file : group.files) {
    const ScanFiles::File* data = TRY(files_.Open(file->data->file));
    written += fmt::format("{}('{}', {})", written.empty() ? "" : ", ", data->sql_path,
                           file->data->sequence_number);
    for (const lake::SharedFile& each : file->equality_deletes)
      if (seen.insert(each->file.path).second)
        by_ids[each->file.equality_ids].push_back(each.get());
  }
  if (by_ids.empty()) return std::string();
  std::string joins =
      fmt::format(" JOIN (VALUES {}) s(file, number) ON s.file = d.{}", written, kFileColumn);
  size_t n = 0;
  for (const auto& [ids, deletes] : by_ids) {
    if (ids.empty())
      return MakeError(ErrorKind::kCorrupt,
                       "the equality deletes " + deletes[0]->file.path + " name no columns");
    const std::string keys = TRY(DeletedKeys(deletes, ids));
    std::string on;
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::string key = TRY(projections_.KeyOf(group.columns, ids[i], true));
      on += fmt::format("{}{} IS NOT DISTINCT FROM e{}.k{}", i == 0 ? "" : " AND ", key, n, i);
    }
    joins += fmt::format(" LEFT JOIN ({}) e{} ON {}", keys, n, on);
    where += fmt::format("{}(e{}.number IS NULL OR e{}.number <= s.number)",
                         n == 0 ? " WHERE " : " AND ", n, n);
    ++n;
  }
  return joins;
}

// Each key with the number of its latest deletion.
Result<std::string> Builder::DeletedKeys(const std::vector<const lake::LiveFile*>& deletes,
                                         const std::vector<int32_t>& ids) {
  struct Alike {
    std::vector<const lake::DataFile*> files;
    std::string numbers;
  };
  std::map<std::string, Alike> by_keys;
  for (const lake::LiveFile* file : deletes) {
    const SharedColumns columns = TRY(projections_.ColumnsOf(file->file, files_));
    TRY(CheckNames(*columns));
    std::string keys;
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::string key = TRY(projections_.KeyOf(columns, ids[i], false));
      keys += fmt::format("{} AS k{}, ", key, i);
    }
    Alike& alike = by_keys[keys];
    const ScanFiles::File* opened = TRY(files_.Open(file->file));
    alike.numbers += fmt::format("{}('{}', {})", alike.numbers.empty() ? "" : ", ",
                                 opened->sql_path, file->sequence_number);
    alike.files.push_back(&file->file);
  }
  std::string all;
  for (const auto& [keys, alike] : by_keys) {
    const std::string paths = TRY(Paths(alike.files));
    all += fmt::format(
        "{}SELECT {}m.number AS number FROM read_parquet({}, hive_partitioning = false, filename = "
        "'{}') d JOIN (VALUES {}) m(file, number) ON m.file = d.{}",
        all.empty() ? "" : " UNION ALL ", keys, paths, kFileColumn, alike.numbers, kFileColumn);
  }
  std::string by;
  for (size_t i = 0; i < ids.size(); ++i) by += fmt::format("k{}, ", i);
  return fmt::format("SELECT {}max(number) AS number FROM ({}) GROUP BY {}", by, all,
                     by.substr(0, by.size() - 2));
}

}  // namespace

Result<std::string> TableSql(const TableScan& scan, ScanFiles& files) {
  return Builder(scan, files).Build();
}

}  // namespace caudal::query
