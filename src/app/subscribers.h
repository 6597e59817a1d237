// Subscribers and topics of the configuration, as events wants them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "events/dispatcher.h"
#include "events/subscriber.h"

namespace caudal::app {

std::vector<events::Subscriber> SubscribersOf(const EventsConfig& config);
std::map<std::string, events::Webhook> TopicsOf(const EventsConfig& config);

// Makes a running dispatcher's subscribers and topics those of `after`.
Result<void> ReplaceSubscribers(events::Dispatcher& dispatcher, const EventsConfig& before,
                                const EventsConfig& after);

}  // namespace caudal::app
