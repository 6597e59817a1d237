#include "lake/catalog/table_rows.h"

#include <fmt/format.h>

#include "lake/catalog/namespaces.h"

namespace caudal::lake {
namespace {

Error Exists(const TableName& name) {
  return MakeError(ErrorKind::kAlreadyExists,
                   fmt::format("the table '{}' exists already", TextOf(name)), "table.exists");
}

Error NotFound(const TableName& name, std::string_view why) {
  return MakeError(ErrorKind::kNotFound,
                   fmt::format("the table '{}' doesn't exist{}", TextOf(name), why),
                   "table.not_found");
}

}  // namespace

Result<TableRow> ReadTable(meta::Connection& connection, const TableName& name) {
  // Clients ask for `space.table.files` as for a table, and look for one of that name only when
  // told that there is no such table.
  const Result<int64_t> space = FindNamespace(connection, name.space);
  if (!space.ok() && space.error().code == "namespace.not_found")
    return NotFound(name, ": " + space.error().message);
  if (!space.ok()) return space.error();
  meta::Statement q =
      TRY(connection.Prepare("SELECT id, uuid, metadata, commits FROM lake_tables "
                             "WHERE namespace = ? AND name = ?"));
  q.BindAll(*space, name.name);
  const bool found = TRY(q.Step());
  if (!found) return NotFound(name, "");
  return TableRow{q.Int(0), std::string(q.Text(1)), std::string(q.Text(2)), q.Int(3)};
}

Result<std::vector<ListedTable>> ReadAllTables(meta::Connection& connection) {
  meta::Statement q =
      TRY(connection.Prepare("SELECT n.path, t.name, t.uuid, t.commits FROM lake_tables t "
                             "JOIN lake_namespaces n ON n.id = t.namespace ORDER BY t.id"));
  std::vector<ListedTable> tables;
  while (TRY(q.Step()))
    tables.push_back(
        {{Split(q.Text(0)), std::string(q.Text(1))}, std::string(q.Text(2)), q.Int(3)});
  return tables;
}

Result<std::vector<std::string>> ReadTableNames(meta::Connection& connection, int64_t space,
                                                const std::string& after, int max) {
  meta::Statement q =
      TRY(connection.Prepare("SELECT name FROM lake_tables WHERE namespace = ? AND name > ? "
                             "ORDER BY name LIMIT ?"));
  q.BindAll(space, after, int64_t{max} + 1);
  std::vector<std::string> names;
  while (TRY(q.Step())) names.emplace_back(q.Text(0));
  return names;
}

Result<void> InsertTable(meta::Tx& tx, const TableName& name, const std::string& uuid,
                         const std::string& metadata) {
  const int64_t space = TRY(FindNamespace(tx, name.space));
  const Result<int64_t> done = tx.Run(
      "INSERT INTO lake_tables(namespace, name, uuid, metadata, commits) "
      "VALUES (?, ?, ?, ?, 0)",
      space, name.name, uuid, metadata);
  if (done.ok()) return {};
  if (done.error().Is(ErrorKind::kAlreadyExists)) return Exists(name);
  return done.error();
}

Result<void> MoveTable(meta::Tx& tx, const TableRow& from, const std::string& metadata) {
  const int64_t moved =
      TRY(tx.Run("UPDATE lake_tables SET metadata = ?, commits = commits + 1 "
                 "WHERE id = ? AND metadata = ?",
                 metadata, from.id, from.metadata));
  if (moved == 1) return {};
  return MakeError(ErrorKind::kConflict, "the table changed meanwhile", "table.moved");
}

Result<void> DeleteTable(meta::Tx& tx, int64_t id) {
  TRY(tx.Run("DELETE FROM lake_tables WHERE id = ?", id));
  return {};
}

Result<void> ExchangeNames(meta::Tx& tx, const TableName& a, const TableName& b) {
  const TableRow one = TRY(ReadTable(tx, a));
  const TableRow other = TRY(ReadTable(tx, b));
  // Names are unique at each step. Nobody can have given a table this one.
  TRY(RenameTable(tx, one.id, {b.space, b.name + '\x01'}));
  TRY(RenameTable(tx, other.id, a));
  return RenameTable(tx, one.id, b);
}

Result<void> RenameTable(meta::Tx& tx, int64_t id, const TableName& to) {
  const int64_t space = TRY(FindNamespace(tx, to.space));
  const Result<int64_t> done =
      tx.Run("UPDATE lake_tables SET namespace = ?, name = ? WHERE id = ?", space, to.name, id);
  if (done.ok()) return {};
  if (done.error().Is(ErrorKind::kAlreadyExists)) return Exists(to);
  return done.error();
}

}  // namespace caudal::lake
