#include "functions/sql/messages.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace caudal::functions {
namespace {

constexpr size_t kMessageBytesMax = 4000;

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The number after `label`.
std::optional<int64_t> NumberAfter(std::string_view text, std::string_view label) {
  const size_t at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  const char* first = text.data() + at + label.size();
  const auto parsed = std::from_chars(first, text.data() + text.size(), number);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

std::string Cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

// What is wrong with the line, without it: it may be as long as the file.
std::string CauseIn(std::string_view message) {
  const std::optional<int64_t> expected = NumberAfter(message, "Expected Number of Columns: ");
  const std::optional<int64_t> found = NumberAfter(message, " Found: ");
  if (expected && found)
    return *found == 1 ? fmt::format("there is 1 column instead of {}", *expected)
                       : fmt::format("there are {} columns instead of {}", *found, *expected);
  if (Has(message, "Invalid unicode")) return "it isn't UTF-8; CSV files must be UTF-8";
  if (const auto bytes = NumberAfter(message, "Maximum line size of "))
    return fmt::format(
        "it is longer than {} bytes, the limit; raise 'line_max' if such lines are "
        "meant",
        *bytes);
  if (Has(message, "unterminated quote"))
    return "a quoted value doesn't end, or goes on after its quote";
  return "it can't be read as CSV";
}

// "file 'in/1'" is of no use to those who sent it: what the file is stands before the message.
std::string WithoutPath(std::string message) {
  for (const std::string_view start : {"file 'in/", "file \"in/", "File 'in/"}) {
    const size_t at = message.find(start);
    if (at == std::string::npos) continue;
    const size_t end = message.find(start[5], at + start.size());
    if (end == std::string::npos) continue;
    const bool verbless = message.compare(end + 1, 10, " too small") == 0;
    message.replace(at, end + 1 - at, verbless ? "the file is" : "the file");
  }
  return message;
}

}  // namespace

bool IsAboutLineEnds(std::string_view message) {
  return Has(message, "The CSV Parser state machine reached an invalid state");
}

std::string CsvMessage(std::string_view message) {
  if (const auto line = NumberAfter(message, "CSV Error on Line: "))
    return fmt::format("line {}: {}", *line, CauseIn(message));
  if (IsAboutLineEnds(message))
    return "it isn't CSV as RFC 4180 has it: somewhere a quote or a line end stands within a value "
           "that isn't quoted";
  if (Has(message, "Maximum line size of ") || Has(message, "Invalid unicode"))
    return CauseIn(message);
  return ShortMessage(message);
}

std::string ShortMessage(std::string_view message) {
  std::string_view first = message.substr(0, message.find('\n'));
  const size_t kind = first.find(" Error: ");
  if (kind != std::string_view::npos && kind < 40) first.remove_prefix(kind + 8);
  return WithoutPath(Cut(first, 500));
}

Error InSql(Error error, std::string_view what) {
  if (error.code == "engine.time") {
    error.message = "it took longer than the function's 'timeout'";
  } else {
    error.message = Cut(error.message, kMessageBytesMax);
  }
  return std::move(error).Within(what);
}

}  // namespace caudal::functions
