#include "functions/sql/sql_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "functions/sql/column_type.h"
#include "functions/sql/event_table.h"
#include "functions/sql/file_format.h"
#include "functions/sql/uri.h"

namespace caudal::functions {
namespace {

Error Wrong(std::string what) { return MakeError(ErrorKind::kInvalid, std::move(what)); }

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

// Names that SQL takes without quotes.
Result<void> CheckTableName(const std::string& name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const bool fine =
      !name.empty() && name.size() <= 63 && letter(name[0]) &&
      std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
  if (!fine)
    return Wrong("an input's name has 1 to 63 of a-z, A-Z, 0-9 and '_', and begins with no digit");
  if (name == kEventTable) return Wrong("'event' is the table with the event; call it otherwise");
  return {};
}

bool MayBeGone(const events::Filter& trigger) {
  return trigger.types.empty() ||
         std::ranges::find(trigger.types, events::EventType::kDeleted) != trigger.types.end();
}

Result<void> CheckCsv(const SqlInput& input) {
  if (input.csv.delimiter.size() != 1) return Wrong("'delimiter' is one character");
  if (input.csv.quote.size() > 1) return Wrong("'quote' is one character, or nothing");
  if (input.csv.delimiter == input.csv.quote)
    return Wrong("'delimiter' and 'quote' can't be the same");
  for (const std::string* one : {&input.csv.delimiter, &input.csv.quote})
    if (one->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return Wrong("'delimiter' and 'quote' can't be a line end or NUL");
  if (HasNul(input.csv.null_text)) return Wrong("'null' can't hold a NUL character");
  if (!input.csv.header && input.columns.empty())
    return Wrong("without a header the columns must be declared: 'columns'");
  return {};
}

Result<void> CheckInput(const SqlInput& input, const events::Filter& trigger) {
  TRY(CheckTableName(input.table));
  if (input.is_event() && MayBeGone(trigger))
    return Wrong(
        "the trigger includes deletions, after which there is no object to read; set "
        "its 'types' (to [finalized])");
  if (!input.is_event()) TRY(ParseUri(input.uri));
  const bool parquet =
      input.format == FileFormat::kParquet ||
      (!input.format && !input.is_event() && FormatOf(input.uri) == FileFormat::kParquet);
  if (parquet && !input.columns.empty())
    return Wrong("a Parquet file says itself which columns it has: leave 'columns' out");
  for (const auto& [name, type] : input.columns) {
    if (name.empty() || HasNul(name)) return Wrong("a column needs a name, without NUL");
    TRY(CheckColumnType(type));
  }
  return CheckCsv(input);
}

Result<void> CheckOutput(const SqlPart& part, const SqlOutput& output) {
  if (output.table.empty() || HasNul(output.table)) return Wrong("it needs a 'table'");
  const ObjectUri uri = TRY(ParseUri(output.uri));
  if (!output.format && !FormatOf(uri.name))
    return Wrong("its name doesn't end in .csv, .json, .parquet or the like; set 'format'");
  const FileFormat format = output.format ? *output.format : *FormatOf(uri.name);
  if (format == FileFormat::kParquet && CompressionOf(uri.name) != Compression::kNone)
    return Wrong("Parquet files are compressed inside; leave the last ending out");
  if (!output.quarantine) return {};
  const bool any = std::ranges::any_of(part.expect, [&](const SqlExpectation& expectation) {
    return expectation.table == output.table &&
           expectation.rule.action == checks::Action::kQuarantine;
  });
  if (!any)
    return Wrong(fmt::format("no rule takes rows out of '{}': it has no quarantine", output.table));
  return {};
}

// No row may vanish: what a rule takes out must be written somewhere.
Result<void> CheckQuarantinesAreWritten(const SqlPart& part) {
  for (const SqlExpectation& expectation : part.expect) {
    if (expectation.rule.action != checks::Action::kQuarantine) continue;
    const bool written = std::ranges::any_of(part.outputs, [&](const SqlOutput& output) {
      return output.quarantine && output.table == expectation.table;
    });
    if (!written)
      return Wrong(
          fmt::format("a rule takes rows out of '{0}', and no output keeps them: add "
                      "{{quarantine_of: {0}, uri: …}} to 'outputs'",
                      expectation.table));
  }
  return {};
}

}  // namespace

Result<void> CheckSqlPart(const SqlPart& part, const events::Filter& trigger) {
  std::set<std::string> names;
  for (const SqlInput& input : part.inputs) {
    Result<void> checked = CheckInput(input, trigger);
    if (!checked.ok())
      return std::move(checked).error().Within(fmt::format("input '{}'", input.table));
    if (!names.insert(input.table).second)
      return Wrong(fmt::format("there are two inputs '{}'", input.table));
  }
  if (part.sql.find_first_not_of(" \t\r\n;") == std::string::npos)
    return Wrong("there is no SQL: give 'sql' or 'sql_file'");
  if (HasNul(part.sql)) return Wrong("the SQL holds a NUL character");
  for (const SqlExpectation& expectation : part.expect) {
    Result<void> checked = checks::CheckRule(expectation.rule);
    if (checked.ok() && (expectation.table.empty() || HasNul(expectation.table)))
      checked = Wrong("it needs a 'table'");
    if (!checked.ok())
      return std::move(checked).error().Within(
          fmt::format("rule '{}'", checks::NameOf(expectation.rule)));
  }
  std::set<std::string> uris;
  for (const SqlOutput& output : part.outputs) {
    Result<void> checked = CheckOutput(part, output);
    if (!checked.ok())
      return std::move(checked).error().Within(fmt::format("output '{}'", output.uri));
    if (!uris.insert(output.uri).second)
      return Wrong(fmt::format("two outputs are written to {}", output.uri));
  }
  return CheckQuarantinesAreWritten(part);
}

}  // namespace caudal::functions
