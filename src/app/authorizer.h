// The one function that every route passes: who asks, and may they.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "auth/keys.h"
#include "base/clock.h"
#include "http/router.h"

namespace caudal::app {

struct AuthorizerOptions {
  bool required = true;     // anonymous requests are refused
  bool loopback = false;    // the server listens on loopback
  std::string admin_token;  // of run/server.json
  // The function whose process sent the request, if one did: it needs no key. Asked about requests
  // without credentials, where they are required. Null: there are none.
  std::function<std::optional<std::string>(const http::Request&)> function_of;
};

// Checked in this order: a V4 signature (it must verify, in every mode), a bearer token (one of
// ours must verify, in every mode; a foreign one counts as none), a function's process that
// connects directly, then nobody. Actions that begin with "public." are open to all; "metrics.read"
// is open on loopback to whoever connects directly. `keys` and `clock` must outlive it.
http::Authorizer MakeAuthorizer(AuthorizerOptions options, auth::KeyStore& keys,
                                const Clock& clock);

}  // namespace caudal::app
