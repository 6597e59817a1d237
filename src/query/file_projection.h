// How the columns of a data file become those of the table.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "lake/files/live_file.h"
#include "lake/format/name_mapping.h"
#include "lake/format/table_metadata.h"
#include "query/scan_files.h"

namespace caudal::query {

// One thread at a time. Both must outlive it.
class FileProjections {
 public:
  FileProjections(const lake::TableMetadata& metadata, const Schema& schema)
      : metadata_(metadata), schema_(schema) {}

  // The file's columns with the ids that the table's name mapping gives them where they have none.
  Result<SharedColumns> ColumnsOf(const lake::DataFile& file, ScanFiles& files);
  // "CAST(d."a" AS BIGINT) AS "id", …": the rows are read as `d`.
  Result<std::string> ListOf(const lake::LiveFile& file, const SharedColumns& columns);
  // One column, also one that the schema hasn't any more: an expression of KeyType.
  Result<std::string> KeyOf(const SharedColumns& columns, int32_t field_id, bool may_miss) const;
  Result<std::string> EmptyList() const;

 private:
  struct Projection {
    std::vector<std::string> columns;  // empty: the file lacks it, and its spec may know
    bool whole = true;                 // none is empty
    std::string list;                  // when it is whole
  };

  Result<Projection> Make(const FileColumns& columns) const;
  Result<std::string> Missing(const lake::LiveFile& file, const Field& field) const;
  std::optional<Field> FindField(int32_t id) const;

  const lake::TableMetadata& metadata_;
  const Schema& schema_;
  std::optional<std::vector<lake::MappedField>> mapping_;
  std::unordered_map<const FileColumns*, SharedColumns> mapped_;
  std::vector<SharedColumns> kept_;  // so that the pointers stay theirs
  std::unordered_map<const FileColumns*, Projection> projections_;
};

}  // namespace caudal::query
