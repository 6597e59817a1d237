#include "objects/counters.h"

namespace caudal::objects {

Result<std::optional<int64_t>> ReadCounter(meta::Connection& connection, std::string_view name) {
  meta::Statement row = TRY(connection.Prepare("SELECT value FROM object_counters WHERE name = ?"));
  row.Bind(1, name);
  if (!TRY(row.Step())) return std::optional<int64_t>();
  return std::optional<int64_t>(row.Int(0));
}

Result<void> WriteCounter(meta::Tx& tx, std::string_view name, int64_t value) {
  TRY(
      tx.Run("INSERT INTO object_counters(name, value) VALUES(?, ?) "
             "ON CONFLICT(name) DO UPDATE SET value = excluded.value",
             name, value));
  return {};
}

}  // namespace caudal::objects
