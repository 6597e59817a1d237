#include "functions/sql/event_table.h"

#include <charconv>

#include "data/json.h"

namespace caudal::functions {
namespace {

engine::Value SizeOf(const Json& resource) {
  if (!resource.contains("size") || !resource["size"].is_string()) return std::monostate();
  const std::string text = resource["size"];
  int64_t size = 0;
  std::from_chars(text.data(), text.data() + text.size(), size);
  return size;
}

engine::Value TextOf(const Json& resource, const char* key) {
  if (!resource.contains(key) || !resource[key].is_string()) return std::monostate();
  return resource[key].get<std::string>();
}

}  // namespace

std::string UriOf(const events::Event& event) {
  return "gs://" + event.bucket + "/" + event.object;
}

engine::Statement EventTable(const events::Event& event) {
  const Result<Json> parsed = ParseJson(event.resource, "event");
  const Json resource = parsed.ok() && parsed->is_object() ? *parsed : Json::object();
  engine::Statement statement;
  statement.sql =
      "CREATE TABLE event AS SELECT $id::VARCHAR AS id, $type::VARCHAR AS type, "
      "$bucket::VARCHAR AS bucket, $name::VARCHAR AS name, $uri::VARCHAR AS uri, "
      "$generation::BIGINT AS generation, $metageneration::BIGINT AS metageneration, "
      "make_timestamp($time::BIGINT) AS time, $size::BIGINT AS size, "
      "$content_type::VARCHAR AS content_type";
  statement.parameters = {{"id", event.id},
                          {"type", std::string(events::NotificationName(event.type))},
                          {"bucket", event.bucket},
                          {"name", event.object},
                          {"uri", UriOf(event)},
                          {"generation", event.generation},
                          {"metageneration", event.metageneration},
                          {"time", static_cast<int64_t>(event.time)},
                          {"size", SizeOf(resource)},
                          {"content_type", TextOf(resource, "contentType")}};
  return statement;
}

}  // namespace caudal::functions
