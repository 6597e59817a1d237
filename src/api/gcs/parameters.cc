#include "api/gcs/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "api/gcs/errors.h"

namespace caudal::api::gcs {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return EqualsIgnoringCase(text.substr(0, prefix.size()), prefix);
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Result<int64_t> ParseInteger(std::string_view text, std::string_view name, int64_t min,
                             int64_t max) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size() || value < min ||
      value > max)
    return InvalidValue(name, fmt::format("an integer from {} to {}", min, max));
  return value;
}

std::string TextParameter(const http::Request& request, std::string_view name) {
  return std::string(request.query.Get(name).value_or(std::string_view()));
}

Result<bool> BoolParameter(const http::Request& request, std::string_view name) {
  const std::string_view text = request.query.Get(name).value_or("");
  if (text.empty() || EqualsIgnoringCase(text, "false") || text == "0") return false;
  if (EqualsIgnoringCase(text, "true") || text == "1") return true;
  return InvalidValue(name, "true or false");
}

Result<std::optional<int64_t>> IntegerParameter(const http::Request& request, std::string_view name,
                                                int64_t min, int64_t max) {
  const auto text = request.query.Get(name);
  if (!text) return std::optional<int64_t>();
  return std::optional<int64_t>(TRY(ParseInteger(*text, name, min, max)));
}

Result<int> PageSize(const http::Request& request, std::string_view name, int fallback) {
  const std::optional<int64_t> asked = TRY(IntegerParameter(request, name));
  if (!asked || *asked == 0) return fallback;
  return static_cast<int>(std::min<int64_t>(*asked, fallback));
}

Result<void> CheckAcl(std::string_view predefined) {
  constexpr std::array<std::string_view, 11> kHarmless = {"",
                                                          "private",
                                                          "projectPrivate",
                                                          "project-private",
                                                          "bucketOwnerRead",
                                                          "bucketOwnerFullControl",
                                                          "bucket-owner-read",
                                                          "bucket-owner-full-control",
                                                          "aws-exec-read",
                                                          "noAcl",
                                                          "log-delivery-write"};
  if (std::find(kHarmless.begin(), kHarmless.end(), predefined) != kHarmless.end()) return {};
  return Unsupported(fmt::format(
      "The predefined ACL '{}' isn't supported: access is uniform, by keys and tokens; leave it "
      "out.",
      predefined.substr(0, 64)));
}

Result<void> CheckAclParameters(const http::Request& request) {
  for (const char* name :
       {"predefinedAcl", "destinationPredefinedAcl", "predefinedDefaultObjectAcl"})
    TRY(CheckAcl(request.query.Get(name).value_or("")));
  return {};
}

}  // namespace caudal::api::gcs
