// What was landed of each source, in order: batches of whole transactions, and the change files
// they are in. Whoever applies them follows it, and not the events of their files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/position.h"
#include "meta/database.h"

namespace caudal::capture {

// Changes of one table, in the order of their positions.
struct LandedFile {
  std::string table;         // "public.payments", as TableFolder writes it
  uint32_t incarnation = 0;  // of the table
  std::string bucket;
  std::string object;
  int64_t generation = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  Position first;
  Position last;

  bool operator==(const LandedFile&) const = default;
};

// `last` is the end of a transaction: its largest ordinal, whether or not that change is in a file.
struct LandedBatch {
  int64_t number = 0;  // 1, 2… in a source
  Position first;
  Position last;
  std::optional<Micros> committed_at;  // of the last transaction, by the source's clock
  Micros landed_at = 0;                // never before the batch before it
  std::vector<LandedFile> files;       // none: a snapshot or a transaction without rows for us

  bool operator==(const LandedBatch&) const = default;
};

struct SourceProgress {
  uint32_t epoch = 0;              // counts the source's identities
  std::string identity;            // what the present one is: system, timeline, slot
  std::optional<Position> landed;  // all up to it is in batches; none yet
  uint64_t resume_at = 0;     // the log position that may be acknowledged: all before it is landed
  Micros landed_at = 0;       // the last batch's
  int64_t last_batch = 0;     // 0: none
  int64_t applied_batch = 0;  // all up to it is in tables
};

// Reads are of one moment each. What changes something runs in a transaction of the caller's, and
// is durable with it. Thread-safe.
class Ledger {
 public:
  static std::span<const meta::Migration> Migrations();
  explicit Ledger(meta::Database& database) : database_(database) {}

  // Null: nothing is known of such a source.
  Result<std::optional<SourceProgress>> ProgressOf(const std::string& source) const;
  // The same; kNotFound ("source.not_found") instead.
  Result<SourceProgress> NeedProgressOf(const std::string& source) const;
  // Batches above `after`, at most `limit` of them, in order.
  Result<std::vector<LandedBatch>> BatchesOf(const std::string& source, int64_t after,
                                             int limit) const;

  // The source is `identity` from now on, in a new epoch, with `resume_at`: at its begin, or when
  // it was found to be another and its tables are to be read anew. Nothing is landed in the epoch
  // yet. Returns the epoch.
  static Result<uint32_t> BeginEpoch(meta::Tx& tx, const std::string& source,
                                     const std::string& identity, uint64_t resume_at);
  // Adds the batch behind the others, and gives its number. kPrecondition ("ledger.behind") when
  // the source's present epoch is another, or `batch.first` isn't behind what is landed: it was
  // landed before, and nothing changes.
  static Result<int64_t> Append(meta::Tx& tx, const std::string& source, const LandedBatch& batch,
                                uint64_t resume_at);
  // There was nothing to land up to `resume_at`. Never goes back.
  static Result<void> Advance(meta::Tx& tx, const std::string& source, uint64_t resume_at);
  // All batches up to `batch` are in tables. Never goes back.
  static Result<void> Applied(meta::Tx& tx, const std::string& source, int64_t batch);
  // Applied batches that were landed before `before` are forgotten, at most `limit` of them; gives
  // back how many. Their files stay.
  static Result<int64_t> Forget(meta::Tx& tx, const std::string& source, Micros before, int limit);

 private:
  meta::Database& database_;
};

}  // namespace caudal::capture
