// Keys as JSON: for the admin API, and for the command line when no server runs.
#pragma once

#include <string>

#include "auth/keys.h"
#include "data/json.h"

namespace caudal::api {

Json KeyJson(const auth::KeyInfo& key);
// KeyJson and the secret, which is shown this once.
Json IssuedKeyJson(const auth::IssuedKey& issued);
// "token", "service-account" (or service_account), "hmac".
Result<auth::KeyKind> ParseKeyKind(const std::string& text);

}  // namespace caudal::api
