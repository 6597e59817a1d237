// Structured logs: an event name and fields. Text when the sink is a terminal, one JSON object a
// line otherwise. Fields whose name speaks of a secret, and bearer tokens or signatures inside
// values, are masked. Thread-safe. Before StartLogs, lines go to standard error as text.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/result.h"

namespace caudal {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

struct LogField {
  using Value = std::variant<std::string_view, int64_t, double, bool>;
  std::string_view key;
  Value value;

  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <class I>
    requires(std::is_integral_v<I> && !std::is_same_v<I, bool>)
  LogField(std::string_view k, I v) : key(k), value(static_cast<int64_t>(v)) {}
};

using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  enum class Format : uint8_t { kAuto, kText, kJson } format = Format::kAuto;
  std::string file;                     // also written here, as JSON lines, when not empty
  uint64_t file_bytes_max = 16u << 20;  // rotated at this size
  int files_max = 5;                    // rotated files kept
};

Result<void> StartLogs(const LogOptions& options);
void SetLogLevel(LogLevel level);
void FlushLogs();
bool LogEnabled(LogLevel level);

// `event` is a short constant phrase; what varies goes into fields.
void Log(LogLevel level, std::string_view event, LogFields fields = {});
inline void LogDebug(std::string_view event, LogFields fields = {}) {
  if (LogEnabled(LogLevel::kDebug)) Log(LogLevel::kDebug, event, fields);
}
inline void LogInfo(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarning(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kWarning, event, fields);
}
inline void LogError(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kError, event, fields);
}

// The text with what looks like a secret replaced: bearer tokens, signatures in URLs, keys that
// Caudal issues.
std::string MaskSecrets(std::string_view text);

}  // namespace caudal
