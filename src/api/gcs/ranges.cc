#include "api/gcs/ranges.h"

#include <algorithm>
#include <charconv>

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"

namespace caudal::api::gcs {
namespace {

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size() ||
      value > static_cast<uint64_t>(INT64_MAX))
    return std::nullopt;
  return value;
}

Error Unsatisfiable() {
  return MakeError(ErrorKind::kInvalid, "The requested range lies outside of the object.",
                   "range.unsatisfiable");
}

Error BadUploadRange() {
  return InvalidValue("Content-Range",
                      "bytes first-last/total, with * for what isn't known, such as bytes "
                      "0-262143/* or bytes */1000");
}

}  // namespace

Result<std::optional<ByteRange>> ParseRange(std::string_view header, uint64_t size) {
  const std::optional<ByteRange> whole;
  header = Trimmed(header);
  if (!StartsWithIgnoringCase(header, "bytes=")) return whole;
  const std::string_view range = Trimmed(header.substr(6));
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return whole;
  if (dash == 0) {
    const auto suffix = Number(range.substr(1));
    if (!suffix) return whole;
    if (*suffix == 0 || size == 0) return Unsatisfiable();
    const uint64_t length = std::min(*suffix, size);
    return std::optional<ByteRange>(ByteRange{size - length, length});
  }
  const auto first = Number(range.substr(0, dash));
  if (!first) return whole;
  uint64_t last = size == 0 ? 0 : size - 1;
  if (dash + 1 < range.size()) {
    const auto given = Number(range.substr(dash + 1));
    if (!given || *given < *first) return whole;
    last = std::min(last, *given);
  }
  if (*first >= size) return Unsatisfiable();
  return std::optional<ByteRange>(ByteRange{*first, last - *first + 1});
}

Result<UploadRange> ParseUploadRange(std::string_view header) {
  header = Trimmed(header);
  if (!StartsWithIgnoringCase(header, "bytes")) return BadUploadRange();
  header = header.substr(5);
  if (header.empty() || (header[0] != ' ' && header[0] != '=')) return BadUploadRange();
  header = Trimmed(header.substr(1));
  const size_t slash = header.find('/');
  if (slash == std::string_view::npos) return BadUploadRange();
  const std::string_view bytes = Trimmed(header.substr(0, slash));
  const std::string_view total = Trimmed(header.substr(slash + 1));
  UploadRange range;
  if (total != "*") {
    range.total = Number(total);
    if (!range.total) return BadUploadRange();
  }
  if (bytes == "*") return range;
  range.has_bytes = true;
  const size_t dash = bytes.find('-');
  if (dash == std::string_view::npos) return BadUploadRange();
  const auto first = Number(bytes.substr(0, dash));
  if (!first) return BadUploadRange();
  range.first = *first;
  if (bytes.substr(dash + 1) != "*") {
    range.last = Number(bytes.substr(dash + 1));
    if (!range.last) return BadUploadRange();
    // A client with nothing to add says "bytes 5-4/5".
    if (*range.last + 1 < range.first || (range.total && *range.last >= *range.total))
      return BadUploadRange();
  }
  return range;
}

}  // namespace caudal::api::gcs
