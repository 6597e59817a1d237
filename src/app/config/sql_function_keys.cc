#include <algorithm>

#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using checks::Action;
using checks::RuleKind;
using functions::Compression;
using functions::CsvOptions;
using functions::FileFormat;
using functions::SqlExpectation;
using functions::SqlInput;
using functions::SqlOutput;

constexpr auto kLive = Change::kLive;

Maybe<Choice<FileFormat>> FormatChoice() {
  return {{{{"csv", FileFormat::kCsv},
            {"json", FileFormat::kJson},
            {"parquet", FileFormat::kParquet}}}};
}

// Names and types, in the order of the file.
struct ColumnList {
  std::string Type() const { return "mapping of columns to types"; }
  void Read(Reading& reading, const Node& node,
            std::vector<std::pair<std::string, std::string>>& out) const {
    out.clear();
    if (!node.yaml.IsMap()) return reading.Expected(node, "a mapping of columns to types");
    for (const auto& entry : node.yaml) {
      const Node key{entry.first, node.path};
      if (!entry.first.IsScalar()) {
        reading.Fail(key, "a column's name must be text; quote it.");
        continue;
      }
      const std::string& name = entry.first.Scalar();
      if (std::ranges::any_of(out, [&](const auto& column) { return column.first == name; })) {
        reading.Fail(key, "the column '" + name + "' is given twice.");
        continue;
      }
      std::string type;
      PlainText{}.Read(reading, Node{entry.second, node.path + "." + name}, type);
      out.emplace_back(name, type);
    }
  }
  std::string Show(const std::vector<std::pair<std::string, std::string>>& value) const {
    std::string text;
    for (const auto& [name, type] : value) text += (text.empty() ? "" : ", ") + name + ": " + type;
    return "{" + text + "}";
  }
};

const std::vector<Key<SqlInput>>& InputKeys() {
  using C = SqlInput;
  using O = CsvOptions;
  static const std::vector<Key<C>> keys = {
      Field("uri", &C::uri, PlainText{}, kLive,
            "`$event`: the object of the event; or gs://bucket/name, in which {name}, {folder} and "
            "{stem} stand for parts of its name.",
            true),
      Field("format", &C::format, FormatChoice(), kLive,
            "What the file is; without it, by the ending of its name."),
      Field("compression", &C::compression,
            Maybe<Choice<Compression>>{{{{"none", Compression::kNone},
                                         {"gzip", Compression::kGzip},
                                         {"zstd", Compression::kZstd}}}},
            kLive, "Without it, by the ending .gz or .zst, or the object's Content-Encoding."),
      Field("columns", &C::columns, ColumnList{}, kLive,
            "CSV: the columns that it must have, no more and no less; without it, those of the "
            "header, as text. JSON: the keys to read. Types: text, boolean, integer, "
            "decimal(18,2), double, date, timestamp."),
      PartField("delimiter", &C::csv, &O::delimiter, PlainText{}, kLive,
                "CSV: between columns; a tab for names that end in .tsv."),
      PartField("quote", &C::csv, &O::quote, PlainText{}, kLive,
                "CSV: around values, and doubled within them; empty: none."),
      PartField("header", &C::csv, &O::header, Flag{}, kLive,
                "CSV: whether the first line names the columns."),
      PartField("null_text", &C::csv, &O::null_text, PlainText{}, kLive,
                "CSV: what stands for no value."),
      PartField("line_max", &C::csv, &O::line_bytes_max, Size{1024, 64u << 20}, kLive,
                "CSV: a longer line is an error."),
      Field("allow_empty", &C::allow_empty, Flag{}, kLive,
            "Whether a file without rows is fine; otherwise the run fails."),
      Field("unpacked_max", &C::unpacked_bytes_max, Size{1024, 1ull << 40}, kLive,
            "A compressed file that holds more is an error."),
  };
  return keys;
}

Choice<RuleKind> RuleChoice() {
  Choice<RuleKind> choice;
  for (int kind = 0; kind <= static_cast<int>(RuleKind::kComplete); ++kind)
    choice.choices.emplace_back(checks::NameOf(static_cast<RuleKind>(kind)),
                                static_cast<RuleKind>(kind));
  return choice;
}

Choice<Action> ActionChoice() {
  return {{{"fail", Action::kFail}, {"warn", Action::kWarn}, {"quarantine", Action::kQuarantine}}};
}

