// What happened to an object, as the outbox keeps it and subscribers get it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace caudal::events {

enum class EventType : uint8_t {
  kFinalized = 0,
  kDeleted = 1,
  kArchived = 2,
  kMetadataUpdated = 3
};

// "OBJECT_FINALIZE"… (Cloud Storage notifications)
std::string_view NotificationName(EventType type);
// "google.cloud.storage.object.v1.finalized"… (CloudEvents)
std::string_view CloudEventName(EventType type);
std::optional<EventType> ParseEventType(std::string_view either_name);

struct Event {
  int64_t sequence = 0;  // order of commits; assigned by the outbox
  // The same across retries, so that consumers can deduplicate: a hash of bucket, object,
  // generation, metageneration and type. Assigned by the outbox.
  std::string id;
  EventType type = EventType::kFinalized;
  std::string bucket;
  std::string object;
  int64_t generation = 0;
  int64_t metageneration = 0;
  Micros time = 0;
  std::string resource;                         // the object's JSON resource, as of the event
  std::optional<int64_t> overwrote_generation;  // finalized: of the one it replaced
  std::optional<int64_t>
      overwritten_by_generation;  // deleted, archived: of the one that replaced it
};

}  // namespace caudal::events
