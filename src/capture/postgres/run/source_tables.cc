#include "capture/postgres/run/source_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "capture/postgres/publication.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::Relation;

CapturedTable EntryOf(const SourceTable& table) {
  CapturedTable entry;
  entry.folder = TableFolder(table.schema, table.name);
  entry.schema = table.schema;
  entry.table = table.name;
  entry.oid = table.oid;
  entry.file_node = table.file_node;
  entry.rows_estimate = table.rows_estimate;
  return entry;
}

// Whether every column of the relation is one of the table's, of the same type and as much of a
// key, and the other way round: the catalogue is of the time of this part of the log.
bool IsAsInCatalog(const Relation& relation, const SourceTable& table) {
  if (relation.schema != table.schema || relation.name != table.name ||
      relation.identity != table.replica_identity)
    return false;
  const bool keyed = table.replica_identity != ReplicaIdentity::kFull;
  size_t sent = 0;
  for (const caudal::postgres::RelationColumn& column : relation.columns) {
    const auto known = std::ranges::find(table.columns, column.name, &SourceColumn::name);
    if (known == table.columns.end() || known->type.oid != column.type_oid ||
        known->type.typmod != column.typmod)
      return false;
    const bool in_key =
        std::ranges::find(table.identity_key, known->attnum) != table.identity_key.end();
    if (keyed && column.key != in_key) return false;
    // From version 18 on a publication may have them.
    if (!known->generated) ++sent;
  }
  const auto generated = std::ranges::count(table.columns, true, &SourceColumn::generated);
  return sent + static_cast<size_t>(generated) == table.columns.size();
}

// Without one rows are counted: one that came by the stream and is in a later snapshot, too, would
// be two.
bool HasKey(const BoundTable& table) {
  return std::ranges::any_of(table.columns, &CapturedColumn::key);
}

}  // namespace

Result<std::unique_ptr<SourceTables>> SourceTables::Make(Parts parts, SourceCatalog catalog) {
  std::unique_ptr<SourceTables> tables(new SourceTables(parts, std::move(catalog)));
  TRY(tables->Reload());
  TRY(tables->NoteTables());
  return tables;
}

Result<void> SourceTables::Reload() {
  const std::vector<CapturedTable> all = TRY(parts_.ledger.TablesOf(parts_.options.name));
  for (const CapturedTable& table : all) {
    Known& known = known_[table.folder];
    if (known.state.incarnation != table.incarnation) known.bound.reset();
    known.state = table;
  }
  return {};
}

Result<void> SourceTables::NoteTables() {
  std::vector<CapturedTable> entries;
  for (const SourceTable& table : catalog_.tables) {
    CapturedTable entry = EntryOf(table);
    const auto found = known_.find(entry.folder);
    if (found != known_.end() && found->second.state.oid == table.oid) continue;
    if (found != known_.end())
      LogInfo("a source's table was made anew: it is read again",
              {{"source", parts_.options.name}, {"table", table.Name()}});
    entries.push_back(std::move(entry));
  }
  // One that went while it was read isn't waited for.
  for (const auto& [folder, known] : known_) {
    const auto there = [&](const SourceTable& table) {
      return TableFolder(table.schema, table.name) == folder;
    };
    if (known.state.state == TableState::kReading && std::ranges::none_of(catalog_.tables, there))
      entries.push_back(known.state);
  }
  if (entries.empty()) return {};
  TRY(parts_.database.Write([&](meta::Tx& tx) -> Result<void> {
    for (const CapturedTable& entry : entries)
      TRY(Ledger::AddTable(tx, parts_.options.name, entry));
    return {};
  }));
  return Reload();
}

Result<void> SourceTables::Refresh() {
  catalog_ = TRY(ReadCatalog(parts_.connection, parts_.options));
  const std::vector<std::string> left_out =
      TRY(PublishNewTables(parts_.connection, parts_.options, catalog_));
  for (const std::string& table : left_out)
    if (told_.insert(table).second)
      LogWarning("a table isn't copied: the publication lacks it",
                 {{"source", parts_.options.name},
                  {"table", table},
                  {"publication", parts_.options.publication}});
  return NoteTables();
}

