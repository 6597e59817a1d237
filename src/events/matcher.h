// A filter made ready to be asked of every event.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "data/glob.h"
#include "events/event.h"
#include "events/subscriber.h"

namespace caudal::events {

// Immutable; thread-safe.
class Matcher {
 public:
  // kInvalid when the glob is malformed.
  static Result<Matcher> Make(const Filter& filter);

  bool Matches(EventType type, std::string_view bucket, std::string_view object) const;
  bool Matches(const Event& event) const { return Matches(event.type, event.bucket, event.object); }
  const std::string& bucket() const { return bucket_; }  // empty: any

 private:
  Matcher() = default;
  std::string bucket_;
  std::string prefix_;
  std::optional<Glob> glob_;
  uint32_t types_ = 0;  // bit by enumerator
};

}  // namespace caudal::events
