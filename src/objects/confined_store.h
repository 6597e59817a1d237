// The object store as one sees it who may touch some objects only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "objects/store.h"

namespace caudal::objects {

// `places`: "bucket/prefix" each. Objects whose names begin so can be read, written, deleted and
// listed (under such a prefix), and their buckets looked at. All else is kDenied
// ("object.confined"), whether it exists or not; an upload that goes on is known by its id alone.
// `store` must outlive it. Thread-safe.
std::unique_ptr<Store> ConfinedStore(Store& store, std::vector<std::string> places);

}  // namespace caudal::objects
