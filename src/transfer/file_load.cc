#include "transfer/file_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/quoting.h"
#include "transfer/csv_lines.h"
#include "transfer/import.h"
#include "transfer/value_sql.h"

namespace caudal::transfer {
namespace {

Error Columns(const FileTable& table, std::string what) {
  return MakeError(ErrorKind::kInvalid, table.source().name + ": " + std::move(what),
                   "load.columns");
}

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (text.size() > 300) return text + ", …";
    text += fmt::format("{}'{}'", text.empty() ? "" : ", ", name);
  }
  return text;
}

Field CodeField() { return {0, "code", Type(TypeKind::kInt), false, {}, {}, {}}; }
Field TextField() { return {0, "text", Type(TypeKind::kString), false, {}, {}, {}}; }

}  // namespace

Result<FileLoad> FileLoad::Plan(const FileTable& table, const Schema& target, bool ignore_others) {
  FileLoad load(table, target);
  std::vector<std::string> unknown;
  for (const FileColumn& column : table.columns()) {
    const bool known = std::ranges::any_of(
        target.fields(), [&](const Field& field) { return table.Find(field.name) == &column; });
    if (!known) unknown.push_back(column.name);
  }
  if (!unknown.empty() && !ignore_others)
    return Columns(table, fmt::format("the table has no column {}; add columns by the option "
                                      "add_columns (--add-columns), or take them out of the file",
                                      Listed(unknown)));
  for (const Field& field : target.fields()) TRY(load.PlanColumn(field));
  return load;
}

Result<void> FileLoad::PlanColumn(const Field& field) {
  const size_t number = static_cast<size_t>(&field - target_.fields().data()) + 1;
  const FileColumn* column = table_->Find(field.name);
  if (column == nullptr) {
    if (field.required)
      return Columns(*table_, fmt::format("the column '{}' is missing, and the table requires it",
                                          field.name));
    values_ += fmt::format("CAST(NULL AS {}), ", SqlTypeOf(field.type));
    return {};
  }
  std::string given = column->sql;
  std::string value;
  if (column->type) {
    Result<std::string> typed = ValueOfColumn(field.type, *column->type, given);
    if (!typed.ok()) return std::move(typed).error().Within(table_->source().name);
    value = std::move(typed).take();
  } else {
    // In CSV a quoted value without characters is a text; others are none then.
    if (table_->source().format == FileFormat::kCsv && !field.type.Is(TypeKind::kString))
      given = fmt::format("nullif({}, '')", given);
    value = ValueOfText(field.type, given);
  }
  values_ += value + ", ";
  const bool any_text = !column->type && field.type.Is(TypeKind::kString);
  const std::string wrong = field.required
                                ? fmt::format("({}) IS NULL", value)
                                : fmt::format("({}) IS NOT NULL AND ({}) IS NULL", given, value);
  if (any_text && !field.required) return {};
  codes_ += fmt::format(" WHEN {} THEN {}", wrong, number);
  texts_ += fmt::format(" WHEN {} THEN left(CAST({} AS VARCHAR), 100)", wrong, given);
  return {};
}

Result<void> FileLoad::Run(engine::Session& session, BadRows& bad, const functions::GoOn& go_on,
                           const std::function<Result<void>(const Batch&)>& take) {
  const std::string& state = table_->state();
  const std::string code =
      fmt::format("CAST(CASE WHEN ({0}) <> 0 THEN ({0}){1} ELSE 0 END AS INTEGER)", state, codes_);
  const std::string text = texts_.empty()
                               ? std::string("CAST(NULL AS VARCHAR)")
                               : fmt::format("CASE WHEN ({}) <> 0 THEN NULL{} END", state, texts_);
  std::vector<Field> fields = target_.fields();
  fields.push_back(CodeField());
  fields.push_back(TextField());
  {
    const std::unique_ptr<engine::Rows> rows = TRY(session.Run(
        {fmt::format("SELECT {}{}, {} FROM {}", values_, code, text, table_->from()), {}, true}));
    while (true) {
      TRY(go_on());
      const std::optional<engine::Batch> batch = TRY(rows->Next());
      if (!batch) break;
      const std::vector<Array> columns = TRY(ImportColumns(*batch, fields));
      TRY(Sort(*batch, columns, take));
      // The load fails, and the list is full.
      if (findings_.size() == LoadReport::kBadRowsListed && findings_all_ > bad.max()) {
        whole_ = false;
        break;
      }
    }
  }
  return Report(session, bad, go_on);
}

