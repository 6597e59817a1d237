#include "auth/key_file.h"

#include <nlohmann/json.hpp>

namespace caudal::auth {

std::string MakeKeyFile(const KeyInfo& info, std::string_view project, std::string_view private_pem,
                        std::string_view token_uri, std::string_view client_id) {
  const std::string_view suffix = "/token";
  const std::string base(token_uri.ends_with(suffix)
                             ? token_uri.substr(0, token_uri.size() - suffix.size())
                             : token_uri);
  nlohmann::ordered_json file;
  file["type"] = "service_account";
  file["project_id"] = project;
  file["private_key_id"] = info.id;
  file["private_key"] = private_pem;
  file["client_email"] = info.email;
  file["client_id"] = client_id;
  file["auth_uri"] = base + "/auth";
  file["token_uri"] = token_uri;
  file["auth_provider_x509_cert_url"] = base + "/certs";
  file["client_x509_cert_url"] = base + "/certs/" + info.email;
  file["universe_domain"] = "googleapis.com";
  return file.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace caudal::auth
