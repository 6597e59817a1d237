// What a verification of a source is to do, how far it is, and what it found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/landing/ledger.h"
#include "codec/postgres/lsn.h"
#include "pipeline/table_pair.h"
#include "pipeline/verify/table_comparison.h"

namespace caudal::pipeline {

struct VerifyRequest {
  std::vector<std::string> tables;  // folders ("public.payments"); none: all
  bool repair = false;
};

enum class VerifyStep : uint8_t { kWaiting, kComparing, kRepairing };

struct VerifyProgress {
  VerifyStep step = VerifyStep::kWaiting;
  int64_t tables = 0;
  int64_t tables_done = 0;
  std::string table;        // that is compared
  int64_t rows = 0;         // of it, read on both sides; those that are read again count again
  int64_t rows_about = -1;  // of them that there are, at the first look; -1: unknown

  bool operator==(const VerifyProgress&) const = default;
};

struct VerifiedTable {
  capture::CapturedTable captured;
  TablePair names;
  int64_t quarantined = 0;   // changes that are in its quarantine
  std::string not_compared;  // why; empty: it was
  TableComparison comparison;
  int64_t rows_put = 0;  // by the repair
  int64_t rows_removed = 0;
  std::string not_repaired;  // why; empty: it was, or needn't be

  bool equal() const { return not_compared.empty() && comparison.equal(); }
};

struct VerifyReport {
  caudal::postgres::Lsn position;  // all that was committed before it was compared, nothing more
  std::vector<VerifiedTable> tables;
  double seconds = 0;

  bool equal() const;
};

}  // namespace caudal::pipeline
