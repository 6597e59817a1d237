// The tables of events, and their rows as values. Inside events only.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "events/event.h"
#include "events/outbox.h"
#include "meta/database.h"

namespace caudal::events {

std::span<const meta::Migration> EventMigrations();

// deliveries.state
enum class DeliveryState : int64_t {
  kOpen = 0,
  kDead = 1,
  // Was dead and is due again: outside the order of its object's open deliveries.
  kReplayed = 2,
};

// The columns that EventFrom reads, in its order. Those that filters ask for come first, so that
// the resource isn't read for rows that don't match.
inline constexpr const char* kEventColumns =
    "e.sequence, e.type, e.bucket, e.object, e.id, e.generation, e.metageneration, e.time, "
    "e.overwrote, e.overwritten_by, e.resource";
inline constexpr int kEventColumnCount = 11;
Event EventFrom(const meta::Statement& row, int first_column = 0);

// What deliveries are ordered by: a hash of bucket and object. Two objects that share one are
// merely delivered one after the other.
int64_t LaneOf(std::string_view bucket, std::string_view object);

}  // namespace caudal::events
