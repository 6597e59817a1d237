// Changes into the landing bucket: Parquet files that are written once, and the ledger's entry for
// them.
//
//   std::unique_ptr<LandingBatch> batch = TRY(landing.Begin("shop"));
//   TRY(batch->Write(table, rows, first, last));     // any number, per table in order
//   const LandedChanges landed = TRY(batch->Commit({first, last, committed_at, resume_at}));
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "capture/landing/ledger.h"
#include "data/batch.h"
#include "data/position.h"
#include "data/schema.h"
#include "engine/in_process.h"
#include "engine/parquet_writer.h"
#include "objects/store.h"

namespace caudal::capture {

struct LandingOptions {
  std::string bucket;  // is there
  std::string folder;  // for files until they are published: on the store's file system
  uint64_t file_bytes = 128u << 20;  // of rows in memory: then a file ends
};

// A source's table as its change files are named and laid out.
struct LandedTable {
  std::string folder;  // TableFolder's
  uint32_t incarnation = 0;
  Schema history;      // with the ids of the table that the files are of
  bool fresh = false;  // LandedFile's
  bool reading = false;
};

// "public.payments": a schema and a table as one step of an object's name. What would end the step
// there or mean something in a URI or a glob, a dot too, is percent-encoded.
std::string TableFolder(std::string_view schema, std::string_view table);

// A file as it was landed, and what was counted while it was written.
struct WrittenChanges {
  LandedFile landed;
  engine::ParquetFile parquet;
};

struct BatchEnd {
  Position first;
  Position last;  // of the last transaction's last change
  std::optional<Micros> committed_at;
  uint64_t resume_at = 0;
};

struct LandedChanges {
  LandedBatch batch;
  std::vector<WrittenChanges> files;  // batch.files, with counts
};

class Landing;

// Destroyed uncommitted, it leaves nothing. One thread at a time.
class LandingBatch {
 public:
  ~LandingBatch();

  // Rows of the table's history whose positions lie from `first` to `last`, behind those before.
  // Those that are fresh, or of a reading, go into other files than those that aren't.
  Result<void> Write(const LandedTable& table, Batch rows, const Position& first,
                     const Position& last);
  // Once. When it returns ok, all files, their events and the entry in the ledger are durable; else
  // none of it is there. kPrecondition ("ledger.behind"): it was landed before. `also` does more at
  // the end of the same transaction; its error undoes all.
  Result<LandedChanges> Commit(const BatchEnd& end,
                               const std::function<Result<void>(meta::Tx&)>& also = {});

 private:
  friend class Landing;
  struct File;

  LandingBatch(Landing& landing, std::string source, Micros landed_before);
  Result<void> FinishFile(std::unique_ptr<File> file);
  std::string ObjectOf(const File& file, Micros landed_at) const;

  Landing& landing_;
  const std::string source_;
  const Micros landed_before_;
  std::vector<std::unique_ptr<File>> open_;      // one a table
  std::unique_ptr<File> ending_;                 // is full, and written while others fill
  std::vector<std::unique_ptr<File>> finished_;  // in the order of their ends
};

// Thread-safe; must outlive its batches.
class Landing {
 public:
  // Empties the folder. References must outlive it.
  static Result<std::unique_ptr<Landing>> Open(LandingOptions options, objects::Store& store,
                                               Ledger& ledger, engine::InProcessDatabase& database,
                                               Clock& clock, Random& random);

  // The source's next batch; one at a time for each source. kNotFound when the ledger doesn't know
  // it.
  Result<std::unique_ptr<LandingBatch>> Begin(const std::string& source);

  const std::string& folder() const { return options_.folder; }

 private:
  friend class LandingBatch;
  Landing(LandingOptions options, objects::Store& store, Ledger& ledger,
          engine::InProcessDatabase& database, Clock& clock, Random& random)
      : options_(std::move(options)),
        store_(store),
        ledger_(ledger),
        database_(database),
        clock_(clock),
        random_(random) {}

  const LandingOptions options_;
  objects::Store& store_;
  Ledger& ledger_;
  engine::InProcessDatabase& database_;
  Clock& clock_;
  Random& random_;
};

}  // namespace caudal::capture