Result<void> SourceTables::ReadAnew(const SourceTable& table, std::string_view why) {
  LogInfo("a source's table is read anew",
          {{"source", parts_.options.name}, {"table", table.Name()}, {"reason", why}});
  const CapturedTable entry = EntryOf(table);
  TRY(parts_.database.Write([&](meta::Tx& tx) -> Result<void> {
    TRY(Ledger::AddTable(tx, parts_.options.name, entry));
    return {};
  }));
  return Reload();
}

// Of a table whose columns are others than before.
Result<bool> SourceTables::NeedsReading(const SourceTable& table, const Known& known,
                                        const BoundTable& bound) {
  std::vector<std::string> added;
  for (const CapturedColumn& column : bound.columns) {
    const auto before =
        std::ranges::find(known.bound->columns, column.attnum, &CapturedColumn::attnum);
    if (before == known.bound->columns.end()) {
      added.push_back(std::to_string(column.attnum));
    } else if (before->type_oid != column.type_oid ||
               !(before->form.type() == column.form.type())) {
      return true;
    }
  }
  if (added.empty()) return false;
  if (table.file_node != known.file_node) return true;
  // A default that rows have which were there before.
  const Rows rows = TRY(parts_.connection.Query(
      fmt::format("SELECT count(*) FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attnum IN "
                  "({}) AND atthasmissing",
                  table.oid, fmt::join(added, ", "))));
  return rows.Int(0, 0) > 0;
}

Result<BoundTable> SourceTables::BindKnown(const SourceTable& table, const Known& known) {
  const auto bind = [&] {
    return BindTable(table, parts_.options, known.state.incarnation, parts_.histories,
                     known.state.state == TableState::kNew);
  };
  Result<BoundTable> found = bind();
  if (found.ok() || found.error().code != kKeyChanged) return found;
  TRY(ReadAnew(table, "its key is another one now"));
  return bind();
}

Result<std::optional<BoundTable>> SourceTables::Bind(const Relation& relation) {
  const SourceTable* table = catalog_.Find(relation.oid);
  if (table == nullptr || !IsAsInCatalog(relation, *table)) {
    TRY(Refresh());
    table = catalog_.Find(relation.oid);
    // Not ours, or gone meanwhile: then there is nobody to ask what its columns are.
    if (table == nullptr) return std::optional<BoundTable>();
  }
  Known& known = known_[TableFolder(table->schema, table->name)];
  // Of one that was read before, the history has these changes too.
  if (known.state.state == TableState::kNew && known.state.incarnation == 1)
    return std::optional<BoundTable>();
  BoundTable bound = TRY(BindKnown(*table, known));
  if (!SentColumnsOf(relation, bound.columns).missing.empty()) {
    if (known.state.state == TableState::kRead)
      TRY(ReadAnew(*table, "its columns changed, and what is read of the log is older"));
  } else if (known.bound && TRY(NeedsReading(*table, known, bound))) {
    TRY(ReadAnew(*table, "its columns changed in a way that its rows changed with"));
  }
  known.bound = bound;
  known.file_node = table->file_node;
  return std::optional(std::move(bound));
}

Result<std::vector<SourceTables::Unread>> SourceTables::ToRead() {
  std::vector<Unread> unread;
  for (const SourceTable& table : catalog_.tables) {
    const auto found = known_.find(TableFolder(table.schema, table.name));
    if (found == known_.end() || found->second.state.state == TableState::kRead) continue;
    BoundTable bound = TRY(BindKnown(table, found->second));
    if (found->second.state.state == TableState::kReading && !HasKey(bound)) {
      TRY(ReadAnew(table, "rows without a key can't be told apart by a later snapshot"));
      bound = TRY(BindKnown(table, found->second));
    }
    unread.push_back({table, std::move(bound), found->second.state});
  }
  return unread;
}

Result<void> SourceTables::BeginAgain() {
  for (const SourceTable& table : catalog_.tables) {
    const auto found = known_.find(TableFolder(table.schema, table.name));
    if (found != known_.end() && found->second.state.state == TableState::kReading)
      TRY(ReadAnew(table, "it was rewritten while it was read"));
  }
  return {};
}

bool SourceTables::has_unread() const {
  return std::ranges::any_of(catalog_.tables, [&](const SourceTable& table) {
    const auto found = known_.find(TableFolder(table.schema, table.name));
    return found != known_.end() && found->second.state.state != TableState::kRead;
  });
}

}  // namespace caudal::capture::postgres
