// Events as HTTP requests: binary-mode CloudEvents and Pub/Sub push messages.
#pragma once

#include <string>

#include "base/clock.h"
#include "events/event.h"
#include "events/outbox.h"
#include "events/subscriber.h"
#include "http/client.h"

namespace caudal::events {

struct WebhookTarget {
  Webhook webhook;
  std::string subscriber;
  std::shared_ptr<const Notification> notification;  // null: not one
};

// `attempt` counts from 1. Signed with the target's secret, if it has one.
http::ClientRequest MakeWebhookRequest(const Event& event, const WebhookTarget& target, int attempt,
                                       Micros now);

}  // namespace caudal::events
