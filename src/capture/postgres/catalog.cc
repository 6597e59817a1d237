#include "capture/postgres/catalog.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "capture/postgres/connection.h"

namespace caudal::capture::postgres {
namespace {

constexpr std::string_view kTablesSql =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, "
    "coalesce(pg_relation_filenode(c.oid), 0), c.relreplident, c.relrowsecurity, "
    "CASE WHEN c.relispartition THEN coalesce(pg_partition_root(c.oid)::oid, 0) ELSE 0 END, "
    "c.reltuples::bigint, c.relpages "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND left(n.nspname, 3) <> 'pg_' AND n.nspname "
    "<> 'information_schema' ORDER BY n.nspname, c.relname LIMIT ";

Error TooMany(const std::string& what, int max) {
  return MakeError(ErrorKind::kLimit,
                   "the source has more than " + std::to_string(max) + " " + what +
                       "; take fewer tables with one source",
                   "postgres.too_many");
}

uint32_t OidAt(const Rows& rows, int row, int column) {
  return static_cast<uint32_t>(rows.Int(row, column));
}
char CharAt(const Rows& rows, int row, int column) {
  const std::string_view text = rows.Text(row, column);
  return text.empty() ? '\0' : text.front();
}

// "1 3 2", the first `count` of them.
std::vector<int16_t> AttnumsOf(std::string_view text, int64_t count) {
  std::vector<int16_t> attnums;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end && static_cast<int64_t>(attnums.size()) < count) {
    int16_t attnum = 0;
    const auto parsed = std::from_chars(at, end, attnum);
    if (parsed.ec != std::errc()) break;
    attnums.push_back(attnum);
    at = parsed.ptr + 1;
  }
  return attnums;
}

SourceTable TableAt(const Rows& rows, int i) {
  SourceTable table;
  table.oid = OidAt(rows, i, 0);
  table.schema = rows.Text(i, 1);
  table.name = rows.Text(i, 2);
  table.kind = CharAt(rows, i, 3);
  table.persistence = CharAt(rows, i, 4);
  table.file_node = OidAt(rows, i, 5);
  table.replica_identity = static_cast<ReplicaIdentity>(CharAt(rows, i, 6));
  table.row_security = rows.Bool(i, 7);
  table.root = OidAt(rows, i, 8);
  table.rows_estimate = rows.Int(i, 9);
  table.pages = rows.Int(i, 10);
  return table;
}

class Reader {
 public:
  explicit Reader(Connection& connection) : connection_(connection) {}

  Result<SourceCatalog> Read(const SourceOptions& options) {
    TRY(ReadTables(options));
    if (!catalog_.tables.empty()) {
      TRY(ReadColumns());
      TRY(ReadKeys());
    }
    return std::move(catalog_);
  }

 private:
  Result<void> ReadTables(const SourceOptions& options) {
    const Rows rows =
        TRY(connection_.Query(std::string(kTablesSql) + std::to_string(kRelationsMax + 1)));
    if (rows.size() > kRelationsMax) return TooMany("relations", kRelationsMax);
    for (int i = 0; i < rows.size(); ++i) {
      if (!options.Takes(rows.Text(i, 1), rows.Text(i, 2))) continue;
      SourceTable table = TableAt(rows, i);
      const bool stored = (table.kind == 'r' || table.kind == 'p') && table.persistence == 'p';
      (stored ? catalog_.tables : catalog_.others).push_back(std::move(table));
    }
    TRY(ReadPartitions());
    if (catalog_.tables.size() > kTablesMax) return TooMany("tables to capture", kTablesMax);
    for (SourceTable& table : catalog_.tables) {
      by_oid_.emplace(table.oid, &table);
      oids_.push_back(table.oid);
    }
    return {};
  }

  // A partition is a part of its table, where that is taken too.
  Result<void> ReadPartitions() {
    std::vector<uint32_t> parents;
    for (const SourceTable& table : catalog_.tables)
      if (table.kind == 'p') parents.push_back(table.oid);
    if (parents.empty()) return {};
    const Rows rows = TRY(connection_.Query(
        "SELECT parent.oid, c.oid, tree.isleaf, n.nspname, c.relname FROM unnest(" +
        OidArray(parents) +
        "::oid[]) AS parent(oid) CROSS JOIN LATERAL pg_partition_tree(parent.oid) AS tree JOIN "
        "pg_catalog.pg_class c ON c.oid = tree.relid JOIN pg_catalog.pg_namespace n ON n.oid = "
        "c.relnamespace WHERE c.oid <> parent.oid ORDER BY 1, 2 LIMIT " +
        std::to_string(kRelationsMax + 1)));
    if (rows.size() > kRelationsMax) return TooMany("partitions", kRelationsMax);
    std::set<uint32_t> below;
    std::map<uint32_t, std::vector<SourcePartition>> leaves;
    for (int i = 0; i < rows.size(); ++i) {
      below.insert(OidAt(rows, i, 1));
      if (rows.Bool(i, 2))
        leaves[OidAt(rows, i, 0)].push_back(
            {OidAt(rows, i, 1), std::string(rows.Text(i, 3)), std::string(rows.Text(i, 4))});
    }
    std::erase_if(catalog_.tables,
                  [&](const SourceTable& table) { return below.contains(table.oid); });
    for (SourceTable& table : catalog_.tables)
      if (const auto found = leaves.find(table.oid); found != leaves.end())
        table.partitions = std::move(found->second);
    return {};
  }

