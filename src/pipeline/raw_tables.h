// The tables that the changes of one source go to.
#pragma once

#include <functional>
#include <mutex>
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
  // Whether rows of the table (its folder) are read, or are to be, that its replica doesn't have.
  // Looks at what is so now.
  std::function<Result<bool>(const std::string& folder)> gathering;
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
  // Of a table whose rows aren't gathered: the replica that was seen before the one that is now
  // goes. Gives what was dropped, with all its files; null: nothing, also when Open is at work.
  Result<lake::SharedMetadata> DropOld(const std::string& schema, const std::string& table);
  // Makes the table where rows go that can't be applied, unless it is there. Errors as Open's.
  Result<void> OpenQuarantine(const TablePair& pair, const std::string& source_table);

 private:
  // What the tables have to become.
  struct Plan {
    std::vector<lake::TableChange> changes;
    bool drop_next = false;  // it has another key: it is made anew
    lake::Properties like;   // with these, and ours
  };
  Result<Plan> PlanTables(const std::string& source_table, const TablePair& pair,
                          const std::vector<capture::ChangeColumn>& columns,
                          const capture::ChangeShape& shape, bool anew);
  Result<std::string> LocationOf(const lake::Levels& space);
  Result<lake::SharedMetadata> Make(const lake::TableName& name, const Schema& shape,
                                    const std::vector<capture::ChangeColumn>& columns,
                                    const std::string& source_table, const lake::Properties& like);
  // Nothing: it isn't there.
  Result<std::optional<lake::LoadedTable>> Find(const lake::TableName& name,
                                                const std::string& source_table);

  const RawTablesOptions options_;
  lake::Catalog& catalog_;
  std::mutex next_mutex_;  // of who makes or drops such replicas
};

}  // namespace caudal::pipeline
