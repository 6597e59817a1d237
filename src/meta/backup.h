// Copies and checks of a whole database, on connections of their own.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace caudal::meta {

// See Database::BackupTo.
Result<void> CopyDatabase(const std::string& from, const std::string& to);
// See Database::CheckIntegrity.
Result<std::vector<std::string>> FindProblems(const std::string& path);

}  // namespace caudal::meta
