// The captured tables of a source that is running: what the stream's relations are bound to, and
// which tables are to be read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/landing/history_tables.h"
#include "capture/landing/ledger.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/options.h"
#include "capture/postgres/stream/change_collector.h"
#include "meta/database.h"

namespace caudal::capture::postgres {

// One thread at a time. References must outlive it.
class SourceTables final : public TableBinder {
 public:
  struct Parts {
    const SourceOptions& options;
    Connection& connection;
    Ledger& ledger;
    meta::Database& database;
    HistoryTables& histories;
  };
  // `present`: the publication and slot let changes of the catalogue's tables come from now on.
  static Result<std::unique_ptr<SourceTables>> Make(Parts parts, SourceCatalog catalog);

  // The catalogue as it is now. Tables that are new, or others of a known name, are noted in the
  // ledger, to be read; those that the publication lacks, and can't be added to it, are left out.
  Result<void> Refresh();

  // Nothing for a table that isn't captured, or of which nothing is read yet: its rows of now come
  // with its reading. Looks at the catalogue again when the relation isn't as it is known. A table
  // whose old rows changed without the log saying so (columns with a default, other types), or of
  // which this part of the log is older than the catalogue, is to be read anew.
  Result<std::optional<BoundTable>> Bind(const caudal::postgres::Relation& relation) override;

  struct Unread {
    SourceTable source;
    BoundTable bound;
    CapturedTable state;
  };
  // All that are new, or whose reading hasn't ended; of those without a key it begins anew.
  Result<std::vector<Unread>> ToRead();
  // What was read of those whose reading hasn't ended counts no more.
  Result<void> BeginAgain();
  // Whether there is one, as far as this object knows; see `Reload`.
  bool has_unread() const;
  // Reads their states from the ledger again.
  Result<void> Reload();

 private:
  struct Known {
    CapturedTable state;
    std::optional<BoundTable> bound;
    uint32_t file_node = 0;  // when it was bound
  };

  explicit SourceTables(Parts parts, SourceCatalog catalog)
      : parts_(parts), catalog_(std::move(catalog)) {}
  Result<void> NoteTables();
  // With the replica for what is read of it. Of a table whose key is another one, what was read
  // counts no more.
  Result<BoundTable> BindKnown(const SourceTable& table, const Known& known);
  Result<void> ReadAnew(const SourceTable& table, std::string_view why);
  Result<bool> NeedsReading(const SourceTable& table, const Known& known, const BoundTable& bound);

  Parts parts_;
  SourceCatalog catalog_;
  std::map<std::string, Known> known_;  // by folder
  std::set<std::string> told_;          // tables of which was said that they aren't published
};

}  // namespace caudal::capture::postgres
