// Errors in Google's JSON form and in the XML form, with the status, reason and code that Cloud
// Storage's clients know.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace caudal::api::gcs {

struct Verdict {
  int status;
  std::string_view reason;    // JSON API: "notFound"
  std::string_view xml_code;  // XML API: "NoSuchKey"
};
Verdict VerdictOf(const Error& error);

http::Response RenderJsonError(const Error& error, const http::Request& request);
http::Response RenderXmlError(const Error& error, const http::Request& request);

// Shorthands for errors that the translation itself finds.
Error InvalidValue(std::string_view name, std::string_view expected);
Error Required(std::string_view name);
Error Unsupported(std::string message);

}  // namespace caudal::api::gcs
