#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/table.h"
#include "base/random.h"
#include "base/terminal.h"
#include "http/message.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string table;
  std::vector<std::string> sources;
  std::string format;
  std::string schema;
  std::vector<std::string> key;
  std::string mode;
  bool append = false;
  bool replace = false;
  bool add_columns = false;
  int64_t bad_rows_max = 0;
  std::string delimiter;
  bool no_header = false;
  std::string null_text;
  std::string compression;
};

// Shows what a load has done while it runs, on a terminal.
class Watch {
 public:
  Watch(const Context& context, std::string id) {
    if (context.json || !IsTerminal(Stream::kError)) return;
    thread_ = std::thread([this, &context, id = std::move(id)] { Run(context, id); });
  }
  ~Watch() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void Run(const Context& context, const std::string& id) {
    Result<AdminClient> client = AdminClient::Connect(context);
    bool shown = false;
    for (int tick = 1; client.ok() && !done_; ++tick) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (tick % 10 != 0) continue;
      const Result<Json> loads = client->Get("/api/v1/loads");
      if (!loads.ok()) break;
      for (const Json& load : loads->value("loads", Json::array())) {
        if (load.value("id", "") != id) continue;
        const std::string text = Say(context.language, Text::kLoadRunning, Cell(load, "rows"));
        std::fprintf(stderr, "\r\033[K%s", text.c_str());
        shown = true;
      }
    }
    if (shown) std::fprintf(stderr, "\r\033[K");
  }

  std::atomic<bool> done_{false};
  std::thread thread_;
};

bool IsUri(const std::string& source) { return source.starts_with("gs://"); }

std::string ModeOf(const Options& options) {
  if (!options.mode.empty()) return options.mode;
  return options.replace ? "replace" : "append";
}

// The text itself, or that of the file it names.
Result<std::string> SchemaOf(const std::string& text) {
  constexpr uint64_t kMax = 16u << 20;
  if (text.empty() || text.find(':') != std::string::npos || !os::Exists(text)) return text;
  return os::ReadFile(text, kMax);
}

Result<Json> LoadUris(AdminClient& client, const Options& options, const std::string& schema,
                      const std::string& id) {
  Json settings = Json::object();
  if (!options.delimiter.empty()) settings["delimiter"] = options.delimiter;
  if (!options.null_text.empty()) settings["null"] = options.null_text;
  if (!options.compression.empty()) settings["compression"] = options.compression;
  if (options.no_header) settings["header"] = false;
  if (options.add_columns) settings["add_columns"] = true;
  if (options.bad_rows_max > 0) settings["bad_rows_max"] = options.bad_rows_max;
  return client.Post("/api/v1/load", {{"table", options.table},
                                      {"sources", options.sources},
                                      {"format", options.format},
                                      {"schema", schema},
                                      {"key", options.key},
                                      {"mode", ModeOf(options)},
                                      {"options", std::move(settings)},
                                      {"id", id}});
}

Result<Json> LoadFile(AdminClient& client, const Options& options, const std::string& schema,
                      const std::string& id) {
  const std::string& path = options.sources[0];
  os::File file = TRY(os::File::Open(path, os::File::Mode::kRead));
  std::string query = "/api/v1/load/upload?table=" + http::PercentEncode(options.table);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) query += std::string("&") + name + "=" + http::PercentEncode(value);
  };
  add("name", path.substr(path.rfind('/') + 1));
  add("id", id);
  add("mode", ModeOf(options));
  add("format", options.format);
  add("schema", schema);
  for (const std::string& name : options.key) add("key", name);
  add("delimiter", options.delimiter);
  add("null", options.null_text);
  add("compression", options.compression);
  if (options.no_header) add("header", "false");
  if (options.add_columns) add("add_columns", "true");
  if (options.bad_rows_max > 0) add("bad_rows_max", std::to_string(options.bad_rows_max));
  return client.PostFile(query, std::make_shared<const os::File>(std::move(file)));
}

int Load(const Context& context, const Options& options) {
  const bool uris = std::ranges::all_of(options.sources, IsUri);
  if (!uris && options.sources.size() != 1)
    return context.Fail(
        MakeError(ErrorKind::kInvalid, Say(context.language, Text::kLoadOneFile), "usage"));
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const Result<std::string> schema = SchemaOf(options.schema);
  if (!schema.ok()) return context.Fail(schema.error());
  const std::string id = SystemRandom().Hex(8);
  Result<Json> answer = Json();
  {
    const Watch watch(context, id);
    answer =
        uris ? LoadUris(*client, options, *schema, id) : LoadFile(*client, options, *schema, id);
  }
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
    return kDone;
  }
  context.Print(Text::kLoadDone, Cell(*answer, "table"), Cell(*answer, "rows"),
                Cell(*answer, "rows_added"), Cell(*answer, "rows_deleted"),
                Cell(*answer, "snapshot_id"));
  const Json bad = answer->value("bad_rows", Json::array());
  if (bad.empty()) return kDone;
  context.Print(Text::kLoadLeftOut, Cell(*answer, "bad_row_count"));
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : bad)
    rows.push_back({Cell(row, "file"), row.contains("line") ? Cell(row, "line") : Cell(row, "row"),
                    Cell(row, "column"), Cell(row, "reason")});
  PrintTable(context, {"FILE", "LINE", "COLUMN", "REASON"}, rows);
  return kDone;
}

}  // namespace

void AddLoad(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  AddCommand<Options>(
      commands, commands.app, "load", Text::kLoad,
      [=](CLI::App& command, Options& options) {
        command.add_option("TABLE", options.table, say(Text::kLoadTable))->required();
        command.add_option("SOURCE", options.sources, say(Text::kLoadSources))->required();
        command.add_option("--format", options.format, say(Text::kLoadFormat));
        command.add_option("--schema", options.schema, say(Text::kLoadSchema));
        command.add_option("--key", options.key, say(Text::kLoadKey))->delimiter(',');
        auto* mode = command.add_option("--mode", options.mode, say(Text::kLoadMode));
        mode->check(CLI::IsMember({"append", "replace", "upsert", "delete"}));
        auto* append = command.add_flag("--append", options.append, say(Text::kLoadAppend));
        auto* replace = command.add_flag("--replace", options.replace, say(Text::kLoadReplace));
        append->excludes(mode)->excludes(replace);
        replace->excludes(mode);
        command.add_flag("--add-columns", options.add_columns, say(Text::kLoadAddColumns));
        command.add_option("--max-bad-rows", options.bad_rows_max, say(Text::kLoadBadRows))
            ->check(CLI::NonNegativeNumber);
        command.add_option("--delimiter", options.delimiter, say(Text::kLoadDelimiter));
        command.add_flag("--no-header", options.no_header, say(Text::kLoadNoHeader));
        command.add_option("--null", options.null_text, say(Text::kLoadNull));
        command.add_option("--compression", options.compression, say(Text::kLoadCompression));
      },
      Load);
}

}  // namespace caudal::app::cli
