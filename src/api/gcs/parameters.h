// Typed reading of query parameters and headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace caudal::api::gcs {

// Whole text as a decimal integer in range; `name` goes into the error.
Result<int64_t> ParseInteger(std::string_view text, std::string_view name, int64_t min = 0,
                             int64_t max = INT64_MAX);

std::string TextParameter(const http::Request& request, std::string_view name);
// "true"/"false" in any case: Python's client sends "True". Absent or empty is false.
Result<bool> BoolParameter(const http::Request& request, std::string_view name);
Result<std::optional<int64_t>> IntegerParameter(const http::Request& request, std::string_view name,
                                                int64_t min = 0, int64_t max = INT64_MAX);

// maxResults: absent or 0 gives `fallback`, larger ones are cut to it.
Result<int> PageSize(const http::Request& request, std::string_view name, int fallback);

// There are no ACLs: predefined ones that open nothing to others pass, others are kUnsupported.
Result<void> CheckAcl(std::string_view predefined);
Result<void> CheckAclParameters(const http::Request& request);

bool EqualsIgnoringCase(std::string_view a, std::string_view b);
bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix);
std::string_view Trimmed(std::string_view text);

}  // namespace caudal::api::gcs
