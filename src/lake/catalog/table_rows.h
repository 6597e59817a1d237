// The rows of tables: which metadata file is the current one. Inside lake only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/catalog/names.h"
#include "meta/database.h"

namespace caudal::lake {

struct TableRow {
  int64_t id = 0;
  std::string uuid;
  std::string metadata;  // location of the current metadata file
  int64_t commits = 0;
};

// kNotFound ("table.not_found"), also where its namespace is missing.
Result<TableRow> ReadTable(meta::Connection& connection, const TableName& name);
struct ListedTable {
  TableName name;
  std::string uuid;
  int64_t commits = 0;
};
Result<std::vector<ListedTable>> ReadAllTables(meta::Connection& connection);
// By name, after `after`; one more than `max` where there are more.
Result<std::vector<std::string>> ReadTableNames(meta::Connection& connection, int64_t space,
                                                const std::string& after, int max);
// kAlreadyExists ("table.exists").
Result<void> InsertTable(meta::Tx& tx, const TableName& name, const std::string& uuid,
                         const std::string& metadata);
// The pointer moves when it still points to `from`; kConflict ("table.moved") otherwise.
Result<void> MoveTable(meta::Tx& tx, const TableRow& from, const std::string& metadata);
Result<void> DeleteTable(meta::Tx& tx, int64_t id);
// Each gets the other's name.
Result<void> ExchangeNames(meta::Tx& tx, const TableName& a, const TableName& b);
// kAlreadyExists when there is such a table.
Result<void> RenameTable(meta::Tx& tx, int64_t id, const TableName& to);

}  // namespace caudal::lake
