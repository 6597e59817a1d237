#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/json_body.h"
#include "api/gcs/parameters.h"

namespace caudal::api::gcs {
namespace {

constexpr std::string_view kTopicHost = "//pubsub.googleapis.com/";
constexpr size_t kAttributesMax = 5;
constexpr size_t kTextBytesMax = 1024;

Json Resource(const events::Notification& n, const Request& request) {
  Json json = {{"kind", "storage#notification"},
               {"id", n.id},
               {"topic", std::string(kTopicHost) + n.topic},
               {"payload_format", n.json_payload ? "JSON_API_V1" : "NONE"},
               {"etag", n.id},
               {"selfLink",
                request.base_url + "/storage/v1/b/" + n.bucket + "/notificationConfigs/" + n.id}};
  if (!n.types.empty()) {
    Json types = Json::array();
    for (const events::EventType type : n.types)
      types.push_back(std::string(events::NotificationName(type)));
    json["event_types"] = std::move(types);
  }
  if (!n.object_name_prefix.empty()) json["object_name_prefix"] = n.object_name_prefix;
  if (!n.attributes.empty()) json["custom_attributes"] = n.attributes;
  return json;
}

Result<std::string> Text(const Json& json, const char* key) {
  const auto member = json.find(key);
  if (member == json.end() || member->is_null()) return std::string();
  if (!member->is_string() || member->get_ref<const std::string&>().size() > kTextBytesMax)
    return InvalidValue(key, "a string of at most 1024 bytes");
  return member->get<std::string>();
}

Result<std::string> TopicOf(const Context& context, const Json& json) {
  std::string topic = TRY(Text(json, "topic"));
  if (topic.empty()) return Required("topic");
  if (topic.starts_with(kTopicHost)) topic.erase(0, kTopicHost.size());
  if (topic.starts_with('/') || topic.find_first_of("\r\n\t ") != std::string::npos)
    return InvalidValue("topic", "//pubsub.googleapis.com/projects/<project>/topics/<topic>");
  if (!context.deps.has_topic || !context.deps.has_topic(topic))
    return MakeError(ErrorKind::kInvalid,
                     "Topic '" + topic +
                         "' isn't known: add it, with its push endpoint, to the configuration's "
                         "topics.",
                     "field.invalid");
  return topic;
}

}  // namespace

Result<Response> InsertNotification(const Context& context, Request& request) {
  const Json json = TRY(ReadJsonObject(context, request));
  events::Notification n;
  n.bucket = request.Path("bucket");
  TRY(context.store().GetBucket(n.bucket));
  n.topic = TRY(TopicOf(context, json));
  n.object_name_prefix = TRY(Text(json, "object_name_prefix"));
  const std::string format = TRY(Text(json, "payload_format"));
  if (!format.empty() && format != "JSON_API_V1" && format != "NONE")
    return InvalidValue("payload_format", "JSON_API_V1 or NONE");
  n.json_payload = format != "NONE";
  if (const auto types = json.find("event_types"); types != json.end() && !types->is_null()) {
    if (!types->is_array()) return InvalidValue("event_types", "a list");
    for (const Json& type : *types) {
      const auto parsed = type.is_string()
                              ? events::ParseEventType(type.get_ref<const std::string&>())
                              : std::nullopt;
      if (!parsed)
        return InvalidValue("event_types",
                            "OBJECT_FINALIZE, OBJECT_METADATA_UPDATE, OBJECT_DELETE or "
                            "OBJECT_ARCHIVE");
      n.types.push_back(*parsed);
    }
  }
  if (const auto attributes = json.find("custom_attributes");
      attributes != json.end() && !attributes->is_null()) {
    if (!attributes->is_object() || attributes->size() > kAttributesMax)
      return InvalidValue("custom_attributes", "at most 5 strings by name");
    for (const auto& [key, value] : attributes->items())
      n.attributes[key] = TRY(Text(*attributes, key.c_str()));
  }
  const events::Notification created = TRY(context.deps.outbox.CreateNotification(n));
  return Answer(request, Resource(created, request));
}

Result<Response> ListNotifications(const Context& context, Request& request) {
  const std::string& bucket = request.Path("bucket");
  TRY(context.store().GetBucket(bucket));
  Json json = {{"kind", "storage#notifications"}};
  Json items = Json::array();
  const std::vector<events::Notification> list = TRY(context.deps.outbox.ListNotifications(bucket));
  for (const events::Notification& n : list) items.push_back(Resource(n, request));
  if (!items.empty()) json["items"] = std::move(items);
  return Answer(request, json);
}

Result<Response> GetNotification(const Context& context, Request& request) {
  const events::Notification n = TRY(
      context.deps.outbox.GetNotification(request.Path("bucket"), request.Path("notification")));
  return Answer(request, Resource(n, request));
}

Result<Response> DeleteNotification(const Context& context, Request& request) {
  TRY(context.deps.outbox.DeleteNotification(request.Path("bucket"), request.Path("notification")));
  return Response::Empty(204);
}

}  // namespace caudal::api::gcs
