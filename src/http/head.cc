#include "http/head.h"

#include <fmt/format.h>

#include <array>

#include "base/log.h"
#include "http/ascii.h"

namespace caudal::http {
namespace {

bool IsOurs(std::string_view name) {
  for (const std::string_view ours :
       {"Content-Length", "Transfer-Encoding", "Connection", "Date", "Server"}) {
    if (EqualIgnoringCase(name, ours)) return true;
  }
  return false;
}

bool IsSafe(std::string_view text) {
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '\0') return false;
  }
  return true;
}

uint64_t LengthOf(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  if (const auto* file = std::get_if<FileBody>(&response.body)) return file->length;
  return 0;
}

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::string HttpDate(std::time_t second) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                            "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  gmtime_r(&second, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                     kMonths[static_cast<size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string_view DateCache::Now() {
  const std::time_t now = std::time(nullptr);
  if (now != second_) {
    second_ = now;
    text_ = HttpDate(now);
  }
  return text_;
}

Framing FramingOf(const Response& response, const HeadContext& context) {
  if (!MayHaveBody(response.status)) return Framing::kNone;
  if (!std::holds_alternative<StreamBody>(response.body)) return Framing::kLength;
  return context.http11 ? Framing::kChunked : Framing::kUntilClose;
}

void AppendHead(std::string& out, const Response& response, const HeadContext& context) {
  out += "HTTP/1.1 ";
  const fmt::format_int status(response.status);
  out.append(status.data(), status.size());
  out += ' ';
  out += ReasonPhrase(response.status);
  out += "\r\nServer: Caudal\r\nDate: ";
  out += context.date;
  out += "\r\n";
  std::string_view stated_length;
  for (const auto& [name, value] : response.headers) {
    if (IsOurs(name)) {
      if (EqualIgnoringCase(name, "Content-Length")) stated_length = value;
      continue;
    }
    if (!IsSafe(name) || !IsSafe(value)) {
      LogWarning("response field left out: it holds a line break", {{"status", response.status}});
      continue;
    }
    AppendField(out, name, value);
  }
  const Framing framing = FramingOf(response, context);
  if (context.head_request && !stated_length.empty() && framing != Framing::kNone) {
    AppendField(out, "Content-Length", stated_length);
  } else if (framing == Framing::kLength) {
    const fmt::format_int length(LengthOf(response));
    AppendField(out, "Content-Length", std::string_view(length.data(), length.size()));
  } else if (framing == Framing::kChunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (context.close || framing == Framing::kUntilClose) {
    out += "Connection: close\r\n";
  } else if (!context.http11) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace caudal::http
