// The catalogue: namespaces, and tables whose state is one metadata file each.
//
// A commit writes a new metadata file and moves the table's pointer to it in one transaction of the
// metadata database, so several tables change together or not at all. Requirements are checked on
// the state that is replaced: when another commit came first, all of it is done again on the new
// state, until a requirement no longer holds.
//
// Durability: a change that returned ok is on stable storage; after an error nothing has changed.
// No outcome is ever unknown to the caller. Thread-safe; calls block on disk syncs.
//
// Errors: kNotFound ("table.not_found", "namespace.not_found"), kAlreadyExists ("table.exists"),
// kConflict ("table.commit_failed": a requirement doesn't hold, or the table is too busy), kInvalid
// ("lake.name", "lake.location"), kCorrupt, naming the metadata file; besides those of the object
// store.
//
// Does not: write or remove data files, or look into them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "lake/catalog/find_tables.h"
#include "lake/catalog/foreign_turns.h"
#include "lake/catalog/metadata_files.h"
#include "lake/catalog/namespaces.h"
#include "lake/catalog/table_rows.h"
#include "lake/format/metadata_update.h"
#include "lake/format/new_table.h"

namespace caudal::lake {

struct CatalogOptions {
  std::string bucket;  // where tables go that don't say; made with the first of them
  uint64_t metadata_cache_bytes = 64u << 20;
};

struct LoadedTable {
  TableName name;
  std::string metadata_location;  // empty for a table that is only staged
  SharedMetadata metadata;
};

struct TablePage {
  std::vector<TableName> tables;
  std::string next_page_token;  // empty: the end
};

// Requirements and updates as the REST catalogue's commits have them: JSON lists, see
// lake/format/metadata_update.h.
struct TableChange {
  TableName name;
  Json requirements;
  Json updates;
};

// A commit that was made on `base`: the table's next state, and the files that it needs besides its
// metadata file.
struct PreparedCommit {
  LoadedTable base;
  TableMetadata next;
  std::vector<objects::FileToPublish> files;
};
// What joins the transaction of a commit. Short: it runs on the metadata writer's thread.
using JoinCommit = std::function<Result<void>(meta::Tx&)>;

class Catalog {
 public:
  static std::span<const meta::Migration> Migrations();
  // All references must outlive it.
  Catalog(CatalogOptions options, meta::Database& database, objects::Store& store, Clock& clock,
          Random& random)
      : options_(std::move(options)),
        database_(database),
        store_(store),
        clock_(clock),
        random_(random),
        namespaces_(database),
        files_(store, options_.metadata_cache_bytes) {}

  Namespaces& namespaces() { return namespaces_; }
  const CatalogOptions& options() const { return options_; }
  // Grows with each commit of this process: who wants to know of changes looks here first.
  uint64_t changes() const { return changes_; }
  // Commits refused to other engines, for which our own writer makes room.
  ForeignTurns& foreign_turns() { return foreign_turns_; }

  Result<TablePage> ListTables(const Levels& space, const std::string& page_token, int max);
  // All there are, in no order.
  Result<std::vector<ListedTable>> AllTables();
  Result<LoadedTable> Load(const TableName& name);
  // All at one version of the catalogue, in the order given; see FindTable for what names mean.
  Result<std::vector<LoadedTable>> LoadAll(const std::vector<WantedTable>& wanted);
  // The UUID is the catalogue's to give; an empty location too.
  Result<LoadedTable> Create(const TableName& name, NewTable table);
  // The same without a trace: a later Commit with the requirement assert-create makes it.
  Result<LoadedTable> Stage(const TableName& name, NewTable table);
  // All of them, or none. In the order given.
  Result<std::vector<LoadedTable>> Commit(const std::vector<TableChange>& changes);
  // All of them, their files and what `also` writes, or nothing. kConflict ("table.moved") when a
  // table is no longer what its commit was made on: the caller begins again from Load.
  Result<std::vector<LoadedTable>> Publish(std::vector<PreparedCommit> commits,
                                           const JoinCommit& also = {});
  // How many old metadata files the next one of this table names.
  static size_t MetadataLogMax(const TableMetadata* base);
  // The files stay, unless `purge`: then what the table's metadata leads to is removed once the
  // table is gone; see lake/catalog/purge.h.
  Result<LoadedTable> Drop(const TableName& name, bool purge = false);
  Result<void> Rename(const TableName& from, const TableName& to);
  // Each of the two tables gets the other's name, in a transaction of the caller's: see JoinCommit.
  Result<void> Exchange(meta::Tx& tx, const TableName& a, const TableName& b);
  // A table for a metadata file that is there. `overwrite`: also in place of one that exists.
  Result<LoadedTable> Register(const TableName& name, const std::string& metadata_location,
                               bool overwrite);

 private:
  // A table as a commit found it, and as it leaves it.
  struct Step {
    TableName name;
    std::optional<TableRow> before;  // none: the commit makes the table
    SharedMetadata base;
    std::string location;  // of the new metadata file; empty: nothing changes
    SharedMetadata next;
    uint64_t bytes = 0;
  };

  Result<TableMetadata> Build(const TableName& name, NewTable table);
  Result<std::vector<LoadedTable>> TryCommit(const std::vector<TableChange>& changes);
  Result<std::vector<LoadedTable>> Move(std::vector<Step> steps,
                                        std::vector<objects::FileToPublish> files,
                                        const JoinCommit& also);
  std::string NextMetadataLocation(const TableMetadata& next, const std::string& before);
  Result<Step> Plan(meta::Connection& connection, const TableChange& change);
  Result<void> CheckLocation(const TableMetadata& metadata);
  void RemoveOldMetadata(const Step& step);
  std::string NewUuid();
  int64_t NowMs() const { return clock_.Now() / 1000; }

  const CatalogOptions options_;
  meta::Database& database_;
  objects::Store& store_;
  Clock& clock_;
  Random& random_;
  Namespaces namespaces_;
  MetadataFiles files_;
  std::atomic<uint64_t> changes_ = 0;
  ForeignTurns foreign_turns_;
};

}  // namespace caudal::lake
