#include <array>

#include "http/message.h"

namespace caudal::http {
namespace {

struct CodeStatus {
  std::string_view code;
  int status;
};

// Errors of this module that HTTP has a status of its own for.
constexpr std::array<CodeStatus, 5> kCodes = {{
    {"http.body_too_large", 413},
    {"http.body_timeout", 408},
    {"http.header_timeout", 408},
    {"http.header_too_large", 431},
    {"http.method_not_allowed", 405},
}};

}  // namespace

int StatusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kAlreadyExists:
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kPrecondition:
      return 412;
    case ErrorKind::kUnauthenticated:
      return 401;
    case ErrorKind::kDenied:
      return 403;
    case ErrorKind::kUnsupported:
      return 501;
    case ErrorKind::kLimit:
      return 429;
    case ErrorKind::kDiskFull:
      return 507;
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kTimeout:
      return 504;
    case ErrorKind::kCancelled:
      return 499;
    case ErrorKind::kCorrupt:
    case ErrorKind::kUnknownOutcome:
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

int StatusOf(const Error& error) {
  for (const CodeStatus& row : kCodes) {
    if (row.code == error.code) return row.status;
  }
  return StatusOf(error.kind);
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";  // in Cloud Storage's resumable uploads: Resume Incomplete
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

}  // namespace caudal::http
