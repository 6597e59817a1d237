#include "app/subscribers.h"

#include <algorithm>

namespace caudal::app {
namespace {

events::Webhook WebhookOf(const WebhookConfig& config) {
  events::Webhook webhook;
  webhook.url = config.url;
  webhook.secret = config.secret;
  webhook.form = config.form;
  webhook.timeout = config.timeout;
  return webhook;
}

events::Subscriber SubscriberOf(const SubscriberConfig& config) {
  events::Subscriber subscriber;
  subscriber.name = config.name;
  subscriber.filter = {config.bucket, config.prefix, config.glob, config.types};
  subscriber.target = WebhookOf(config.webhook);
  subscriber.retry = {config.retry.first, config.retry.max, config.retry.window};
  subscriber.concurrency = config.concurrency;
  return subscriber;
}

}  // namespace

std::vector<events::Subscriber> SubscribersOf(const EventsConfig& config) {
  std::vector<events::Subscriber> subscribers;
  for (const SubscriberConfig& subscriber : config.subscribers)
    subscribers.push_back(SubscriberOf(subscriber));
  return subscribers;
}

std::map<std::string, events::Webhook> TopicsOf(const EventsConfig& config) {
  std::map<std::string, events::Webhook> topics;
  for (const auto& [name, webhook] : config.topics) topics.emplace(name, WebhookOf(webhook));
  return topics;
}

Result<void> ReplaceSubscribers(events::Dispatcher& dispatcher, const EventsConfig& before,
                                const EventsConfig& after) {
  for (const SubscriberConfig& old : before.subscribers) {
    const bool stays = std::any_of(after.subscribers.begin(), after.subscribers.end(),
                                   [&](const SubscriberConfig& s) { return s.name == old.name; });
    if (!stays) TRY(dispatcher.Replace(old.name, std::nullopt));
  }
  for (events::Subscriber& subscriber : SubscribersOf(after)) {
    const std::string name = subscriber.name;
    TRY(dispatcher.Replace(name, std::move(subscriber)));
  }
  dispatcher.SetTopics(TopicsOf(after));
  return {};
}

}  // namespace caudal::app
