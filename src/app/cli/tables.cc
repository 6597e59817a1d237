#include <functional>

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/table.h"
#include "http/message.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string table;  // or a dataset
  std::string snapshot;
  std::string timestamp;
  std::string ref;
  bool everything = false;
};

using Show = std::function<void(const Json&)>;

int Print(const Context& context, const Result<Json>& answer, const Show& show) {
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json)
    context.PrintJson(*answer);
  else
    show(*answer);
  return kDone;
}

// What is below the table's path, asked for and shown.
int Ask(const Context& context, const std::string& table, const std::string& below,
        const Show& show) {
  const Result<std::string> path = TablePath(table);
  if (!path.ok()) return context.Fail(path.error());
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  return Print(context, client->Get(*path + below), show);
}

int List(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  std::string path = "/api/v1/tables";
  if (!options.table.empty()) path += "?dataset=" + http::PercentEncode(options.table);
  return Print(context, client->Get(path), [&](const Json& answer) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& table : answer["tables"])
      rows.push_back({Cell(table, "table"), Cell(table, "rows"), Cell(table, "files"),
                      Cell(table, "bytes"), Cell(table, "updated"), table.value("error", "")});
    PrintTable(context, {"TABLE", "ROWS", "FILES", "BYTES", "UPDATED", "ERROR"}, rows);
  });
}

std::string Joined(const Json& list, const std::function<std::string(const Json&)>& text) {
  std::string joined;
  for (const Json& item : list) joined += (joined.empty() ? "" : ", ") + text(item);
  return Harmless(joined);
}

std::string TermOf(const Json& field) {
  const std::string transform = field.value("transform", "");
  std::string term = field.value("column", "");
  if (transform != "identity") term = transform + "(" + term + ")";
  return field.value("descending", false) ? term + " desc" : term;
}

int ShowTable(const Context& context, const Options& options) {
  return Ask(context, options.table, "", [&](const Json& table) {
    context.Print(Text::kTableSummary, Harmless(Cell(table, "table")), Cell(table, "rows"),
                  Cell(table, "files"), Cell(table, "bytes"), Cell(table, "snapshot_id"));
    context.Print(Text::kTableAt, Harmless(Cell(table, "location")));
    const auto plain = [](const Json& name) { return name.get<std::string>(); };
    if (!table["key"].empty()) context.Print(Text::kTableKey, Joined(table["key"], plain));
    if (!table["partitioning"].empty())
      context.Print(Text::kTablePartitions, Joined(table["partitioning"], TermOf));
    if (!table["sort_order"].empty())
      context.Print(Text::kTableOrder, Joined(table["sort_order"], TermOf));
    std::vector<std::vector<std::string>> rows;
    for (const Json& column : table["columns"])
      rows.push_back({Cell(column, "id"), Cell(column, "name"), Cell(column, "type"),
                      Cell(column, "required"), column.value("doc", "")});
    PrintTable(context, {"ID", "COLUMN", "TYPE", "REQUIRED", "DOC"}, rows);
    std::vector<std::vector<std::string>> properties;
    for (const auto& [name, value] : table["properties"].items())
      properties.push_back({name, value.get<std::string>()});
    if (!properties.empty()) PrintTable(context, {"PROPERTY", "VALUE"}, properties);
  });
}

int History(const Context& context, const Options& options) {
  return Ask(context, options.table, "/history", [&](const Json& answer) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& snapshot : answer["snapshots"])
      rows.push_back(
          {Cell(snapshot, "snapshot_id"), Cell(snapshot, "time"), Cell(snapshot, "operation"),
           Cell(snapshot, "added_rows"), Cell(snapshot, "deleted_rows"),
           Cell(snapshot, "total_rows"), Cell(snapshot, "total_files"),
           Joined(snapshot["refs"], [](const Json& name) { return name.get<std::string>(); })});
    PrintTable(context,
               {"SNAPSHOT", "TIME", "OPERATION", "ADDED", "DELETED", "ROWS", "FILES", "REFS"},
               rows);
  });
}

int Files(const Context& context, const Options& options) {
  return Ask(context, options.table, "/files", [&](const Json& answer) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& file : answer["files"])
      rows.push_back({Cell(file, "content"), Cell(file, "rows"), Cell(file, "bytes"),
                      file["partition"].empty() ? "-" : DumpJson(file["partition"]),
                      Cell(file, "path")});
    PrintTable(context, {"CONTENT", "ROWS", "BYTES", "PARTITION", "PATH"}, rows);
  });
}

int Rollback(const Context& context, const Options& options) {
  const int given = static_cast<int>(!options.snapshot.empty()) +
                    static_cast<int>(!options.timestamp.empty()) +
                    static_cast<int>(!options.ref.empty());
  if (given != 1)
    return context.Fail(
        MakeError(ErrorKind::kInvalid, Say(context.language, Text::kWhichSnapshot), "usage"));
  const Result<std::string> path = TablePath(options.table);
  if (!path.ok()) return context.Fail(path.error());
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  Json body = Json::object();
  if (!options.snapshot.empty()) body["snapshot_id"] = options.snapshot;
  if (!options.timestamp.empty()) body["timestamp"] = options.timestamp;
  if (!options.ref.empty()) body["ref"] = options.ref;
  return Print(context, client->Post(*path + "/rollback", body), [&](const Json& answer) {
    context.Print(Text::kTableRolledBack, Cell(answer, "table"), Cell(answer, "snapshot_id"));
  });
}

int Compact(const Context& context, const Options& options) {
  const Result<std::string> path = TablePath(options.table);
  if (!path.ok()) return context.Fail(path.error());
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const Json body = {{"everything", options.everything}};
  return Print(context, client->Post(*path + "/compact", body), [&](const Json& answer) {
    context.Print(Text::kTableCompacted, Cell(answer, "table"), Cell(answer, "removed_data_files"),
                  Cell(answer, "removed_delete_files"), Cell(answer, "added_data_files"));
  });
}

}  // namespace

void AddTables(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  AddCommand<Options>(
      commands, commands.app, "tables", Text::kTables,
      [=](CLI::App& command, Options& options) {
        command.add_option("DATASET", options.table, say(Text::kTablesDataset));
      },
      List);
  CLI::App* table = AddCommand<Options>(commands, commands.app, "table", Text::kTable, nullptr,
                                        [](const Context&, const Options&) { return kUsage; });
  table->require_subcommand(1);
  const auto named = [=](CLI::App& command, Options& options) {
    command.add_option("TABLE", options.table, say(Text::kTableName))->required();
  };
  AddCommand<Options>(commands, *table, "show", Text::kTableShow, named, ShowTable);
  AddCommand<Options>(commands, *table, "history", Text::kTableHistory, named, History);
  AddCommand<Options>(commands, *table, "files", Text::kTableFiles, named, Files);
  AddCommand<Options>(
      commands, *table, "rollback", Text::kTableRollback,
      [=](CLI::App& command, Options& options) {
        named(command, options);
        command.add_option("SNAPSHOT", options.snapshot, say(Text::kTableTo));
        command.add_option("--timestamp", options.timestamp, say(Text::kTableTimestamp));
        command.add_option("--ref", options.ref, say(Text::kTableRef));
      },
      Rollback);
  AddCommand<Options>(
      commands, *table, "compact", Text::kTableCompact,
      [=](CLI::App& command, Options& options) {
        named(command, options);
        command.add_flag("--all", options.everything, say(Text::kTableEverything));
      },
      Compact);
}

}  // namespace caudal::app::cli
