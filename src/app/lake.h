// The lake of this process: catalogue, manifests, what writes tables and what maintains them.
#pragma once

#include <memory>

#include "app/config/config.h"
#include "app/data_folder.h"
#include "base/clock.h"
#include "base/random.h"
#include "engine/in_process.h"
#include "lake/catalog/catalog.h"
#include "lake/files/manifest_cache.h"
#include "lake/upkeep/upkeep.h"
#include "lake/write/writer.h"

namespace caudal::app {

// Members are in the order of their making: each refers only to those above it. Thread-safe parts.
struct Lake {
  // All references must outlive it.
  static Result<std::unique_ptr<Lake>> Open(const LakeConfig& config, const DataPaths& paths,
                                            meta::Database& database, objects::Store& store,
                                            Clock& clock, Random& random);

  std::unique_ptr<engine::InProcessDatabase> parquet;
  std::unique_ptr<lake::Catalog> catalog;
  std::unique_ptr<lake::ManifestCache> manifests;
  std::unique_ptr<lake::Writer> writer;
  std::unique_ptr<lake::Upkeep> upkeep;  // runs, where the configuration has it so
};

}  // namespace caudal::app
