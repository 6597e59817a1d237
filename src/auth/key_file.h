// The JSON key file of a service account, in the form that Google's libraries read.
#pragma once

#include <string>
#include <string_view>

#include "auth/keys.h"

namespace caudal::auth {

std::string MakeKeyFile(const KeyInfo& info, std::string_view project, std::string_view private_pem,
                        std::string_view token_uri, std::string_view client_id);

}  // namespace caudal::auth
