#include "objects/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "data/utf8.h"

namespace caudal::objects {
namespace {

constexpr std::array<std::string_view, 18> kReserved = {
    "api",     "batch",   "bigquery", "discovery", "download",  "healthz",
    "iceberg", "metrics", "projects", "readyz",    "resumable", "storage",
    "token",   "ui",      "upload",   "_caudal",   "assets",    "favicon.ico"};

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool LooksLikeIpAddress(std::string_view name) {
  int dots = 0;
  for (char c : name) {
    if (c == '.') {
      ++dots;
    } else if (c < '0' || c > '9') {
      return false;
    }
  }
  return dots == 3;
}

Error BadBucket(std::string_view name, std::string_view why) {
  return MakeError(ErrorKind::kInvalid, fmt::format("bucket name '{}' {}", name.substr(0, 80), why),
                   "bucket.name");
}

}  // namespace

Result<void> CheckBucketName(std::string_view name) {
  const bool dotted = name.find('.') != std::string_view::npos;
  if (name.size() < 3 || name.size() > (dotted ? 222u : 63u))
    return BadBucket(name, "must have 3 to 63 characters (222 with dots)");
  size_t part = 0;
  for (char c : name) {
    if (c == '.') {
      if (part == 0) return BadBucket(name, "has an empty part between dots");
      part = 0;
      continue;
    }
    if (!IsLetterOrDigit(c) && c != '-' && c != '_')
      return BadBucket(name, "may have only lower-case letters, digits, '-', '_' and '.'");
    if (++part > 63) return BadBucket(name, "has a part of more than 63 characters");
  }
  if (!IsLetterOrDigit(name.front()) || !IsLetterOrDigit(name.back()))
    return BadBucket(name, "must begin and end with a letter or digit");
  if (LooksLikeIpAddress(name)) return BadBucket(name, "looks like an IP address");
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end())
    return BadBucket(name, "is reserved: the server uses that path itself");
  return {};
}

Result<void> CheckObjectName(std::string_view name) {
  if (name.empty())
    return MakeError(ErrorKind::kInvalid, "the object name is empty", "object.name");
  if (name.size() > 1024)
    return MakeError(
        ErrorKind::kInvalid,
        fmt::format("the object name has {} bytes; at most 1024 are allowed", name.size()),
        "object.name");
  if (!IsValidUtf8(name))
    return MakeError(ErrorKind::kInvalid, "the object name isn't valid UTF-8", "object.name");
  if (name.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    return MakeError(ErrorKind::kInvalid, "the object name has a line break or a NUL",
                     "object.name");
  return {};
}

}  // namespace caudal::objects
