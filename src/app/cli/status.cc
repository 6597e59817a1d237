#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/source_cells.h"
#include "app/cli/table.h"
#include "app/config/units.h"

namespace caudal::app::cli {
namespace {

struct None {};

std::string SizeCell(const Json& object, const char* name) {
  const auto found = object.find(name);
  const bool number = found != object.end() && found->is_number_integer();
  return number ? FormatSizeForPeople(found->get<uint64_t>()) : "-";
}

void PrintSources(const Context& context, const Json& sources) {
  if (sources.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const Json& source : sources)
    rows.push_back({Cell(source, "name"), Cell(source, "state"), Cell(source, "position"),
                    LagCell(source), SizeCell(source, "lag_bytes"), SizeCell(source, "slot_bytes"),
                    Cell(source, "rows_landed"), Cell(source, "rows_applied"),
                    Cell(source, "quarantined"), SourceErrorCell(source)});
  context.PrintLine("");
  PrintTable(context,
             {"SOURCE", "STATE", "POSITION", "LAG", "LOG BEHIND", "LOG KEPT", "LANDED", "APPLIED",
              "QUARANTINED", "ERROR"},
             rows);
}

void PrintStatus(const Context& context, const Json& json) {
  const Json& storage = json.at("storage");
  const Json& events = json.at("events");
  const Json& http = json.at("http");
  const std::chrono::seconds uptime(json.at("uptime_seconds").get<int64_t>());
  context.Print(Text::kStatusLine, Cell(json, "version"), Cell(json, "platform"), Cell(json, "url"),
                Cell(json, "state"), uptime.count() == 0 ? "0s" : FormatDuration(uptime),
                Cell(json, "pid"));
  context.Print(Text::kStatusBuckets, Cell(storage, "buckets"), Cell(storage, "objects"),
                SizeCell(storage, "bytes"), Cell(storage, "uploads_open"));
  context.Print(Text::kStatusEvents, Cell(events, "last_sequence"));
  context.Print(Text::kStatusHttp, Cell(http, "requests"), Cell(http, "responses_5xx"),
                Cell(http, "connections_open"));
  const Json& functions = json.at("functions");
  if (functions.value("count", 0) > 0)
    context.Print(Text::kStatusFunctions, Cell(functions, "count"), Cell(functions, "ready"));
  if (storage.value("disk_full", false)) context.Print(Text::kStatusDiskFull);
  std::vector<std::vector<std::string>> rows;
  for (const Json& subscriber : events.at("subscribers"))
    rows.push_back({Cell(subscriber, "name"), Cell(subscriber, "delivered"),
                    Cell(subscriber, "pending"), Cell(subscriber, "dead"),
                    Cell(subscriber, "failed_attempts")});
  if (!rows.empty()) {
    context.PrintLine("");
    PrintTable(context, {"SUBSCRIBER", "DELIVERED", "PENDING", "DEAD", "FAILED"}, rows);
  }
  PrintSources(context, json.at("sources"));
}

int Status(const Context& context, const None&) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  Result<Json> status = client->Get("/api/v1/status");
  if (!status.ok()) return context.Fail(status.error());
  if (context.json) {
    context.PrintJson(*status);
    return kDone;
  }
  try {
    PrintStatus(context, *status);
  } catch (const nlohmann::json::exception& e) {
    return context.Fail(
        MakeError(ErrorKind::kInternal, std::string("the answer isn't a status: ") + e.what()));
  }
  return kDone;
}

int Reload(const Context& context, const None&) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  Result<Json> answer = client->Post("/api/v1/reload", Json::object());
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
    return kDone;
  }
  bool any = false;
  const auto list = [&](const char* member, Text text) {
    std::string names;
    if (answer->contains(member))
      for (const Json& name : (*answer)[member])
        names += (names.empty() ? "" : ", ") + name.get<std::string>();
    if (names.empty()) return;
    any = true;
    context.Print(text, names);
  };
  list("applied", Text::kReloadApplied);
  list("buckets_created", Text::kReloadBuckets);
  list("needs_restart", Text::kReloadRestart);
  if (!any) context.Print(Text::kReloadNothing);
  return kDone;
}

}  // namespace

void AddStatus(Commands& commands) {
  AddCommand<None>(commands, commands.app, "status", Text::kStatus, nullptr, Status);
}

void AddReload(Commands& commands) {
  AddCommand<None>(commands, commands.app, "reload", Text::kReload, nullptr, Reload);
}

}  // namespace caudal::app::cli
