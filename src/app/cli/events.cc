#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/table.h"
#include "http/message.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string bucket;
  std::string prefix;
  std::string subscriber;
  int limit = 50;
  int64_t after = -1;
  int64_t event = 0;
  bool all = false;
};

std::string Query(const Options& options) {
  std::string query;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      query += (query.empty() ? "?" : "&") + std::string(name) + "=" + http::PercentEncode(value);
  };
  add("bucket", options.bucket);
  add("prefix", options.prefix);
  add("subscriber", options.subscriber);
  return query;
}

std::vector<std::string> EventRow(const Json& event) {
  return {Cell(event, "sequence"), Cell(event, "time"), Cell(event, "type"),
          Cell(event, "bucket") + "/" + Cell(event, "object"), Cell(event, "generation")};
}

int List(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const std::string query = Query(options);
  Result<Json> answer = client->Get("/api/v1/events" + query + (query.empty() ? "?" : "&") +
                                    "limit=" + std::to_string(options.limit));
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& event : (*answer)["events"]) rows.push_back(EventRow(event));
  PrintTable(context, {"SEQUENCE", "TIME", "TYPE", "OBJECT", "GENERATION"}, rows);
  return kDone;
}

int Tail(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  std::string query = Query(options);
  if (options.after >= 0)
    query += (query.empty() ? "?" : "&") + std::string("after=") + std::to_string(options.after);
  const Result<void> followed =
      client->Follow("/api/v1/events/tail" + query, [&](std::string_view line) {
        const Result<Json> event = ParseJson(line, "event");
        if (context.json || !event.ok() || !event->is_object()) {
          context.PrintLine(std::string(line));
          return true;
        }
        const std::vector<std::string> row = EventRow(*event);
        context.PrintLine(Harmless(row[1] + "  " + row[0] + "  " + row[2] + "  " + row[3]));
        return true;
      });
  return followed.ok() ? kDone : context.Fail(followed.error());
}

int Dead(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const std::string query = Query(options);
  Result<Json> answer = client->Get("/api/v1/deliveries" + query + (query.empty() ? "?" : "&") +
                                    "state=dead&limit=" + std::to_string(options.limit));
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& delivery : (*answer)["deliveries"]) {
    const std::vector<std::string> event = EventRow(delivery["event"]);
    rows.push_back({event[0], Cell(delivery, "subscriber"), event[2], event[3],
                    Cell(delivery, "attempts"), Cell(delivery, "last_error")});
  }
  PrintTable(context, {"SEQUENCE", "SUBSCRIBER", "TYPE", "OBJECT", "ATTEMPTS", "LAST ERROR"}, rows);
  return kDone;
}

int Settle(const Context& context, const Options& options, const char* path, const char* member,
           Text done) {
  if (!options.all && options.subscriber.empty() && options.event == 0)
    return context.Fail(
        MakeError(ErrorKind::kInvalid, Say(context.language, Text::kWhichDeadLetters), "usage"));
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  Json body = {{"all", options.all}, {"subscriber", options.subscriber}};
  if (options.event > 0) body["sequence"] = options.event;
  Result<Json> answer = client->Post(path, body);
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
  } else {
    context.Print(done, Cell(*answer, member));
  }
  return kDone;
}

}  // namespace

void AddEvents(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  const auto filter = [say](CLI::App& command, Options& options) {
    command.add_option("--bucket", options.bucket, say(Text::kBucketOption));
    command.add_option("--prefix", options.prefix, say(Text::kPrefixOption));
  };
  const auto limit = [say](CLI::App& command, Options& options) {
    command.add_option("--limit", options.limit, say(Text::kLimitOption))
        ->check(CLI::Range(1, 1000));
  };
  const auto choice = [say](CLI::App& command, Options& options) {
    command.add_option("--subscriber", options.subscriber, say(Text::kSubscriberOption));
    command.add_option("--event", options.event, say(Text::kEventOption))
        ->check(CLI::PositiveNumber);
    command.add_flag("--all", options.all, say(Text::kAllOption));
  };
  CLI::App* events = AddCommand<Options>(
      commands, commands.app, "events", Text::kEvents,
      [=](CLI::App& command, Options& options) {
        filter(command, options);
        limit(command, options);
      },
      List);
  AddCommand<Options>(
      commands, *events, "tail", Text::kEventsTail,
      [=](CLI::App& command, Options& options) {
        filter(command, options);
        command.add_option("--after", options.after, say(Text::kAfterOption))
            ->check(CLI::NonNegativeNumber);
      },
      Tail);
  AddCommand<Options>(
      commands, *events, "dead", Text::kEventsDead,
      [=](CLI::App& command, Options& options) {
        command.add_option("--subscriber", options.subscriber, say(Text::kSubscriberOption));
        limit(command, options);
      },
      Dead);
  AddCommand<Options>(commands, *events, "replay", Text::kEventsReplay, choice,
                      [](const Context& context, const Options& options) {
                        return Settle(context, options, "/api/v1/deliveries/replay", "replayed",
                                      Text::kReplayed);
                      });
  AddCommand<Options>(commands, *events, "drop", Text::kEventsDrop, choice,
                      [](const Context& context, const Options& options) {
                        return Settle(context, options, "/api/v1/deliveries/drop", "dropped",
                                      Text::kDropped);
                      });
}

}  // namespace caudal::app::cli
