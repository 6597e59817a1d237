#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/query_watch.h"
#include "app/cli/table.h"
#include "base/terminal.h"
#include "http/message.h"
#include "os/signals.h"

namespace caudal::app::cli {
namespace {

constexpr int kInterrupted = 130;

struct Options {
  std::string source;
  std::vector<std::string> tables;
  bool repair = false;
};

// The lines of the answer: how far it is, then what it found.
class Answer {
 public:
  explicit Answer(const Context& context)
      : context_(context), shows_(!context.json && IsTerminal(Stream::kError)) {}
  ~Answer() { Hide(); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  bool Take(std::string_view bytes) {
    rest_ += bytes;
    size_t begin = 0;
    for (size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      TakeLine(std::string_view(rest_).substr(begin, end - begin));
    rest_.erase(0, begin);
    return true;
  }
  Result<Json> Report() const {
    if (report_) return *report_;
    if (error_) return *error_;
    return MakeError(ErrorKind::kUnavailable, "the answer was cut off before its end",
                     "server.unreachable");
  }
  void Hide() {
    if (std::exchange(shown_, false)) std::fputs("\r\033[K", stderr);
  }

 private:
  void TakeLine(std::string_view line) {
    Result<Json> json = ParseJson(line, "line of the answer");
    if (!json.ok() || !json->is_object()) return;
    if (json->contains("report")) report_ = (*json)["report"];
    if (json->contains("error"))
      error_ = MakeError(ErrorKind::kUnavailable, Cell((*json)["error"], "message"),
                         Cell((*json)["error"], "reason"));
    if (!shows_ || !json->contains("progress")) return;
    const Json& progress = (*json)["progress"];
    const std::string text =
        Say(context_.language, Text::kVerifyProgress, Harmless(Cell(progress, "table")),
            Cell(progress, "rows"), Cell(progress, "rows_about"), Cell(progress, "tables_done"),
            Cell(progress, "tables"));
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    shown_ = true;
  }

  const Context& context_;
  const bool shows_;
  bool shown_ = false;
  std::string rest_;
  std::optional<Json> report_;
  std::optional<Error> error_;
};

// "id=7 name=x"
std::string KeyText(const Json& key) {
  std::string text;
  for (const auto& [name, value] : key.items())
    text += (text.empty() ? "" : " ") + name + "=" +
            (value.is_string() ? value.get<std::string>() : DumpJson(value));
  return Harmless(text);
}

std::string ValueText(const Json& value) {
  return value.is_null() ? "NULL"
                         : Harmless(value.is_string() ? value.get<std::string>() : DumpJson(value));
}

void PrintDifference(const Context& context, const Json& difference) {
  const std::string kind = difference.value("kind", "");
  const Text text = kind == "missing" ? Text::kVerifyMissing
                    : kind == "extra" ? Text::kVerifyExtra
                                      : Text::kVerifyChanged;
  context.Print(text, KeyText(difference["key"]));
  for (const Json& column : difference["columns"])
    context.Print(Text::kVerifyColumn, Harmless(Cell(column, "column")),
                  ValueText(column["source"]), ValueText(column["replica"]));
}

void PrintOne(const Context& context, const Json& table) {
  const std::string name = Harmless(Cell(table, "id"));
  const std::string state = table.value("state", "");
  if (state == "not_compared") {
    context.Print(Text::kVerifyNotCompared, name, Harmless(Cell(table, "reason")));
    return;
  }
  if (state == "equal") {
    context.Print(Text::kVerifyEqual, name, Cell(table, "source_rows"));
    return;
  }
  context.Print(Text::kVerifyDifferent, name, Cell(table, "source_rows"),
                Cell(table, "replica_rows"), Cell(table, "missing"), Cell(table, "extra"),
                Cell(table, "changed"));
  for (const Json& difference : table["differences"]) PrintDifference(context, difference);
  if (!table.value("complete", true)) context.Print(Text::kVerifyMore);
  if (table.contains("not_repaired")) {
    context.Print(Text::kVerifyNotRepaired, Harmless(Cell(table, "not_repaired")));
  } else if (table.value("rows_put", 0) + table.value("rows_removed", 0) > 0) {
    context.Print(Text::kVerifyRepaired, Cell(table, "rows_put"), Cell(table, "rows_removed"));
  }
}

int Verify(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  os::BlockSignals();
  Answer answer(context);
  const QueryWatch watch(false, [] { return std::optional<double>(); });
  const Result<void> sent = client->PostStream(
      "/api/v1/sources/" + http::PercentEncode(options.source) + "/verify",
      {{"tables", options.tables}, {"repair", options.repair}},
      [&](std::string_view bytes) { return answer.Take(bytes); }, watch.cancel());
  answer.Hide();
  if (watch.interrupted()) return kInterrupted;
  if (!sent.ok()) return context.Fail(sent.error());
  const Result<Json> report = answer.Report();
  if (!report.ok()) return context.Fail(report.error());
  const bool equal = report->value("equal", false);
  if (context.json) {
    context.PrintJson(*report);
    return equal ? kDone : kFindings;
  }
  for (const Json& table : (*report)["tables"]) PrintOne(context, table);
  context.Print(equal ? Text::kVerifyAllEqual : Text::kVerifySomeDiffer, Cell(*report, "source"),
                Cell(*report, "position"));
  return equal ? kDone : kFindings;
}

}  // namespace

void AddVerify(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  AddCommand<Options>(
      commands, commands.app, "verify", Text::kVerify,
      [=](CLI::App& command, Options& options) {
        command.add_option("SOURCE", options.source, say(Text::kSourceOne))->required();
        command.add_option("TABLE", options.tables, say(Text::kSourceTables));
        command.add_flag("--repair", options.repair, say(Text::kVerifyRepair));
      },
      Verify);
}

}  // namespace caudal::app::cli
