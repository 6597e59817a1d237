// Keys as rows of the metadata database. Inside auth only.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "auth/keys.h"
#include "meta/database.h"

namespace caudal::auth {

struct StoredKey {
  KeyInfo info;
  // token: SHA-256 of the token, in hex; service_account: public key, PEM; hmac: the secret.
  std::string proof;
};

std::span<const meta::Migration> KeyMigrations();
Result<std::vector<StoredKey>> ReadKeys(meta::Connection& connection);
Result<void> InsertKey(meta::Tx& tx, const StoredKey& key);
// False when there is none.
Result<bool> DeleteKey(meta::Tx& tx, const std::string& id);
// The secret that access tokens are signed with: the one kept, or `fresh`, which is kept then.
Result<std::string> KeepSigningSecret(meta::Tx& tx, const std::string& fresh);

}  // namespace caudal::auth
