#include "events/event.h"

#include <array>

namespace caudal::events {
namespace {

struct Names {
  std::string_view notification;
  std::string_view cloud_event;
};

// By the enumerator's value.
constexpr std::array<Names, 4> kNames = {{
    {"OBJECT_FINALIZE", "google.cloud.storage.object.v1.finalized"},
    {"OBJECT_DELETE", "google.cloud.storage.object.v1.deleted"},
    {"OBJECT_ARCHIVE", "google.cloud.storage.object.v1.archived"},
    {"OBJECT_METADATA_UPDATE", "google.cloud.storage.object.v1.metadataUpdated"},
}};

}  // namespace

std::string_view NotificationName(EventType type) {
  return kNames[static_cast<size_t>(type)].notification;
}

std::string_view CloudEventName(EventType type) {
  return kNames[static_cast<size_t>(type)].cloud_event;
}

std::optional<EventType> ParseEventType(std::string_view either_name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (either_name == kNames[i].notification || either_name == kNames[i].cloud_event)
      return static_cast<EventType>(i);
  return std::nullopt;
}

}  // namespace caudal::events
