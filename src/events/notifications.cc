#include "events/notifications.h"

#include <fmt/format.h>

#include "data/json.h"

namespace caudal::events {
namespace {

// Cloud Storage's own limits.
constexpr int64_t kPerBucketMax = 100;
constexpr size_t kAttributesMax = 5;
constexpr size_t kAttributeNameBytesMax = 256;
constexpr size_t kAttributeBytesMax = 1024;

Error Wrong(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message), "notification.invalid");
}

bool IsTopicName(std::string_view topic) {
  if (!topic.starts_with("projects/")) return false;
  topic.remove_prefix(9);
  const size_t slash = topic.find('/');
  if (slash == 0 || slash == std::string_view::npos) return false;
  topic.remove_prefix(slash + 1);
  if (!topic.starts_with("topics/")) return false;
  topic.remove_prefix(7);
  return !topic.empty() && topic.find('/') == std::string_view::npos;
}

Result<Notification> NotificationFrom(const meta::Statement& row) {
  Notification n;
  n.id = std::to_string(row.Int(0));
  n.bucket = row.Text(1);
  n.topic = row.Text(2);
  const Json types = TRY(ParseJson(row.Text(3), "types of a notification"));
  for (const Json& type : types) n.types.push_back(static_cast<EventType>(type.get<int>() & 3));
  n.object_name_prefix = row.Text(4);
  const Json attributes = TRY(ParseJson(row.Text(5), "attributes of a notification"));
  for (const auto& [name, value] : attributes.items()) n.attributes[name] = value;
  n.json_payload = row.Int(6) != 0;
  return n;
}

}  // namespace

std::string SubscriberOf(const Notification& notification) {
  return fmt::format("{}{}/{}", kNotificationPrefix, notification.bucket, notification.id);
}

RoutePtr RouteOf(const Notification& notification) {
  Filter filter;
  filter.bucket = notification.bucket;
  filter.prefix = notification.object_name_prefix;
  filter.types = notification.types;
  // Without a glob nothing can be malformed.
  return std::make_shared<Route>(Route{SubscriberOf(notification), Matcher::Make(filter).value(),
                                       std::make_shared<Notification>(notification)});
}

Result<void> NormalizeNotification(Notification& n) {
  if (n.bucket.empty()) return Wrong("a notification needs a bucket");
  constexpr std::string_view kService = "//pubsub.googleapis.com/";
  if (n.topic.starts_with(kService)) n.topic.erase(0, kService.size());
  if (!IsTopicName(n.topic))
    return Wrong(fmt::format(
        "topic '{}' of a notification isn't of the form projects/PROJECT/topics/TOPIC", n.topic));
  if (n.object_name_prefix.size() > 1024)
    return Wrong("the object name prefix of a notification has more than 1024 bytes");
  if (n.attributes.size() > kAttributesMax)
    return Wrong(fmt::format("a notification has {} custom attributes; at most {} are allowed",
                             n.attributes.size(), kAttributesMax));
  for (const auto& [name, value] : n.attributes)
    if (name.empty() || name.size() > kAttributeNameBytesMax || value.size() > kAttributeBytesMax)
      return Wrong(fmt::format(
          "a custom attribute of a notification has a name of 1 to {} bytes and a value of at "
          "most {}",
          kAttributeNameBytesMax, kAttributeBytesMax));
  return {};
}

Result<Notification> InsertNotification(meta::Tx& tx, Notification n) {
  {
    meta::Statement q = TRY(tx.Prepare("SELECT count(*) FROM notifications WHERE bucket = ?"));
    q.Bind(1, n.bucket);
    TRY(q.Step());
    if (q.Int(0) >= kPerBucketMax)
      return MakeError(ErrorKind::kLimit,
                       fmt::format("bucket {} has {} notification configs, which is the most; "
                                   "delete one first",
                                   n.bucket, kPerBucketMax),
                       "notification.too_many");
  }
  Json types = Json::array();
  for (const EventType type : n.types) types.push_back(static_cast<int>(type));
  TRY(
      tx.Run("INSERT INTO notifications(bucket, topic, types, prefix, attributes, json_payload) "
             "VALUES (?, ?, ?, ?, ?, ?)",
             n.bucket, n.topic, DumpJson(types), n.object_name_prefix,
             DumpJson(Json(n.attributes.empty() ? Json::object() : Json(n.attributes))),
             n.json_payload ? 1 : 0));
  n.id = std::to_string(tx.LastInsertId());
  return n;
}

Result<std::vector<Notification>> ReadNotifications(meta::Connection& connection,
                                                    const std::string& bucket) {
  meta::Statement q = TRY(connection.Prepare(
      "SELECT number, bucket, topic, types, prefix, attributes, json_payload FROM notifications "
      "WHERE ?1 = '' OR bucket = ?1 ORDER BY number"));
  q.Bind(1, bucket);
  std::vector<Notification> found;
  while (TRY(q.Step())) found.push_back(TRY(NotificationFrom(q)));
  return found;
}

}  // namespace caudal::events
