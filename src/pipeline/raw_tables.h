// The tables that the changes of one source go to.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/landing/history_tables.h"
#include "lake/catalog/catalog.h"
#include "pipeline/table_pair.h"

namespace caudal::pipeline {

// Properties of both tables.
inline constexpr const char* kSourceProperty = "caudal.source";
inline constexpr const char* kSourceTableProperty = "caudal.source-table";  // its folder's name

struct RawTablesOptions {
  std::string source;
  std::string dataset;
  std::string default_schema;
  // Called before the columns of a table that is there change: returns when every change that was
  // landed so far is in the tables.
  std::function<Result<void>()> drain;
};

// Thread-safe. `catalog` must outlive it.
class RawTables final : public capture::HistoryTables {
 public:
  RawTables(RawTablesOptions options, lake::Catalog& catalog)
      : options_(std::move(options)), catalog_(catalog) {}

  TablePair PairOf(std::string_view schema, std::string_view table) const;
  // kConflict, besides HistoryTables': a table of that name isn't of this source's table.
  Result<Schema> Open(const std::string& schema, const std::string& table,
                      const std::vector<capture::ChangeColumn>& columns, bool anew) override;
  // Makes the table where rows go that can't be applied, unless it is there. Errors as Open's.
  Result<void> OpenQuarantine(const TablePair& pair, const std::string& source_table);

 private:
  Result<lake::SharedMetadata> Make(const lake::TableName& name, const Schema& shape,
                                    const std::vector<capture::ChangeColumn>& columns,
                                    const std::string& source_table);
  // Nothing: it isn't there.
  Result<std::optional<lake::LoadedTable>> Find(const lake::TableName& name,
                                                const std::string& source_table);

  const RawTablesOptions options_;
  lake::Catalog& catalog_;
};

}  // namespace caudal::pipeline
