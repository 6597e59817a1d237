#include "checks/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "checks/predicate.h"
#include "engine/describe.h"
#include "engine/quoting.h"

namespace caudal::checks {
namespace {

using engine::QuoteName;
using engine::QuoteText;

std::string BrokenColumn(size_t index) { return fmt::format("\"caudal broken {}\"", index); }
constexpr std::string_view kBadColumn = "\"caudal bad\"";
constexpr std::string_view kGoodColumn = "\"caudal good\"";

// DuckDB's only way to count in passing: sequences.
constexpr std::string_view kRows = "caudal_rows";
constexpr std::string_view kAccepted = "caudal_accepted";
std::string BrokenCounter(size_t index) { return fmt::format("caudal_broken_{}", index); }
std::string Counted(std::string_view counter) { return fmt::format("nextval('{}')", counter); }

class Checker {
 public:
  Checker(engine::Session& session, const std::string& table, std::span<const Rule> rules,
          const std::map<std::string, int64_t>& rows_known)
      : session_(session), rules_(rules), rows_known_(rows_known), name_(QuoteName(table)) {
    result_.table = table;
  }

  Result<TableResult> Apply() {
    columns_ = TRY(engine::ColumnsOf(session_, result_.table));
    TRY(Compile());
    TRY(Judge());
    for (size_t i = 0; i < rules_.size(); ++i)
      if (rules_[i].action != Action::kQuarantine) TRY(Sample(i, name_, violations_[i]));
    TRY(FailWhereBroken());
    if (!quarantine_.empty()) {
      TRY(TakeOut());
      TRY(SampleQuarantine());
    }
    return std::move(result_);
  }

