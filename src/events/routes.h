// Which subscribers there are, shared by the outbox, which records a delivery for each that
// matches, and the dispatcher, which makes them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "events/event.h"
#include "events/matcher.h"

namespace caudal::events {

struct Notification;

struct Route {
  std::string subscriber;
  Matcher matcher;
  std::shared_ptr<const Notification> notification;  // null: a subscriber of the dispatcher
};
using RoutePtr = std::shared_ptr<const Route>;

// An immutable list of routes.
class RouteList {
 public:
  explicit RouteList(std::vector<RoutePtr> all);
  void Match(const Event& event, std::vector<RoutePtr>& matched) const;
  bool Has(const RoutePtr& route) const;
  const std::vector<RoutePtr>& all() const { return all_; }

 private:
  std::vector<RoutePtr> all_;
  std::vector<RoutePtr> of_any_bucket_;
  std::unordered_map<std::string, std::vector<RoutePtr>> of_bucket_;
};

// Gets deliveries as soon as they are durable. Called on the metadata writer's thread, in commit
// order, never twice at once; must be short.
class DeliverySink {
 public:
  virtual ~DeliverySink() = default;
  virtual void OnCommitted(std::shared_ptr<const Event> event,
                           const std::vector<RoutePtr>& matched) = 0;
  virtual void OnNotificationRemoved(const std::string& subscriber) = 0;
};

// Thread-safe.
class Routes {
 public:
  Routes();
  std::shared_ptr<const RouteList> Current() const EXCLUDES(mutex_);
  // Replaces the one of the same subscriber.
  void Put(RoutePtr route) EXCLUDES(mutex_);
  // False when there is none.
  bool Remove(const std::string& subscriber) EXCLUDES(mutex_);

  // Null: none. When it returns, the sink before isn't called any more.
  void SetSink(DeliverySink* sink) EXCLUDES(sink_mutex_);
  void HandOver(std::shared_ptr<const Event> event, const std::vector<RoutePtr>& matched)
      EXCLUDES(sink_mutex_);
  void NotificationRemoved(const std::string& subscriber) EXCLUDES(sink_mutex_);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const RouteList> current_ GUARDED_BY(mutex_);
  Mutex sink_mutex_;
  DeliverySink* sink_ GUARDED_BY(sink_mutex_) = nullptr;
};

}  // namespace caudal::events