// Runs of good rows go on as they are.
Result<void> FileLoad::Sort(const engine::Batch& rows, const std::vector<Array>& columns,
                            const std::function<Result<void>(const Batch&)>& take) {
  const size_t width = target_.fields().size();
  const Array& codes = columns[width];
  const Array& texts = columns[width + 1];
  const Batch batch(rows.rows(),
                    {columns.begin(), columns.begin() + static_cast<ptrdiff_t>(width)});
  int64_t begin = 0;
  for (int64_t i = 0; i <= rows.rows(); ++i) {
    const int code = i < rows.rows() ? codes.values<int32_t>()[i] : 1;
    if (code == 0) continue;
    if (i > begin) TRY(take(batch.Slice(begin, i - begin)));
    begin = i + 1;
    if (i == rows.rows() || code == FileTable::kEmptyLine) continue;
    ++findings_all_;
    if (findings_.size() < LoadReport::kBadRowsListed)
      findings_.push_back(
          {row_ + i, code, std::string(texts.IsNull(i) ? "" : texts.bytes(i)), texts.IsNull(i)});
  }
  row_ += rows.rows();
  return {};
}

BadRow FileLoad::Describe(const Finding& finding) const {
  BadRow bad{table_->source().name, table_->rows_are_lines(), finding.row + 1, "", ""};
  if (finding.code == FileTable::kNoJson) {
    bad.reason = "it isn't JSON";
  } else if (finding.code == FileTable::kNoObject) {
    bad.reason = R"(it is no JSON object like {"name": "value"})";
  } else if (finding.code > 0) {
    const Field& field = target_.fields()[static_cast<size_t>(finding.code) - 1];
    bad.column = field.name;
    bad.reason = finding.is_null ? "there is no value, and the table requires one"
                                 : fmt::format("'{}' is no {}", finding.text, field.type.Text());
  }
  return bad;
}

// By place: what wasn't cut into columns, and what isn't of its column's type.
Result<void> FileLoad::Report(engine::Session& session, BadRows& bad,
                              const functions::GoOn& go_on) {
  std::vector<FileTable::RejectedRow> rejected;
  if (whole_) rejected = TRY(table_->Rejected(session));
  const auto read = row_ + static_cast<int64_t>(rejected.size());
  if (whole_ && table_->records() >= 0 && read != table_->records())
    return MakeError(
        ErrorKind::kInternal,
        fmt::format("it has {} rows, of which the reader gives {}", table_->records(), read),
        "load.rows");
  CsvLines lines;
  if (table_->source().format == FileFormat::kCsv && (!findings_.empty() || !rejected.empty())) {
    std::vector<int64_t> offsets;
    for (const FileTable::RejectedRow& row : rejected) offsets.push_back(row.offset);
    std::vector<int64_t> rows;
    for (const Finding& finding : findings_) rows.push_back(finding.row);
    const os::File file = TRY(os::File::Open(table_->source().path, os::File::Mode::kRead));
    lines = TRY(
        FindCsvLines(file, table_->source().csv, table_->columns().size(), offsets, rows, go_on));
  }
  std::vector<BadRow> all;
  for (size_t i = 0; i < rejected.size(); ++i)
    all.push_back({table_->source().name, true, lines.rejected[i], "", rejected[i].reason});
  for (size_t i = 0; i < findings_.size(); ++i) {
    BadRow row = Describe(findings_[i]);
    if (!lines.rows.empty() && lines.rows[i] > 0) {
      row.is_line = true;
      row.number = lines.rows[i];
    }
    all.push_back(std::move(row));
  }
  std::ranges::stable_sort(all, {}, &BadRow::number);
  for (BadRow& row : all) bad.Add(std::move(row));
  bad.AddUnlisted(findings_all_ - static_cast<int64_t>(findings_.size()));
  return {};
}

}  // namespace caudal::transfer
