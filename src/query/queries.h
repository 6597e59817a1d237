// Makes the one Queries of a server.
#pragma once

#include <chrono>
#include <memory>

#include "lake/catalog/catalog.h"
#include "lake/files/manifest_cache.h"
#include "lake/files/position_delete_cache.h"
#include "objects/store.h"
#include "query/query.h"

namespace caudal::query {

struct QueriesOptions {
  engine::EngineOptions engine;  // its workers are started with the first query
  engine::Limits limits;         // of each query; `time` is the longest a request may ask for
  std::chrono::milliseconds default_time{300'000};
  int running_max = 4;   // at once
  int waiting_max = 64;  // for a place; more are refused
  std::chrono::milliseconds wait_max{60'000};
};

// All must outlive it.
std::unique_ptr<Queries> MakeQueries(QueriesOptions options, lake::Catalog& catalog,
                                     objects::Store& store, lake::ManifestCache& manifests,
                                     lake::PositionDeleteCache& deletes);

}  // namespace caudal::query
