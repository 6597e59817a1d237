// The schema versions of the modules that share the database. Table caudal_migrations(module,
// version, applied_at) holds a row for each migration that was applied.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "meta/database.h"

namespace caudal::meta {

class OpenConnection;

// 'Caud', in the file's header.
inline constexpr int64_t kApplicationId = 0x43617564;

// kInvalid when the file belongs to another program. Changes nothing.
Result<void> CheckOwner(OpenConnection& connection);
// Applies what is missing in one transaction; see Database::Open. Returns the versions as text.
Result<std::string> ApplyMigrations(OpenConnection& connection,
                                    std::span<const Migration> migrations);

}  // namespace caudal::meta
