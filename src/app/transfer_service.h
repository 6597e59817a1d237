// What loads files into tables and exports them, in this process.
#pragma once

#include <memory>

#include "app/data_folder.h"
#include "app/lake.h"
#include "base/clock.h"
#include "objects/store.h"
#include "query/query.h"
#include "transfer/export.h"
#include "transfer/loads.h"

namespace caudal::app {

// Its parts are thread-safe.
struct TransferService {
  // All references must outlive it. Starts no process yet: the first load does.
  static std::unique_ptr<TransferService> Make(const DataPaths& paths, Lake& lake,
                                               query::Queries& queries, objects::Store& store,
                                               Clock& clock);

  std::unique_ptr<transfer::Loads> loads;
  std::unique_ptr<transfer::Exporter> exporter;
};

}  // namespace caudal::app
