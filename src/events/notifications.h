// The rows of notification configs. Inside events only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/outbox.h"
#include "events/routes.h"
#include "meta/database.h"

namespace caudal::events {

// "notification/<bucket>/<id>": the name under which its deliveries are kept.
inline constexpr std::string_view kNotificationPrefix = "notification/";
std::string SubscriberOf(const Notification& notification);
RoutePtr RouteOf(const Notification& notification);

// kInvalid with what is wrong. Brings the topic into the form "projects/p/topics/t".
Result<void> NormalizeNotification(Notification& notification);

Result<Notification> InsertNotification(meta::Tx& tx, Notification notification);
// Empty bucket: all of them.
Result<std::vector<Notification>> ReadNotifications(meta::Connection& connection,
                                                    const std::string& bucket);

}  // namespace caudal::events