  Result<void> ReadColumns() {
    const Rows rows = TRY(connection_.Query(
        "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, "
        "a.attgenerated <> '', a.attidentity <> '' FROM pg_catalog.pg_attribute a WHERE "
        "a.attrelid = ANY (" +
        OidArray(oids_) + "::oid[]) AND a.attnum > 0 AND NOT a.attisdropped " +
        "ORDER BY a.attrelid, a.attnum LIMIT " + std::to_string(kColumnsMax + 1)));
    if (rows.size() > kColumnsMax) return TooMany("columns", kColumnsMax);
    std::set<uint32_t> used;
    for (int i = 0; i < rows.size(); ++i) used.insert(OidAt(rows, i, 3));
    const Types types =
        TRY(Types::Read(connection_, std::vector<uint32_t>(used.begin(), used.end())));
    for (int i = 0; i < rows.size(); ++i) {
      SourceTable* table = TableOf(OidAt(rows, i, 0));
      if (table == nullptr) continue;
      SourceColumn column;
      column.attnum = static_cast<int16_t>(rows.Int(i, 1));
      column.name = rows.Text(i, 2);
      Result<PgType> type = types.Resolve(OidAt(rows, i, 3), static_cast<int32_t>(rows.Int(i, 4)));
      if (!type.ok())
        return std::move(type).error().Within("column " + QuoteName(column.name) + " of " +
                                              table->Name());
      column.type = std::move(type).take();
      column.not_null = rows.Bool(i, 5);
      column.generated = rows.Bool(i, 6);
      column.identity = rows.Bool(i, 7);
      table->columns.push_back(std::move(column));
    }
    return {};
  }

  Result<void> ReadKeys() {
    const Rows rows = TRY(connection_.Query(
        "SELECT i.indrelid, i.indisprimary, i.indisreplident, i.indkey::text, i.indnkeyatts, "
        "i.indimmediate FROM "
        "pg_catalog.pg_index i WHERE i.indrelid = ANY (" +
        OidArray(oids_) +
        "::oid[]) AND i.indisvalid AND (i.indisprimary OR i.indisreplident) LIMIT " +
        std::to_string(2 * kTablesMax + 1)));
    for (int i = 0; i < rows.size(); ++i) {
      SourceTable* table = TableOf(OidAt(rows, i, 0));
      if (table == nullptr) continue;
      const std::vector<int16_t> key = AttnumsOf(rows.Text(i, 3), rows.Int(i, 4));
      const bool primary = rows.Bool(i, 1);
      if (primary) {
        table->primary_key = key;
        table->primary_key_deferrable = !rows.Bool(i, 5);
      }
      // A deferrable key identifies nothing in the log.
      const bool identity = table->replica_identity == ReplicaIdentity::kDefault
                                ? primary && rows.Bool(i, 5)
                            : table->replica_identity == ReplicaIdentity::kIndex ? rows.Bool(i, 2)
                                                                                 : false;
      if (identity) table->identity_key = key;
    }
    return {};
  }

  SourceTable* TableOf(uint32_t oid) {
    const auto found = by_oid_.find(oid);
    return found == by_oid_.end() ? nullptr : found->second;
  }

  Connection& connection_;
  SourceCatalog catalog_;
  std::map<uint32_t, SourceTable*> by_oid_;
  std::vector<uint32_t> oids_;
};

}  // namespace

const SourceColumn* SourceTable::Find(int16_t attnum) const {
  const auto found = std::ranges::find(columns, attnum, &SourceColumn::attnum);
  return found == columns.end() ? nullptr : &*found;
}

const SourceTable* SourceCatalog::Find(uint32_t oid) const {
  const auto found = std::ranges::find(tables, oid, &SourceTable::oid);
  return found == tables.end() ? nullptr : &*found;
}

Result<SourceCatalog> ReadCatalog(Connection& connection, const SourceOptions& options) {
  const bool own = !connection.in_transaction();
  if (own) TRY(connection.Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  Result<SourceCatalog> catalog = Reader(connection).Read(options);
  if (own) {
    const Result<Rows> ended = connection.Query("ROLLBACK");
    if (catalog.ok() && !ended.ok()) return ended.error();
  }
  return catalog;
}

}  // namespace caudal::capture::postgres
