// What the server derives from a request's head. Internal to http.
#pragma once

#include "base/result.h"
#include "http/message.h"
#include "http/server.h"

namespace caudal::http {

// Splits request.target into path and query, in origin form ("/a?b"), absolute form
// ("http://host/a?b", whose host replaces the Host field, as RFC 9112 §3.2.2 asks) or "*".
Result<void> ReadTarget(Request& request);

// Whether `text` can be a host with an optional port.
bool IsAuthority(std::string_view text);

// Fills request.base_url from Host, and from X-Forwarded-* when the options trust them.
void SetBaseUrl(Request& request, const ServerOptions& options, uint16_t port);

}  // namespace caudal::http
