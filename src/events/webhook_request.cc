#include "events/webhook_request.h"

#include <fmt/format.h>

#include "data/digest.h"
#include "data/json.h"
#include "data/timestamp.h"

namespace caudal::events {
namespace {

// The value of a CloudEvents header: blanks, '"', '%' and all that isn't printable ASCII are
// percent-encoded (HTTP protocol binding 1.0.2, 3.1.3.2).
std::string HeaderValue(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

void SetCloudEvent(http::ClientRequest& request, const Event& event) {
  request.headers.Add("ce-id", event.id);
  request.headers.Add("ce-specversion", "1.0");
  request.headers.Add("ce-type", std::string(CloudEventName(event.type)));
  request.headers.Add("ce-source",
                      HeaderValue("//storage.googleapis.com/projects/_/buckets/" + event.bucket));
  request.headers.Add("ce-subject", HeaderValue("objects/" + event.object));
  request.headers.Add("ce-time", FormatRfc3339(event.time, 6));
  request.headers.Add("ce-bucket", HeaderValue(event.bucket));
  request.body = event.resource;
}

void SetPushMessage(http::ClientRequest& request, const Event& event, const WebhookTarget& target) {
  const Notification* n = target.notification.get();
  const bool with_payload = n == nullptr || n->json_payload;
  Json attributes = Json::object();
  if (n != nullptr)
    for (const auto& [name, value] : n->attributes) attributes[name] = value;
  attributes["eventType"] = NotificationName(event.type);
  attributes["bucketId"] = event.bucket;
  attributes["objectId"] = event.object;
  attributes["objectGeneration"] = std::to_string(event.generation);
  attributes["eventTime"] = FormatRfc3339(event.time, 6);
  attributes["notificationConfig"] = fmt::format("projects/_/buckets/{}/notificationConfigs/{}",
                                                 event.bucket, n != nullptr ? n->id : "0");
  attributes["payloadFormat"] = with_payload ? "JSON_API_V1" : "NONE";
  if (event.overwrote_generation)
    attributes["overwroteGeneration"] = std::to_string(*event.overwrote_generation);
  if (event.overwritten_by_generation)
    attributes["overwrittenByGeneration"] = std::to_string(*event.overwritten_by_generation);

  // Real pushes carry both spellings.
  Json message = {{"attributes", std::move(attributes)},
                  {"messageId", event.id},
                  {"message_id", event.id},
                  {"publishTime", FormatRfc3339(event.time, 3)},
                  {"publish_time", FormatRfc3339(event.time, 3)}};
  if (with_payload) message["data"] = EncodeBase64(event.resource);
  std::string subscription = "projects/_/subscriptions/" + target.subscriber;
  if (n != nullptr) {
    subscription = n->topic;
    const size_t topics = subscription.find("/topics/");
    if (topics != std::string::npos) subscription.replace(topics, 8, "/subscriptions/");
  }
  request.body =
      DumpJson({{"message", std::move(message)}, {"subscription", std::move(subscription)}});
}

}  // namespace

http::ClientRequest MakeWebhookRequest(const Event& event, const WebhookTarget& target, int attempt,
                                       Micros now) {
  http::ClientRequest request;
  request.method = http::Method::kPost;
  request.url = target.webhook.url;
  request.timeout = target.webhook.timeout;
  request.response_bytes_max = 1u << 20;
  request.headers.Add("Content-Type", "application/json");
  request.headers.Add("Caudal-Attempt", std::to_string(attempt));
  if (target.webhook.form == Webhook::Form::kCloudEvent) {
    SetCloudEvent(request, event);
  } else {
    SetPushMessage(request, event, target);
  }
  if (!target.webhook.secret.empty()) {
    const std::string seconds = std::to_string(now / 1'000'000);
    request.headers.Add(
        "Caudal-Signature",
        fmt::format("t={},v1={}", seconds,
                    EncodeHex(HmacSha256(target.webhook.secret, seconds + "." + request.body))));
  }
  return request;
}

}  // namespace caudal::events
