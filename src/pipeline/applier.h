// What was landed of a source, into its tables.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "capture/landing/landing.h"
#include "capture/landing/ledger.h"
#include "data/position.h"
#include "engine/in_process.h"
#include "lake/write/writer.h"
#include "meta/database.h"
#include "objects/store.h"
#include "pipeline/raw_tables.h"

namespace caudal::pipeline {

// Snapshot summaries of both tables say up to where the source is in them.
inline constexpr const char* kPositionNote = "caudal.position";

struct ApplierOptions {
  std::string source;
  // Of one commit, unless its first batch has more. Batches are never divided.
  int batches_max = 256;
  int64_t rows_max = 1'000'000;
};

struct AppliedBatches {
  int64_t last = 0;                            // number
  std::map<std::string, int64_t> rows;         // of change files, by folder
  std::map<std::string, int64_t> quarantined;  // those of them that can't be applied
  Position position;
  std::optional<Micros> committed_at;  // of the last transaction
  // Tables, by folder, that lack a value that the source didn't send: they are to be read anew,
  // which the ledger knows.
  std::vector<std::string> incomplete;
  bool shown = false;  // replicas were replaced by what was read
};

// References must outlive it. One thread at a time, but for Expect.
class Applier {
 public:
  struct Parts {
    RawTables& tables;
    lake::Catalog& catalog;
    capture::Ledger& ledger;
    meta::Database& database;
    lake::Writer& writer;
    objects::Store& store;
    engine::InProcessDatabase& parquet;
  };
  Applier(ApplierOptions options, Parts parts) : options_(std::move(options)), parts_(parts) {}

  // The oldest batches that are landed and aren't in the tables, in one commit: visible and durable
  // in all tables at once, with the ledger's note that they are. Nothing: there were none. After an
  // error nothing has changed; whether a later call can succeed is in its kind.
  //
  // Rows that a table is read anew with are gathered in another replica, while the one that is seen
  // goes on with the changes. The commit with the last of them gives it the other's place: once no
  // table is being read any more, so that all of them appear together.
  Result<std::optional<AppliedBatches>> ApplyNext();

  // What was counted while these files were written: spares reading them once more.
  void Expect(const capture::LandedChanges& landed) EXCLUDES(mutex_);

 private:
  class Attempt;
  Result<lake::DataFile> DescriptionOf(const capture::LandedFile& file, const Schema& history);

  const ApplierOptions options_;
  const Parts parts_;
  Mutex mutex_;
  std::map<std::string, engine::ParquetFile> expected_ GUARDED_BY(mutex_);  // by object
};

}  // namespace caudal::pipeline
