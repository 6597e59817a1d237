#include "events/routes.h"

#include <algorithm>

namespace caudal::events {

RouteList::RouteList(std::vector<RoutePtr> all) : all_(std::move(all)) {
  for (const RoutePtr& route : all_) {
    const std::string& bucket = route->matcher.bucket();
    (bucket.empty() ? of_any_bucket_ : of_bucket_[bucket]).push_back(route);
  }
}

void RouteList::Match(const Event& event, std::vector<RoutePtr>& matched) const {
  const auto take = [&](const std::vector<RoutePtr>& routes) {
    for (const RoutePtr& route : routes)
      if (route->matcher.Matches(event)) matched.push_back(route);
  };
  take(of_any_bucket_);
  if (of_bucket_.empty()) return;
  const auto found = of_bucket_.find(event.bucket);
  if (found != of_bucket_.end()) take(found->second);
}

bool RouteList::Has(const RoutePtr& route) const {
  return std::ranges::find(all_, route) != all_.end();
}

Routes::Routes() : current_(std::make_shared<RouteList>(std::vector<RoutePtr>())) {}

std::shared_ptr<const RouteList> Routes::Current() const {
  MutexLock lock(mutex_);
  return current_;
}

void Routes::Put(RoutePtr route) {
  MutexLock lock(mutex_);
  std::vector<RoutePtr> all = current_->all();
  const auto same = std::ranges::find_if(
      all, [&](const RoutePtr& other) { return other->subscriber == route->subscriber; });
  if (same == all.end()) {
    all.push_back(std::move(route));
  } else {
    *same = std::move(route);
  }
  current_ = std::make_shared<RouteList>(std::move(all));
}

bool Routes::Remove(const std::string& subscriber) {
  MutexLock lock(mutex_);
  std::vector<RoutePtr> all = current_->all();
  if (std::erase_if(all, [&](const RoutePtr& route) { return route->subscriber == subscriber; }) ==
      0)
    return false;
  current_ = std::make_shared<RouteList>(std::move(all));
  return true;
}

void Routes::SetSink(DeliverySink* sink) {
  MutexLock lock(sink_mutex_);
  sink_ = sink;
}

void Routes::HandOver(std::shared_ptr<const Event> event, const std::vector<RoutePtr>& matched) {
  MutexLock lock(sink_mutex_);
  if (sink_ != nullptr) sink_->OnCommitted(std::move(event), matched);
}

void Routes::NotificationRemoved(const std::string& subscriber) {
  MutexLock lock(sink_mutex_);
  if (sink_ != nullptr) sink_->OnNotificationRemoved(subscriber);
}

}  // namespace caudal::events
