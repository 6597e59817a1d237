// The columns of Parquet files: as their footers have them, kept in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/parquet_footer.h"
#include "lake/format/name_mapping.h"

namespace caudal::query {

struct FileColumn {
  enum class Kind : uint8_t { kValue, kStruct, kList, kMap };
  Kind kind = Kind::kValue;
  std::string name;      // as the file has it
  std::string sql_name;  // as DuckDB names it: where names differ by case only, later ones "A_1"
  std::optional<int32_t> field_id;
  std::string type;                  // of a value, as the file's schema says it
  bool raw_bytes = false;            // bytes that aren't marked as text, or as a UUID
  std::vector<FileColumn> children;  // of a struct; one (the element) or two (key, value)

  bool operator==(const FileColumn&) const = default;
};

struct FileColumns {
  std::vector<FileColumn> columns;
  bool has_ids = false;

  bool operator==(const FileColumns&) const = default;
};
using SharedColumns = std::shared_ptr<const FileColumns>;

// kUnsupported when a list or map isn't laid out as such.
Result<FileColumns> ColumnsOf(const engine::ParquetFooter& footer);
// Of a file without field ids: those that the names have in the table's mapping. Columns that it
// doesn't name have none.
FileColumns WithIds(const FileColumns& columns, const std::vector<lake::MappedField>& mapping);

// Thread-safe. By the path in the table, whose file never changes; files with the same columns
// share them.
class FileColumnsCache {
 public:
  // `path` is the local one. kCorrupt, naming `uri`, when it is no Parquet file.
  Result<SharedColumns> Read(const std::string& uri, const std::string& path) EXCLUDES(mutex_);

 private:
  static constexpr size_t kFilesMax = 500'000;

  SharedColumns Keep(const std::string& uri, FileColumns columns) EXCLUDES(mutex_);

  Mutex mutex_;
  std::unordered_map<std::string, SharedColumns> by_uri_ GUARDED_BY(mutex_);
  std::vector<SharedColumns> known_ GUARDED_BY(mutex_);  // the latest few
};

}  // namespace caudal::query
