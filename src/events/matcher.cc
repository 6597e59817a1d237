#include "events/matcher.h"

namespace caudal::events {

Result<Matcher> Matcher::Make(const Filter& filter) {
  Matcher made;
  made.bucket_ = filter.bucket;
  made.prefix_ = filter.prefix;
  if (!filter.glob.empty()) made.glob_ = TRY(Glob::Parse(filter.glob));
  for (const EventType type : filter.types) made.types_ |= 1u << static_cast<unsigned>(type);
  if (filter.types.empty()) made.types_ = ~0u;
  return made;
}

bool Matcher::Matches(EventType type, std::string_view bucket, std::string_view object) const {
  return (types_ >> static_cast<unsigned>(type) & 1u) != 0 &&
         (bucket_.empty() || bucket_ == bucket) && object.starts_with(prefix_) &&
         (!glob_ || glob_->Matches(object));
}

bool Filter::Matches(const Event& event) const {
  const Result<Matcher> matcher = Matcher::Make(*this);
  return matcher.ok() && matcher->Matches(event);
}

}  // namespace caudal::events
