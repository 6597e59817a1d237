// What everything that writes tables needs.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "engine/in_process.h"
#include "lake/files/position_delete_cache.h"
#include "objects/store.h"

namespace caudal::lake {

// All references must outlive whatever holds it.
struct WriteContext {
  engine::InProcessDatabase& database;
  objects::Store& store;
  Clock& clock;
  Random& random;  // thread-safe
  PositionDeleteCache& deletes;
  std::string folder;  // for files until they are published: on the store's file system
};

}  // namespace caudal::lake
