#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/query_options.h"
#include "app/cli/query_sink.h"
#include "app/cli/query_watch.h"
#include "base/random.h"
#include "base/terminal.h"
#include "os/signals.h"

namespace caudal::app::cli {
namespace {

constexpr int kInterrupted = 130;

Result<Json> RequestOf(const Context& context, const QueryOptions& options, const char* format,
                       const std::string& id) {
  std::string sql = options.sql;
  if (sql == "-" || (sql.empty() && !IsTerminal(Stream::kInput)))
    sql.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  if (sql.find_first_not_of(" \t\r\n") == std::string::npos)
    return MakeError(ErrorKind::kInvalid, Say(context.language, Text::kQueryNoSql), "usage");
  Json body = {{"sql", sql}, {"format", format}, {"query_id", id}};
  if (!options.dataset.empty()) body["default_dataset"] = options.dataset;
  if (options.timeout_seconds > 0)
    body["timeout_ms"] = std::max<int64_t>(1, static_cast<int64_t>(options.timeout_seconds * 1000));
  Json parameters = TRY(ParametersOf(options.parameters));
  if (!parameters.empty()) body["parameters"] = std::move(parameters);
  return body;
}

std::string Seconds(std::chrono::steady_clock::duration took) {
  const std::chrono::duration<double> seconds = took;
  return seconds.count() < 1 ? fmt::format("{:.0f} ms", seconds.count() * 1000)
                             : fmt::format("{:.2f} s", seconds.count());
}

// Whether the whole answer came and was written.
Result<void> Transfer(AdminClient& client, const Json& body, QuerySink& sink, QueryWatch& watch) {
  bool begun = false;
  const Result<void> sent = client.PostStream(
      "/api/v1/query", body,
      [&](std::string_view piece) {
        begun = true;
        watch.HideBar();
        return sink.Take(piece);
      },
      watch.cancel());
  watch.HideBar();
  if (sent.ok()) return sink.Finish();
  if (watch.interrupted()) return sent.error();
  // The sink's own error says more than that it stopped.
  if (sent.error().Is(ErrorKind::kCancelled)) {
    TRY(sink.Finish());
    return sent.error();
  }
  if (sent.error().code != "server.unreachable" || !begun) return sent.error();
  return MakeError(ErrorKind::kUnavailable,
                   "the answer was cut off before its end: the query failed after its first rows, "
                   "or the server went; --format jsonl would say why",
                   "query.cut");
}

int Query(const Context& context, const QueryOptions& options) {
  const bool terminal = IsTerminal(Stream::kOutput);
  const Result<QueryFormat> format = FormatOf(options, context.json, terminal);
  if (!format.ok()) return context.Fail(format.error());
  if ((*format == QueryFormat::kArrow || *format == QueryFormat::kParquet) && terminal &&
      options.output.empty())
    return context.Fail(
        MakeError(ErrorKind::kInvalid, Say(context.language, Text::kQueryBinary), "usage"));
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  Result<AdminClient> asking = AdminClient::Connect(context);  // for the bar's thread
  if (!asking.ok()) return context.Fail(asking.error());
  Result<QueryTarget> target = QueryTarget::Open(options.output);
  if (!target.ok()) return context.Fail(target.error());
  const std::unique_ptr<QuerySink> sink = QuerySink::Make(*format, *target);
  const std::string id = "cli-" + SystemRandom().Hex(8);
  const Result<Json> body = RequestOf(context, options, sink->server_format(), id);
  if (!body.ok()) return context.Fail(body.error());

  os::BlockSignals();
  const auto start = std::chrono::steady_clock::now();
  QueryWatch watch(IsTerminal(Stream::kError) && !context.json, [&]() -> std::optional<double> {
    const Result<Json> query = asking->Get("/api/v1/queries/" + id);
    if (!query.ok() || !query->contains("progress")) return std::nullopt;
    return (*query)["progress"].get<double>();
  });
  Result<void> done = Transfer(*client, *body, *sink, watch);
  if (done.ok()) done = target->Finish();
  if (watch.interrupted()) return kInterrupted;
  // Whoever read the rows has enough of them.
  if (!done.ok() && done.error().Is(ErrorKind::kCancelled)) return kFailed;
  if (!done.ok()) return context.Fail(done.error());
  const std::string took = Seconds(std::chrono::steady_clock::now() - start);
  if (*format == QueryFormat::kTable && options.output.empty())
    context.Print(*sink->rows() == 1 ? Text::kQueryRow : Text::kQueryRows, *sink->rows(), took);
  return kDone;
}

}  // namespace

void AddQuery(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  CLI::App* query = AddCommand<QueryOptions>(
      commands, commands.app, "query", Text::kQuery,
      [=](CLI::App& command, QueryOptions& options) {
        command.add_option("SQL", options.sql, say(Text::kQuerySql));
        command.add_option("--format", options.format, say(Text::kQueryFormatOption));
        command.add_option("-o,--output", options.output, say(Text::kQueryOutputOption));
        command.add_option("--dataset", options.dataset, say(Text::kQueryDatasetOption));
        command.add_option("--param", options.parameters, say(Text::kQueryParamOption))
            ->allow_extra_args(false);
        command.add_option("--timeout", options.timeout_seconds, say(Text::kQueryTimeoutOption))
            ->check(CLI::PositiveNumber);
      },
      Query);
  query->footer(say(Text::kQueryFooter));
}

}  // namespace caudal::app::cli
