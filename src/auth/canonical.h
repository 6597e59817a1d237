// The canonical form of a request that V4 signatures are made over.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/signature.h"
#include "base/result.h"

namespace caudal::auth {

std::string LowerAscii(std::string_view text);
// A malformed escape stands for itself.
std::string DecodePercent(std::string_view text);
// All but unreserved characters, and '/' where `keep_slash`.
std::string EncodePercent(std::string_view text, bool keep_slash);

// The parameters of a query, decoded, in order.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view raw_query);
// Re-encoded and sorted, without `left_out` (lower case), which carries the signature.
std::string CanonicalQuery(std::string_view raw_query, std::optional<std::string_view> left_out);
// "name:value\n" of each signed header. kDenied when one isn't in the request.
Result<std::string> CanonicalHeaders(const SignedRequest& request,
                                     const std::vector<std::string>& signed_headers);
// The forms of the path that clients sign: as sent, and re-encoded.
std::vector<std::string> CanonicalPaths(std::string_view path);

std::optional<std::string> HeaderOf(const SignedRequest& request, std::string_view lower_name);

}  // namespace caudal::auth
