#include "auth/key_rows.h"

#include <array>

namespace caudal::auth {
namespace {

constexpr std::array<meta::Migration, 1> kMigrations = {{{"auth", 1, R"sql(
CREATE TABLE auth_keys(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  email TEXT UNIQUE,
  created INTEGER NOT NULL,
  expires INTEGER,
  proof TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE auth_secrets(
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql"}}};

}  // namespace

std::span<const meta::Migration> KeyMigrations() { return kMigrations; }

Result<std::vector<StoredKey>> ReadKeys(meta::Connection& connection) {
  meta::Statement q = TRY(connection.Prepare(
      "SELECT id, name, kind, email, created, expires, proof FROM auth_keys ORDER BY created, id"));
  std::vector<StoredKey> keys;
  while (TRY(q.Step())) {
    StoredKey key;
    key.info.id = q.Text(0);
    key.info.name = q.Text(1);
    key.info.kind = static_cast<KeyKind>(q.Int(2));
    key.info.email = q.IsNull(3) ? "" : q.Text(3);
    key.info.created = q.Int(4);
    if (!q.IsNull(5)) key.info.expires = q.Int(5);
    key.proof = q.Text(6);
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<void> InsertKey(meta::Tx& tx, const StoredKey& key) {
  const std::optional<std::string> email =
      key.info.email.empty() ? std::nullopt : std::optional(key.info.email);
  TRY(
      tx.Run("INSERT INTO auth_keys(id, name, kind, email, created, expires, proof) "
             "VALUES (?, ?, ?, ?, ?, ?, ?)",
             key.info.id, key.info.name, static_cast<int>(key.info.kind), email, key.info.created,
             key.info.expires, key.proof));
  return {};
}

Result<bool> DeleteKey(meta::Tx& tx, const std::string& id) {
  return TRY(tx.Run("DELETE FROM auth_keys WHERE id = ?", id)) > 0;
}

Result<std::string> KeepSigningSecret(meta::Tx& tx, const std::string& fresh) {
  TRY(tx.Run("INSERT OR IGNORE INTO auth_secrets(name, value) VALUES ('access_token', ?)", fresh));
  meta::Statement q = TRY(tx.Prepare("SELECT value FROM auth_secrets WHERE name = 'access_token'"));
  TRY(q.Step());
  return std::string(q.Text(0));
}

}  // namespace caudal::auth
