#include "base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstdio>
#include <memory>

#include "base/mutex.h"
#include "base/terminal.h"

namespace caudal {
namespace {

constexpr std::array<std::string_view, 7> kSecretKeys = {
    "password", "secret", "token", "authorization", "signature", "private_key", "credential"};
// What follows one of these, up to a delimiter, is a secret.
constexpr std::array<std::string_view, 6> kSecretMarks = {
    "Bearer ", "X-Goog-Signature=", "X-Amz-Signature=", "Signature=", "access_token=", "caudal_"};

struct Sinks {
  Mutex mutex;
  std::shared_ptr<spdlog::logger> console GUARDED_BY(mutex);
  std::shared_ptr<spdlog::logger> file GUARDED_BY(mutex);
  bool console_json GUARDED_BY(mutex) = false;
  std::atomic<LogLevel> level{LogLevel::kInfo};
};

std::shared_ptr<spdlog::logger> Bare(const spdlog::sink_ptr& sink) {
  auto logger = std::make_shared<spdlog::logger>("caudal", sink);
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

Sinks& TheSinks() {
  static auto* sinks = [] {
    auto* made = new Sinks;  // outlives every static destructor
    MutexLock lock(made->mutex);
    made->console = Bare(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    return made;
  }();
  return *sinks;
}

bool IsSecretKey(std::string_view key) {
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(), [&](std::string_view secret) {
    return key.find(secret) != std::string_view::npos;
  });
}

std::string_view LevelName(LogLevel level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out.push_back(static_cast<char>(c));
    }
  }
  out.push_back('"');
}

std::string TextOf(const LogField& field) {
  if (IsSecretKey(field.key)) return "***";
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string_view>) {
          return MaskSecrets(v);
        } else {
          return fmt::format("{}", v);
        }
      },
      field.value);
}

std::string Timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::time_t t = std::chrono::system_clock::to_time_t(seconds);
  std::tm utc{};
  gmtime_r(&t, &utc);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - seconds).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, micros);
}

std::string JsonLine(LogLevel level, std::string_view event, LogFields fields) {
  std::string line =
      fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"event\":", Timestamp(), LevelName(level));
  AppendJsonString(line, event);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendJsonString(line, field.key);
    line.push_back(':');
    if (std::holds_alternative<std::string_view>(field.value) || IsSecretKey(field.key)) {
      AppendJsonString(line, TextOf(field));
    } else {
      line += TextOf(field);
    }
  }
  line.push_back('}');
  return line;
}

std::string TextLine(LogLevel level, std::string_view event, LogFields fields) {
  std::string line = fmt::format("{} {:<7} {}", Timestamp(), LevelName(level), event);
  for (const LogField& field : fields) {
    const std::string text = TextOf(field);
    const bool plain = std::none_of(text.begin(), text.end(), [](unsigned char c) {
      return c <= 0x20 || c == '"' || c == 0x7f;
    });
    line += fmt::format(" {}=", field.key);
    if (plain && !text.empty()) {
      line += text;
    } else {
      AppendJsonString(line, text);
    }
  }
  return line;
}

}  // namespace

std::string MaskSecrets(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t at = std::string_view::npos;
    size_t length = 0;
    for (std::string_view mark : kSecretMarks) {
      const size_t found = text.find(mark);
      if (found < at) {
        at = found;
        length = mark.size();
      }
    }
    if (at == std::string_view::npos) break;
    out.append(text.substr(0, at + length));
    text.remove_prefix(at + length);
    size_t end = 0;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
            std::string_view("._-~+/=%").find(text[end]) != std::string_view::npos))
      ++end;
    // A short word after a mark ("caudal_x") is a name, not a secret.
    if (end >= 16) {
      out.append("***");
      text.remove_prefix(end);
    }
  }
  out.append(text);
  return out;
}

Result<void> StartLogs(const LogOptions& options) {
  Sinks& sinks = TheSinks();
  std::shared_ptr<spdlog::logger> file;
  if (!options.file.empty()) {
    try {
      file = Bare(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          options.file, options.file_bytes_max, static_cast<size_t>(options.files_max)));
    } catch (const spdlog::spdlog_ex& failure) {
      return MakeError(ErrorKind::kInvalid, "log file " + options.file + ": " + failure.what());
    }
  }
  MutexLock lock(sinks.mutex);
  sinks.file = std::move(file);
  sinks.console_json = options.format == LogOptions::Format::kJson ||
                       (options.format == LogOptions::Format::kAuto && !IsTerminal(Stream::kError));
  sinks.level = options.level;
  return {};
}

void SetLogLevel(LogLevel level) { TheSinks().level = level; }
bool LogEnabled(LogLevel level) {
  return level >= TheSinks().level.load(std::memory_order_relaxed);
}

void FlushLogs() {
  Sinks& sinks = TheSinks();
  MutexLock lock(sinks.mutex);
  sinks.console->flush();
  if (sinks.file) sinks.file->flush();
}

void Log(LogLevel level, std::string_view event, LogFields fields) {
  if (!LogEnabled(level)) return;
  Sinks& sinks = TheSinks();
  std::shared_ptr<spdlog::logger> console;
  std::shared_ptr<spdlog::logger> file;
  bool json = false;
  {
    MutexLock lock(sinks.mutex);
    console = sinks.console;
    file = sinks.file;
    json = sinks.console_json;
  }
  const std::string json_line = json || file ? JsonLine(level, event, fields) : std::string();
  console->info(json ? json_line : TextLine(level, event, fields));
  if (file) file->info(json_line);
}

}  // namespace caudal
