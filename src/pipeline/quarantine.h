// Rows that can't be applied: they go to `<table>__quarantine`, with the reason, and the stream
// goes on. In the history they are, as every change is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/schema.h"
#include "pipeline/change_layout.h"

namespace caudal::pipeline {

struct QuarantinedRow {
  std::string position;
  std::optional<Micros> committed_at;
  std::string op;
  std::string reason;
  std::string row;  // the source's columns, as JSON of their texts; what isn't representable too
};

struct SiftedChanges {
  Batch good;
  std::vector<QuarantinedRow> bad;
};

// Which of the changes can be applied: those that aren't say why. Costs next to nothing when all
// can. Rows that empty the table aren't among them.
Result<SiftedChanges> Sift(const ChangeLayout& layout, Batch changes);

// Columns of a quarantine: `position`, `ordinal` (in its transaction), `committed_at`, `op`,
// `reason`, `row`, `quarantined_at`. Without a key.
const Schema& QuarantineColumns();
// `schema`: a table's that was made of them.
Result<Batch> QuarantineBatch(const Schema& schema, const std::vector<QuarantinedRow>& rows,
                              Micros now);

}  // namespace caudal::pipeline
