// The head of a response as bytes. Internal to http.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "http/message.h"

namespace caudal::http {

// "Mon, 23 Nov 2026 20:00:56 GMT", made once a second. Not thread-safe.
class DateCache {
 public:
  std::string_view Now();

 private:
  std::time_t second_ = -1;
  std::string text_;
};

std::string HttpDate(std::time_t second);

struct HeadContext {
  bool http11 = true;
  bool close = false;
  bool head_request = false;
  std::string_view date;
};

// How the end of the body is told.
enum class Framing : uint8_t { kNone, kLength, kChunked, kUntilClose };

// Which body follows. A stream to an HTTP/1.0 client ends with the connection.
Framing FramingOf(const Response& response, const HeadContext& context);

// Appends status line, fields and the empty line. The handler's own Content-Length counts only in
// answers to HEAD; fields that would break the message (a line feed in a value) are left out.
void AppendHead(std::string& out, const Response& response, const HeadContext& context);

}  // namespace caudal::http
