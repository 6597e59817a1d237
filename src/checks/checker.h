// Applies rules to a table of an engine session, and takes the rows apart.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "checks/rule.h"
#include "data/json.h"
#include "engine/engine.h"

namespace caudal::checks {

struct RuleResult {
  std::string rule;
  RuleKind kind = RuleKind::kNotNull;
  Action action = Action::kFail;
  std::string reason;
  int64_t rows = 0;  // that break it; for kComplete, how many are missing or too many
  // A few of the values that do, or of the whole rows where the rule is of no column or the value
  // is missing; each cut to kSampleCharactersMax. None when nothing breaks it.
  std::vector<std::string> samples;
};
inline constexpr int kSamplesMax = 5;
inline constexpr int kSampleCharactersMax = 200;

struct TableResult {
  std::string table;
  int64_t rows = 0;  // as the table was
  int64_t accepted = 0;
  int64_t quarantined = 0;
  // Where those are: all columns of the table, then `_reason` and `_rule` (VARCHAR; of several
  // broken rules all, in their order, with "; " between). Empty when no rule quarantines.
  std::string quarantine_table;
  std::vector<RuleResult> rules;
};
Json ToJson(const TableResult& result);

// Every rule judges the table as it is now, before any row is gone. Afterwards `table` has the
// accepted rows only, and the quarantine table the others: a table loses them, a view is replaced
// by one that leaves them out. What was made from the table before keeps what it took; views of it
// see the accepted rows.
//
// The table is read once for all rules, and once more for each `unique`. `rows_known`: tables whose
// number of rows needn't be counted again.
//
// kInvalid: a rule that can't be applied, or (code "checks.failed") broken rules that fail: each
// with its number of rows and a few values; the table is as it was. kInternal when accepted and
// quarantined rows don't make up the rows there were.
Result<TableResult> Apply(engine::Session& session, const std::string& table,
                          std::span<const Rule> rules,
                          const std::map<std::string, int64_t>& rows_known = {});

}  // namespace caudal::checks
