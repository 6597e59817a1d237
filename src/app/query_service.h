// What answers queries in this process.
#pragma once

#include <memory>

#include "api/admin/running_queries.h"
#include "app/config/config.h"
#include "app/data_folder.h"
#include "app/lake.h"
#include "base/clock.h"
#include "base/random.h"
#include "query/queries.h"

namespace caudal::app {

// Its parts are in the order of their making, and thread-safe.
struct QueryService {
  // All references must outlive it. Starts no process yet: the first query does.
  static Result<std::unique_ptr<QueryService>> Open(const QueryConfig& config,
                                                    const DataPaths& paths, Lake& lake,
                                                    objects::Store& store, Clock& clock,
                                                    Random& random);

  std::unique_ptr<query::Queries> queries;
  std::unique_ptr<api::RunningQueries> running;
};

}  // namespace caudal::app