 private:
  Result<engine::Table> Ask(const std::string& sql, size_t rows_max = 100'000);
  Result<int64_t> AskNumber(const std::string& sql);
  Result<void> Execute(const std::string& sql);

  Result<void> Compile();
  Result<std::string> CompileOne(size_t index);
  Result<std::string> FindDuplicates(const Rule& rule, size_t index);
  Result<void> Judge();
  Result<void> Count();
  Result<void> CountComplete(size_t index);
  // From the rows of `table` that `where` selects.
  Result<void> Sample(size_t index, const std::string& table, const std::string& where);
  Result<void> FailWhereBroken() const;
  Result<void> TakeOut();
  Result<void> SampleQuarantine();
  // The table with what each rule says of a row, and as the last column whether it goes to
  // quarantine; each row that is read moves the counters.
  std::string Judged() const;
  // Of the rules that quarantine: "concat_ws('; ', CASE WHEN … THEN '…' END, …)".
  std::string Concatenated(std::string (*text_of)(const Rule&)) const;
  Error DontAddUp(std::string_view what, int64_t there) const;

  engine::Session& session_;
  const std::span<const Rule> rules_;
  const std::map<std::string, int64_t>& rows_known_;
  const std::string name_;  // of the table, quoted
  std::vector<engine::Column> columns_;
  std::vector<std::string> violations_;  // by rule; empty for kComplete
  std::string quarantine_;               // whether a row goes there; empty: no rule wants it
  TableResult result_;
};

Result<engine::Table> Checker::Ask(const std::string& sql, size_t rows_max) {
  const std::unique_ptr<engine::Rows> rows = TRY(session_.Run({sql, {}, false}));
  return engine::ReadAll(*rows, rows_max);
}

int64_t Number(const std::optional<std::string>& text) {
  int64_t number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

Result<int64_t> Checker::AskNumber(const std::string& sql) {
  const engine::Table table = TRY(Ask(sql, 1));
  if (table.rows.empty()) return MakeError(ErrorKind::kInternal, "a count without a row");
  return Number(table.rows[0][0]);
}

Result<void> Checker::Execute(const std::string& sql) {
  TRY(session_.Execute({sql, {}, false}));
  return {};
}

Result<std::string> Checker::FindDuplicates(const Rule& rule, size_t index) {
  const engine::Column column = TRY(FindColumn(columns_, rule.column));
  const std::string duplicates =
      fmt::format("caudal duplicates {} of {}", index + 1, result_.table);
  const std::string quoted = QuoteName(column.name);
  TRY(
      Execute(fmt::format("CREATE TABLE {} AS SELECT {} AS value FROM {} WHERE {} IS NOT NULL "
                          "GROUP BY ALL HAVING count(*) > 1",
                          QuoteName(duplicates), quoted, name_, quoted)));
  return duplicates;
}

Result<std::string> Checker::CompileOne(size_t index) {
  const Rule& rule = rules_[index];
  std::string duplicates;
  if (rule.kind == RuleKind::kUnique) duplicates = TRY(FindDuplicates(rule, index));
  std::string violation = TRY(Violation(rule, columns_, duplicates));
  // By itself first, so that what is wrong with it is told of it.
  TRY(Ask(fmt::format("SELECT {} FROM {} LIMIT 0", violation, name_)));
  return violation;
}

Result<void> Checker::Compile() {
  for (size_t i = 0; i < rules_.size(); ++i) {
    const Rule& rule = rules_[i];
    result_.rules.push_back({NameOf(rule), rule.kind, rule.action, ReasonOf(rule), 0, {}});
    violations_.emplace_back();
    if (rule.kind == RuleKind::kComplete) continue;
    Result<std::string> violation = CompileOne(i);
    if (!violation.ok())
      return std::move(violation).error().Within(fmt::format("rule '{}'", NameOf(rule)));
    violations_[i] = std::move(violation).take();
    if (rule.action == Action::kQuarantine)
      quarantine_ += fmt::format("{}({})", quarantine_.empty() ? "" : " OR ", violations_[i]);
  }
  for (const char* added : {"_reason", "_rule"})
    if (!quarantine_.empty() && FindColumn(columns_, added).ok())
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("the column '{}' has the name of one that quarantine adds; "
                                   "call it something else",
                                   added));
  return {};
}

// CASE and greatest() see to it that every counter moves just where it should: AND and OR leave
// operands out as they like.
std::string Checker::Judged() const {
  std::string flags;
  std::string bad = "false";
  std::string counters = Counted(kRows);
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (violations_[i].empty()) continue;
    flags += fmt::format(", ({}) AS {}", violations_[i], BrokenColumn(i));
    counters +=
        fmt::format(", CASE WHEN {} THEN {} END", BrokenColumn(i), Counted(BrokenCounter(i)));
    if (rules_[i].action == Action::kQuarantine) bad += " OR " + BrokenColumn(i);
  }
  counters += fmt::format(", CASE WHEN NOT ({}) THEN {} END", bad, Counted(kAccepted));
  return fmt::format(
      "(SELECT *, CASE WHEN greatest({}) > 0 THEN {} END AS {} FROM (SELECT *{} FROM {}))",
      counters, bad, kBadColumn, flags, name_);
}

// One pass for all: the rows are counted, those that break each rule too, and those that go to
// quarantine are kept.
Result<void> Checker::Judge() {
  std::string sequences;
  for (const std::string_view counter : {kRows, kAccepted})
    sequences += fmt::format("CREATE OR REPLACE TEMP SEQUENCE {};", counter);
  for (size_t i = 0; i < rules_.size(); ++i)
    sequences += fmt::format("CREATE OR REPLACE TEMP SEQUENCE {};", BrokenCounter(i));
  TRY(Execute(sequences));
  if (quarantine_.empty()) {
    result_.quarantined =
        TRY(AskNumber(fmt::format("SELECT count(*) FROM {} WHERE {}", Judged(), kBadColumn)));
    return Count();
  }
  result_.quarantine_table = "caudal quarantine of " + result_.table;
  const std::string name = QuoteName(result_.quarantine_table);
  std::string added(kBadColumn);
  for (size_t i = 0; i < rules_.size(); ++i)
    if (!violations_[i].empty()) added += ", " + BrokenColumn(i);
  TRY(Execute(fmt::format(
      "CREATE TABLE {} AS SELECT * EXCLUDE ({}), {} AS _reason, {} AS _rule "
      "FROM {} WHERE {}",
      name, added, Concatenated(&ReasonOf), Concatenated(&NameOf), Judged(), kBadColumn)));
  result_.quarantined = TRY(AskNumber("SELECT count(*) FROM " + name));
  return Count();
}

// What the counters say after the pass.
Result<void> Checker::Count() {
  const engine::Table table =
      TRY(Ask("SELECT sequence_name, last_value FROM duckdb_sequences() WHERE temporary"));
  std::map<std::string, int64_t> counted;
  for (const auto& row : table.rows) counted[row[0].value_or("")] = Number(row[1]);
  result_.rows = counted[std::string(kRows)];
  result_.accepted = counted[std::string(kAccepted)];
  if (result_.accepted + result_.quarantined != result_.rows)
    return DontAddUp("judging them", result_.accepted + result_.quarantined);
  for (size_t i = 0; i < rules_.size(); ++i) {
    result_.rules[i].rows = counted[BrokenCounter(i)];
    if (rules_[i].kind == RuleKind::kComplete) TRY(CountComplete(i));
  }
  return {};
}

Result<void> Checker::CountComplete(size_t index) {
  const std::string& of = rules_[index].of;
  RuleResult& result = result_.rules[index];
  const auto known = rows_known_.find(of);
  int64_t wanted = 0;
  if (known != rows_known_.end()) {
    wanted = known->second;
  } else {
    wanted = TRY(AskNumber(fmt::format("SELECT count(*) FROM {}", QuoteName(of))));
  }
  result.rows = std::abs(wanted - result_.rows);
  if (result.rows != 0)
    result.samples.push_back(fmt::format("{} rows here, {} in {}", result_.rows, wanted, of));
  return {};
}

Result<void> Checker::Sample(size_t index, const std::string& table, const std::string& where) {
  RuleResult& result = result_.rules[index];
  if (where.empty() || result.rows == 0) return {};
  std::string value = "this_row";
  if (rules_[index].kind != RuleKind::kNotNull && rules_[index].kind != RuleKind::kSql) {
    const engine::Column column = TRY(FindColumn(columns_, rules_[index].column));
    value = QuoteName(column.name);
  }
  const engine::Table samples = TRY(Ask(fmt::format(
      "SELECT DISTINCT left(CAST({} AS VARCHAR), {}) FROM (SELECT * FROM {} WHERE {} LIMIT 1000) "
      "AS this_row LIMIT {}",
      value, kSampleCharactersMax, table, where, kSamplesMax)));
  for (const auto& row : samples.rows) result.samples.push_back(row[0].value_or("NULL"));
  return {};
}

Result<void> Checker::FailWhereBroken() const {
  std::string text;
  for (const RuleResult& result : result_.rules) {
    if (result.action != Action::kFail || result.rows == 0) continue;
    text += fmt::format("{}rule '{}' of table '{}' is broken by {} of {} rows: {}",
                        text.empty() ? "" : "; ", result.rule, result_.table, result.rows,
                        result_.rows, result.reason);
    if (!result.samples.empty()) text += fmt::format(" (for example: {})", result.samples[0]);
  }
  if (text.empty()) return {};
  return MakeError(ErrorKind::kInvalid, text, "checks.failed");
}

std::string Checker::Concatenated(std::string (*text_of)(const Rule&)) const {
  std::string parts = "'; '";
  for (size_t i = 0; i < rules_.size(); ++i)
    if (rules_[i].action == Action::kQuarantine)
      parts +=
          fmt::format(", CASE WHEN {} THEN {} END", BrokenColumn(i), QuoteText(text_of(rules_[i])));
  return "concat_ws(" + parts + ")";
}

Error Checker::DontAddUp(std::string_view what, int64_t there) const {
  return MakeError(
      ErrorKind::kInternal,
      fmt::format("the rows of '{}' don't add up: {} rows, {} accepted, {} to quarantine, but {} "
                  "gives {}. Does its SQL, or that of a rule, give other rows each time "
                  "(random(), LIMIT without ORDER BY)? Make it a TABLE",
                  result_.table, result_.rows, result_.accepted, result_.quarantined, what, there),
      "checks.sum");
}

// The view's condition is worked out in its SELECT, with random() so that it stays there: where
// DuckDB moves it down, what it is made of is worked out twice.
Result<void> Checker::TakeOut() {
  const bool is_view = TRY(engine::IsView(session_, result_.table));
  if (is_view) {
    const std::string before = QuoteName("caudal all of " + result_.table);
    TRY(Execute(fmt::format("ALTER VIEW {} RENAME TO {}", name_, before)));
    return Execute(
        fmt::format("CREATE VIEW {} AS SELECT * EXCLUDE ({}) FROM (SELECT *, CASE WHEN {} THEN "
                    "random() < 0 ELSE random() < 2 END AS {} FROM {}) WHERE {}",
                    name_, kGoodColumn, quarantine_, kGoodColumn, before, kGoodColumn));
  }
  if (result_.quarantined != 0)
    TRY(Execute(fmt::format("DELETE FROM {} WHERE {}", name_, quarantine_)));
  const int64_t left = TRY(AskNumber("SELECT count(*) FROM " + name_));
  if (left != result_.accepted) return DontAddUp("what is left of it", left);
  return {};
}

Result<void> Checker::SampleQuarantine() {
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].action != Action::kQuarantine || result_.rules[i].rows == 0) continue;
    const std::string of_rule = fmt::format(
        "(SELECT * EXCLUDE (_reason, _rule) FROM {} WHERE contains('; ' || _rule || "
        "'; ', {}))",
        QuoteName(result_.quarantine_table), QuoteText("; " + NameOf(rules_[i]) + "; "));
    TRY(Sample(i, of_rule, "true"));
  }
  return {};
}

}  // namespace

Json ToJson(const TableResult& result) {
  Json rules = Json::array();
  for (const RuleResult& rule : result.rules)
    rules.push_back({{"rule", rule.rule},
                     {"kind", NameOf(rule.kind)},
                     {"action", NameOf(rule.action)},
                     {"reason", rule.reason},
                     {"rows", rule.rows},
                     {"samples", rule.samples}});
  return {{"table", result.table},
          {"rows", result.rows},
          {"accepted", result.accepted},
          {"quarantined", result.quarantined},
          {"rules", std::move(rules)}};
}

Result<TableResult> Apply(engine::Session& session, const std::string& table,
                          std::span<const Rule> rules,
                          const std::map<std::string, int64_t>& rows_known) {
  Result<TableResult> result = Checker(session, table, rules, rows_known).Apply();
  if (result.ok() || result.error().code == "checks.failed" || result.error().code == "checks.sum")
    return result;
  return std::move(result).error().Within(fmt::format("the rules of table '{}'", table));
}

}  // namespace caudal::checks
