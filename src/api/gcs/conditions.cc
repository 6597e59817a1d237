#include "api/gcs/conditions.h"

#include <array>
#include <charconv>
#include <chrono>

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"
#include "data/digest.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

constexpr Micros kSecond = 1'000'000;

Result<std::optional<int64_t>> Condition(const http::Request& request, const char* parameter,
                                         const char* header) {
  if (const auto text = request.query.Get(parameter)) {
    return std::optional<int64_t>(TRY(ParseInteger(*text, parameter)));
  }
  if (const auto text = request.headers.Get(header))
    return std::optional<int64_t>(TRY(ParseInteger(*text, header)));
  return std::optional<int64_t>();
}

std::string_view Unquoted(std::string_view etag) {
  etag = Trimmed(etag);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return etag;
}

bool Names(std::string_view etag, const objects::Object& object) {
  etag = Unquoted(etag);
  return etag == "*" || etag == objects::EtagOf(object) || etag == XmlEtagOf(object);
}

bool ListNames(std::string_view list, const objects::Object& object) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (Names(list.substr(0, comma), object)) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

int TwoDigits(std::string_view text) {
  if (text.size() < 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
    return -1;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

// "Sun, 06 Nov 1994 08:49:37 GMT"; other forms give nothing, and the condition is ignored.
std::optional<Micros> ParseHttpDate(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  unsigned month = 0;
  while (month < 12 && kMonths[month] != text.substr(8, 3)) ++month;
  const int day = TwoDigits(text.substr(5));
  const int century = TwoDigits(text.substr(12));
  const int year = TwoDigits(text.substr(14));
  const int hour = TwoDigits(text.substr(17));
  const int minute = TwoDigits(text.substr(20));
  const int second = TwoDigits(text.substr(23));
  if (month == 12 || day < 1 || century < 0 || year < 0 || hour < 0 || minute < 0 || second < 0)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                         std::chrono::month(month + 1),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (days * 86400 + hour * 3600 + minute * 60 + second) * kSecond;
}

Error NotMet(std::string_view which) {
  return MakeError(
      ErrorKind::kPrecondition,
      "At least one of the pre-conditions you specified did not hold: " + std::string(which) + ".",
      "condition_not_met");
}

Error NotModified() { return MakeError(ErrorKind::kPrecondition, "Not modified.", "not_modified"); }

std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::pair<int64_t, int64_t>> ParseEtag(std::string_view etag) {
  const Result<std::string> decoded = DecodeBase64(Unquoted(etag));
  if (!decoded.ok()) return std::nullopt;
  std::string_view bytes = *decoded;
  if (!bytes.starts_with('\x08')) return std::nullopt;
  bytes.remove_prefix(1);
  const auto generation = TakeVarint(bytes);
  if (!generation || !bytes.starts_with('\x10')) return std::nullopt;
  bytes.remove_prefix(1);
  const auto metageneration = TakeVarint(bytes);
  if (!metageneration || !bytes.empty()) return std::nullopt;
  return std::pair(static_cast<int64_t>(*generation), static_cast<int64_t>(*metageneration));
}

std::string XmlEtagOf(const objects::Object& object) {
  if (!object.md5) return objects::EtagOf(object);
  return EncodeHex({object.md5->data(), object.md5->size()});
}

Result<objects::Preconditions> PreconditionsOf(const http::Request& request) {
  objects::Preconditions c;
  c.generation_match = TRY(Condition(request, "ifGenerationMatch", "x-goog-if-generation-match"));
  c.generation_not_match =
      TRY(Condition(request, "ifGenerationNotMatch", "x-goog-if-generation-not-match"));
  c.metageneration_match =
      TRY(Condition(request, "ifMetagenerationMatch", "x-goog-if-metageneration-match"));
  c.metageneration_not_match =
      TRY(Condition(request, "ifMetagenerationNotMatch", "x-goog-if-metageneration-not-match"));
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (const auto etag = request.headers.Get("If-Match"); etag && !reads) {
    if (const auto parsed = ParseEtag(*etag)) {
      if (!c.generation_match) c.generation_match = parsed->first;
      if (!c.metageneration_match) c.metageneration_match = parsed->second;
    }
  }
  return c;
}

Result<objects::Preconditions> SourcePreconditionsOf(const http::Request& request) {
  objects::Preconditions c;
  c.generation_match =
      TRY(Condition(request, "ifSourceGenerationMatch", "x-goog-copy-source-if-generation-match"));
  c.generation_not_match = TRY(Condition(request, "ifSourceGenerationNotMatch",
                                         "x-goog-copy-source-if-generation-not-match"));
  c.metageneration_match = TRY(Condition(request, "ifSourceMetagenerationMatch",
                                         "x-goog-copy-source-if-metageneration-match"));
  c.metageneration_not_match = TRY(Condition(request, "ifSourceMetagenerationNotMatch",
                                             "x-goog-copy-source-if-metageneration-not-match"));
  return c;
}

Result<objects::Preconditions> BucketPreconditionsOf(const http::Request& request) {
  objects::Preconditions c;
  c.metageneration_match =
      TRY(Condition(request, "ifMetagenerationMatch", "x-goog-if-metageneration-match"));
  c.metageneration_not_match =
      TRY(Condition(request, "ifMetagenerationNotMatch", "x-goog-if-metageneration-not-match"));
  return c;
}

Result<void> CheckReadConditions(const http::Request& request, const objects::Object& object) {
  const Micros modified = object.updated - object.updated % kSecond;
  if (const auto match = request.headers.Get("If-Match")) {
    if (!ListNames(*match, object)) return NotMet("If-Match");
  } else if (const auto since = request.headers.Get("If-Unmodified-Since")) {
    if (const auto time = ParseHttpDate(*since); time && modified > *time)
      return NotMet("If-Unmodified-Since");
  }
  if (const auto none = request.headers.Get("If-None-Match")) {
    if (ListNames(*none, object)) return NotModified();
  } else if (const auto since = request.headers.Get("If-Modified-Since")) {
    if (const auto time = ParseHttpDate(*since); time && modified <= *time) return NotModified();
  }
  return {};
}

bool IfRangeHolds(const http::Request& request, const objects::Object& object) {
  const auto condition = request.headers.Get("If-Range");
  if (!condition) return true;
  if (const auto time = ParseHttpDate(*condition))
    return object.updated - object.updated % kSecond == *time;
  return Names(*condition, object);
}

}  // namespace caudal::api::gcs
