#include "app/cli/offline.h"

#include "app/migrations.h"
#include "os/file.h"

namespace caudal::app::cli {

Result<OfflineData> OpenOffline(const Config& config, DataFolder::Missing missing) {
  DataFolder folder = TRY(DataFolder::Open(config.data, missing));
  TRY(os::MakeDirs(folder.paths().meta()));
  meta::DatabaseOptions options;
  options.path = folder.paths().database();
  const std::vector<meta::Migration> migrations = AllMigrations();
  auto database = TRY(meta::Database::Open(options, migrations));
  return OfflineData{std::move(folder), std::move(database)};
}

bool ServerRuns(const std::string& data) {
  const DataPaths paths{data};
  if (!os::Exists(paths.lock())) return false;
  const Result<os::FileLock> lock = os::FileLock::Take(paths.lock());
  return !lock.ok() && lock.error().Is(ErrorKind::kConflict);
}

}  // namespace caudal::app::cli
