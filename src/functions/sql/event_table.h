// The event as a table for SQL.
#pragma once

#include <string>

#include "engine/engine.h"
#include "events/event.h"

namespace caudal::functions {

inline constexpr const char* kEventTable = "event";

std::string UriOf(const events::Event& event);  // "gs://bucket/object"

// Makes a table `event` of one row: id, type ("OBJECT_FINALIZE"…), bucket, name, uri, generation,
// metageneration, time (UTC), size and content_type. All values are bound, none is spliced.
engine::Statement EventTable(const events::Event& event);

}  // namespace caudal::functions
