#include "events/subscriber.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/notifications.h"

namespace caudal::events {

Result<void> CheckSubscriber(const Subscriber& s) {
  const auto wrong = [&](std::string_view cause) {
    return MakeError(ErrorKind::kInvalid, fmt::format("subscriber '{}': {}", s.name, cause));
  };
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '/' ||
           c == '-';
  };
  if (s.name.empty() || s.name.size() > 200 || !std::ranges::all_of(s.name, allowed))
    return wrong("its name must be 1 to 200 of a-z, 0-9, '.', '_', '/' and '-'");
  if (s.name.starts_with(kNotificationPrefix))
    return wrong("names that start with 'notification/' belong to notification configs");
  if (s.concurrency < 1 || s.concurrency > 1000) return wrong("its concurrency must be 1 to 1000");
  if (s.retry.first.count() < 1 || s.retry.max < s.retry.first || s.retry.window.count() < 0)
    return wrong("its retries need 0 < first <= max, and a window that isn't negative");
  if (const auto* callback = std::get_if<Callback>(&s.target)) {
    if (!*callback) return wrong("it has no target");
  } else {
    const std::string& url = std::get<Webhook>(s.target).url;
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      return wrong("the URL of its webhook must start with http:// or https://");
  }
  return {};
}

}  // namespace caudal::events
