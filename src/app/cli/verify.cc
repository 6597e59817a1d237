#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/table.h"
#include "app/cli/task_answer.h"
#include "http/message.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string source;
  std::vector<std::string> tables;
  bool repair = false;
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

void PrintComparison(const Context& context, const Json& table) {
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

void PrintOne(const Context& context, const Json& table) {
  PrintComparison(context, table);
  if (table.value("quarantined", 0) > 0)
    context.Print(Text::kVerifyQuarantined, Cell(table, "quarantined"),
                  Harmless(Cell(table, "table") + "__quarantine"));
}

int Verify(const Context& context, const Options& options) {
  const auto progress = [&](const Json& json) {
    return Say(context.language, Text::kVerifyProgress, Harmless(Cell(json, "table")),
               Cell(json, "rows"), Cell(json, "rows_about"), Cell(json, "tables_done"),
               Cell(json, "tables"));
  };
  const Result<Json> report =
      FollowTask(context, "/api/v1/sources/" + http::PercentEncode(options.source) + "/verify",
                 {{"tables", options.tables}, {"repair", options.repair}}, progress);
  if (!report.ok() && report.error().code == "interrupted") return kInterrupted;
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
