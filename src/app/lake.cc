#include "app/lake.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace caudal::app {
namespace {

int64_t Ms(std::chrono::seconds seconds) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(seconds).count();
}

lake::WriterOptions WriterOptionsOf(const LakeConfig& config, const DataPaths& paths) {
  lake::WriterOptions options;
  options.folder = paths.table_writes();
  options.index_folder = paths.table_keys();
  options.keys_bytes_max = config.keys_memory;
  options.deletes_bytes_max = config.delete_cache;
  options.rows_bytes_max = config.transaction_memory;
  options.changes.keys_bytes_max = config.transaction_keys;
  options.changes.files.target_bytes = config.file_bytes;
  options.retention.all_ms = Ms(config.snapshots.all);
  options.retention.by_minute_ms = Ms(config.snapshots.by_minute);
  options.retention.by_hour_ms = Ms(config.snapshots.by_hour);
  return options;
}

lake::UpkeepOptions UpkeepOptionsOf(const LakeConfig& config) {
  lake::UpkeepOptions options;
  options.compaction.target_bytes = config.file_bytes;
  options.compaction.files_min = static_cast<size_t>(config.maintenance.small_files);
  options.commits_min = std::max<int64_t>(config.maintenance.small_files / 2, 1);
  options.interval = config.maintenance.interval;
  options.removal.keep = Ms(config.maintenance.keep_removed) * 1000;
  options.removal_interval = config.maintenance.removal_interval;
  return options;
}

}  // namespace

Result<std::unique_ptr<Lake>> Lake::Open(const LakeConfig& config, const DataPaths& paths,
                                         meta::Database& database, objects::Store& store,
                                         Clock& clock, Random& random) {
  auto lake = std::make_unique<Lake>();
  lake->parquet = TRY(engine::InProcessDatabase::Open({config.parquet_memory}));
  lake::CatalogOptions options;
  options.bucket = config.bucket;
  lake->catalog =
      std::make_unique<lake::Catalog>(std::move(options), database, store, clock, random);
  lake->manifests = std::make_unique<lake::ManifestCache>(store, config.manifest_cache);
  lake->writer = TRY(lake::Writer::Open(WriterOptionsOf(config, paths), *lake->catalog,
                                        *lake->manifests, store, *lake->parquet, clock, random));
  lake->upkeep = std::make_unique<lake::Upkeep>(UpkeepOptionsOf(config), *lake->writer, database);
  if (config.maintenance.enabled) lake->upkeep->Start();
  return lake;
}

}  // namespace caudal::app