const std::vector<Key<SqlExpectation>>& ExpectKeys() {
  using C = SqlExpectation;
  using R = checks::Rule;
  static const std::vector<Key<C>> keys = {
      Field("table", &C::table, PlainText{}, kLive, "the table or view that the SQL made.", true),
      PartField("rule", &C::rule, &R::kind, RuleChoice(), kLive, "what must hold.", true),
      PartField("column", &C::rule, &R::column, PlainText{}, kLive,
                "Whose values are judged, for all rules but sql and complete."),
      PartField("action", &C::rule, &R::action, ActionChoice(), kLive,
                "What becomes of rows that break it: the run fails, a warning, or they go to "
                "quarantine."),
      PartField("name", &C::rule, &R::name, PlainText{}, kLive,
                "What `_rule` and the report call it; without it, column and rule."),
      PartField("reason", &C::rule, &R::reason, PlainText{}, kLive,
                "What `_reason` and the report say to people."),
      PartField("values", &C::rule, &R::values, ListOf<PlainText>{}, kLive,
                "accepted_values: those."),
      PartField("min", &C::rule, &R::min, Maybe<PlainText>{}, kLive,
                "range: the smallest good value, of a number, date or time."),
      PartField("max", &C::rule, &R::max, Maybe<PlainText>{}, kLive,
                "range: the largest good value."),
      PartField("pattern", &C::rule, &R::pattern, RawText{}, kLive,
                "pattern: a regular expression (RE2) that the whole value matches."),
      PartField("sql", &C::rule, &R::sql, RawText{}, kLive,
                "sql: an expression over the row that is true for good ones."),
      PartField("of", &C::rule, &R::of, PlainText{}, kLive,
                "complete: the table, or input, that it has as many rows as."),
      PartField("nulls", &C::rule, &R::nulls_break,
                Choice<bool>{{{"pass", false}, {"break", true}}}, kLive,
                "Whether a missing value breaks the rule. `not_null` is for that alone."),
  };
  return keys;
}

Key<SqlOutput> QuarantineKey() {
  Key<SqlOutput> key;
  key.name = "quarantine_of";
  key.type = PlainText{}.Type();
  key.change = kLive;
  key.text = "Instead of `table`: the rows that rules took out of this one.";
  key.read = [](Reading& reading, const Node& node, SqlOutput& out) {
    out.quarantine = true;
    PlainText{}.Read(reading, node, out.table);
  };
  key.show = [](const SqlOutput& value) { return value.quarantine ? value.table : ""; };
  return key;
}

const std::vector<Key<SqlOutput>>& OutputKeys() {
  using C = SqlOutput;
  static const std::vector<Key<C>> keys = {
      Field("table", &C::table, PlainText{}, kLive, "The table or view that is written."),
      QuarantineKey(),
      Field("uri", &C::uri, PlainText{}, kLive,
            "where to: gs://bucket/name, in which {name}, {folder} and {stem} stand for parts of "
            "the name of the event's object.",
            true),
      Field("format", &C::format, FormatChoice(), kLive,
            "What is written; without it, by the ending of the name."),
  };
  return keys;
}

void ValidateOutput(Reading& reading, const Node& node, SqlOutput&) {
  if (!node.yaml.IsMap()) return;
  if (static_cast<bool>(node.yaml["table"]) == static_cast<bool>(node.yaml["quarantine_of"]))
    reading.Fail(node, "give either 'table' or 'quarantine_of'.");
}

}  // namespace

const std::vector<Key<FunctionConfig>>& SqlFunctionKeys() {
  using C = FunctionConfig;
  using S = SqlFunctionConfig;
  static const std::vector<Key<C>> keys = {
      PartField("inputs", &C::sql, &S::inputs, MapOf<Section<SqlInput>>{{&InputKeys}}, kLive,
                "Kind sql: files that are read, each a table for the SQL."),
      PartField("sql", &C::sql, &S::sql, RawText{}, kLive,
                "Kind sql: one or several statements (DuckDB's dialect)."),
      PartField("sql_file", &C::sql, &S::sql, TextFile{}, kLive,
                "Kind sql: a file that holds them; relative to this one, read when this one is."),
      PartField("expect", &C::sql, &S::expect, ListOf<Section<SqlExpectation>>{{&ExpectKeys}},
                kLive, "Kind sql: what its tables must be like."),
      PartField("outputs", &C::sql, &S::outputs,
                ListOf<Section<SqlOutput>>{{&OutputKeys, &ValidateOutput}}, kLive,
                "Kind sql: tables that are written to files, all of them at once."),
      PartField("threads", &C::sql, &S::threads, Whole{1, 256}, kLive,
                "Kind sql: threads of a run."),
      PartField("temp", &C::sql, &S::temp, Size{1 << 20, 1ull << 44}, kLive,
                "Kind sql: disk for what doesn't fit into memory; more ends the run."),
      PartField("output", &C::sql, &S::output, Size{1 << 20, 1ull << 44}, kLive,
                "Kind sql: of all files that a run writes; more ends it."),
  };
  return keys;
}

}  // namespace caudal::app
