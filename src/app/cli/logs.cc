#include <algorithm>
#include <chrono>
#include <thread>

#include "app/cli/commands.h"
#include "app/cli/table.h"
#include "app/config/load.h"
#include "os/file.h"

namespace caudal::app::cli {
namespace {

constexpr uint64_t kTailBytesMax = 4u << 20;
constexpr size_t kPiece = 256u << 10;

struct Options {
  bool follow = false;
  int lines = 50;
};

// A JSON line as text: time, level, event, then the fields.
std::string ForPeople(std::string_view line) {
  const Result<Json> json = ParseJson(line, "log line");
  if (!json.ok() || !json->is_object()) return Harmless(line);
  std::string text =
      Cell(*json, "time") + "  " + Cell(*json, "level") + "  " + Cell(*json, "event");
  for (const auto& [key, value] : json->items())
    if (key != "time" && key != "level" && key != "event")
      text += "  " + key + "=" + (value.is_string() ? value.get<std::string>() : DumpJson(value));
  return Harmless(text);
}

void PrintLines(const Context& context, std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    context.PrintLine(context.json ? std::string(line) : ForPeople(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view LastLines(std::string_view text, int lines) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  size_t from = text.size();
  for (; lines > 0; --lines) {
    const size_t newline = from == 0 ? std::string_view::npos : text.rfind('\n', from - 1);
    if (newline == std::string_view::npos) return text;
    from = newline;
  }
  return text.substr(from + 1);
}

Result<std::string> ReadFrom(const std::string& path, uint64_t& offset, uint64_t bytes_max) {
  const os::File file = TRY(os::File::Open(path, os::File::Mode::kRead));
  const uint64_t size = TRY(file.Size());
  if (size < offset) offset = 0;  // rotated
  std::string text(std::min<uint64_t>(size - offset, bytes_max), '\0');
  text.resize(TRY(file.ReadAt(offset, text.data(), text.size())));
  return text;
}

Result<void> Show(const Context& context, const Options& options, const std::string& path) {
  uint64_t offset = 0;
  {
    const os::File file = TRY(os::File::Open(path, os::File::Mode::kRead));
    const uint64_t size = TRY(file.Size());
    offset = size > kTailBytesMax ? size - kTailBytesMax : 0;
  }
  const std::string end = TRY(ReadFrom(path, offset, kTailBytesMax));
  const size_t whole = end.rfind('\n') == std::string::npos ? 0 : end.rfind('\n') + 1;
  PrintLines(context, LastLines(std::string_view(end).substr(0, whole), options.lines));
  offset += whole;
  while (options.follow) {
    Result<std::string> more = ReadFrom(path, offset, kPiece);
    const size_t newline = more.ok() ? more->rfind('\n') : std::string::npos;
    if (newline == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    PrintLines(context, std::string_view(*more).substr(0, newline));
    offset += newline + 1;
  }
  return {};
}

int Logs(const Context& context, const Options& options) {
  const Result<Config> config = LoadValidConfig(context.ConfigFile());
  if (!config.ok()) return context.Fail(config.error());
  const Result<void> shown = Show(context, options, config->log_file());
  return shown.ok() ? kDone : context.Fail(shown.error());
}

}  // namespace

void AddLogs(Commands& commands) {
  AddCommand<Options>(
      commands, commands.app, "logs", Text::kLogs,
      [&](CLI::App& command, Options& options) {
        const Language language = commands.context.language;
        command.add_flag("-f,--follow", options.follow,
                         std::string(TextOf(Text::kFollowOption, language)));
        command
            .add_option("-n,--lines", options.lines,
                        std::string(TextOf(Text::kLinesOption, language)))
            ->check(CLI::Range(0, 100'000));
      },
      Logs);
}

}  // namespace caudal::app::cli
