// Change files go some time after they were landed: first out of their table's history, and from
// the bucket once no snapshot needs them.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "capture/landing/ledger.h"
#include "lake/catalog/catalog.h"
#include "lake/write/writer.h"
#include "objects/store.h"

namespace caudal::pipeline {

struct RetentionOptions {
  std::string source;
  std::string dataset;
  std::string bucket;  // of the landing
  Micros keep = 0;
};

// Of one source. Thread-safe; one Cut at a time. References must outlive it.
class HistoryRetention {
 public:
  struct Parts {
    lake::Catalog& catalog;
    lake::Writer& writer;
    objects::Store& store;
    capture::Ledger& ledger;
    Clock& clock;
  };
  HistoryRetention(RetentionOptions options, Parts parts)
      : options_(std::move(options)), parts_(parts) {}

  // Whole files leave the histories, the oldest first, when all of their rows are older. What a
  // history lost so, its property `caudal.dropped-up-to` tells. While a table isn't compacted.
  Result<void> Cut();
  // Objects of the history's change files that are older, and applied: nobody needs them but a
  // snapshot that still has them. Nothing for another table.
  Result<std::vector<objects::ObjectRef>> OldObjects(const lake::LoadedTable& history) const;

 private:
  Result<void> CutOne(const lake::TableName& name);
  Micros cutoff() const { return parts_.clock.Now() - options_.keep; }

  const RetentionOptions options_;
  const Parts parts_;
};

}  // namespace caudal::pipeline
