#include <algorithm>
#include <set>

#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;
using events::EventType;
using events::Webhook;

constexpr auto kLive = Change::kLive;
constexpr auto kRestart = Change::kRestart;

Choice<Webhook::Form> FormChoice() {
  return {{{"cloudevent", Webhook::Form::kCloudEvent}, {"pubsub", Webhook::Form::kPubSubPush}}};
}

const std::vector<Key<RetryConfig>>& RetryKeys() {
  using C = RetryConfig;
  static const std::vector<Key<C>> keys = {
      Field("first", &C::first, Duration{1ms, 24h}, kLive,
            "Longest wait before the second attempt; it doubles from there."),
      Field("max", &C::max, Duration{1ms, 24h}, kLive, "Longest wait between two attempts."),
      Field("window", &C::window, Duration{0ms, 24h * 366}, kLive,
            "From the first attempt; after it the event becomes a dead letter."),
  };
  return keys;
}

void ValidateRetry(Reading& reading, const Node& node, RetryConfig& retry) {
  if (retry.first > retry.max)
    reading.Fail(node, "'first' can't be longer than 'max' (" + FormatDuration(retry.max) + ").");
}

// The keys of a webhook stand flat beside those of the subscriber.

template <class P, class V>
Key<SubscriberConfig> WebhookField(std::string_view name, V WebhookConfig::*member, P parser,
                                   std::string_view text, bool required = false) {
  return PartField(name, &SubscriberConfig::webhook, member, parser, kLive, text, required);
}

const std::vector<Key<SubscriberConfig>>& SubscriberKeys() {
  using C = SubscriberConfig;
  using W = WebhookConfig;
  static const std::vector<Key<C>> keys = {
      Field("name", &C::name, PlainText{}, kLive,
            "a unique name of a-z, 0-9, '.', '_', '/', '-'; deliveries are kept under it.", true),
      Field("bucket", &C::bucket, PlainText{}, kLive, "Only events of this bucket."),
      Field("prefix", &C::prefix, PlainText{}, kLive, "Only objects whose name begins so."),
      Field("glob", &C::glob, PlainText{}, kLive,
            "Only objects whose name matches: `*` within a folder, `**` across, `?`, `[…]`, "
            "`{a,b}`."),
      Field("types", &C::types, ListOf<Choice<EventType>>{EventTypeChoice()}, kLive,
            "Only these kinds of events; without it, all: finalized, deleted, archived, "
            "metadata_updated."),
      WebhookField("webhook", &W::url, Url{}, "the URL that events are posted to.", true),
      WebhookField("secret", &W::secret, Secret{},
                   "Signs each delivery (header Caudal-Signature). Better in a file or ${NAME}."),
      WebhookField("secret_file", &W::secret, SecretFile{}, "A file that holds the secret."),
      WebhookField("form", &W::form, FormChoice(),
                   "What is posted: a CloudEvent, or a Pub/Sub push message."),
      WebhookField("timeout", &W::timeout, Duration{10ms, 1h},
                   "An answer that takes longer counts as a failure."),
      Field("concurrency", &C::concurrency, Whole{1, 1000}, kLive,
            "Events in delivery at once, each of another object."),
      Field("retry", &C::retry, RetrySection(), kLive, "When failed deliveries are tried again."),
  };
  return keys;
}

void ValidateSubscriber(Reading& reading, const Node& node, SubscriberConfig& subscriber) {
  OneSecretOnly(reading, node);
  const std::string& name = subscriber.name;
  const bool fine = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '/' ||
           c == '-';
  });
  if (node.yaml.IsMap() && node.yaml["name"] && (!fine || name.empty() || name.size() > 128))
    reading.Fail({node.yaml["name"], node.path + ".name"},
                 "a name has 1 to 128 of a-z, 0-9, '.', '_', '/', '-'.");
  if (name.starts_with("function/"))
    reading.Fail({node.yaml["name"], node.path + ".name"},
                 "names that begin with 'function/' belong to functions.");
}

const std::vector<Key<WebhookConfig>>& TopicKeys() {
  using C = WebhookConfig;
  static const std::vector<Key<C>> keys = {
      Field("push", &C::url, Url{}, kLive, "the URL that messages are posted to.", true),
      Field("secret", &C::secret, Secret{}, kLive, "Signs each delivery."),
      Field("secret_file", &C::secret, SecretFile{}, kLive, "A file that holds the secret."),
      Field("form", &C::form, FormChoice(), kLive,
            "What is posted: a Pub/Sub push message, or a CloudEvent."),
      Field("timeout", &C::timeout, Duration{10ms, 1h}, kLive,
            "An answer that takes longer counts as a failure."),
  };
  return keys;
}

// Topics speak Pub/Sub unless told otherwise.
struct Topic : Section<WebhookConfig> {
  void Read(Reading& reading, const Node& node, WebhookConfig& out) const {
    out.form = Webhook::Form::kPubSubPush;
    Section::Read(reading, node, out);
    OneSecretOnly(reading, node);
  }
  void Describe(const std::string& prefix, WebhookConfig value, std::vector<KeyDoc>& docs) const {
    value.form = Webhook::Form::kPubSubPush;
    Section::Describe(prefix, value, docs);
  }
};

const std::vector<Key<EventsConfig>>& Keys() {
  using C = EventsConfig;
  static const std::vector<Key<C>> keys = {
      Field("keep", &C::keep, Duration{1h, 24h * 3660}, kRestart,
            "How long delivered events stay listed; whole hours."),
      Field("events_max", &C::events_max, Whole{1000, 1'000'000'000}, kRestart,
            "At most this many events stay listed, the newest."),
      Field("dead_letters_max", &C::dead_letters_max, Whole{1, 100'000'000}, kRestart,
            "At most this many dead letters are kept, the newest."),
      Field("subscribers", &C::subscribers,
            ListOf<Section<SubscriberConfig>>{{&SubscriberKeys, &ValidateSubscriber}}, kLive,
            "Who gets events by webhook."),
      Field("topics", &C::topics, MapOf<Topic>{{{&TopicKeys}}}, kLive,
            "Topics that notification configs of the Cloud Storage API may name."),
  };
  return keys;
}

void Validate(Reading& reading, const Node& node, EventsConfig& events) {
  std::set<std::string> names;
  for (size_t i = 0; i < events.subscribers.size(); ++i) {
    const std::string& name = events.subscribers[i].name;
    if (name.empty() || names.insert(name).second) continue;
    const std::string path = node.path + ".subscribers[" + std::to_string(i) + "].name";
    reading.Fail({node.yaml["subscribers"][i]["name"], path},
                 "another subscriber is called '" + name + "'; names must be unique.");
  }
}

}  // namespace

Choice<EventType> EventTypeChoice() {
  return {{{"finalized", EventType::kFinalized},
           {"deleted", EventType::kDeleted},
           {"archived", EventType::kArchived},
           {"metadata_updated", EventType::kMetadataUpdated}}};
}

void OneSecretOnly(Reading& reading, const Node& node) {
  if (!node.yaml.IsMap() || !node.yaml["secret"] || !node.yaml["secret_file"]) return;
  reading.Fail({node.yaml["secret_file"], node.path + ".secret_file"},
               "give either 'secret' or 'secret_file', not both.");
}

const Section<RetryConfig>& RetrySection() {
  static const Section<RetryConfig> section{&RetryKeys, &ValidateRetry};
  return section;
}

const Section<EventsConfig>& EventsSection() {
  static const Section<EventsConfig> section{&Keys, &Validate};
  return section;
}

}  // namespace caudal::app
