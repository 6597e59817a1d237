// JSON request bodies and answers.
#pragma once

#include "api/gcs/context.h"
#include "api/gcs/fields.h"
#include "base/result.h"
#include "data/json.h"
#include "http/message.h"

namespace caudal::api::gcs {

// The body as JSON, decompressed when it says so; an empty body is an empty object.
Result<Json> ReadJson(const Context& context, const http::Request& request);
// kInvalid unless it is an object.
Result<Json> ReadJsonObject(const Context& context, const http::Request& request);

// `json`, filtered by the `fields` parameter.
Result<http::Response> Answer(const http::Request& request, const Json& json, int status = 200);
// An object's resource, filtered, with its ETag header.
Result<http::Response> AnswerObject(const http::Request& request, const objects::Object& object);
Result<http::Response> AnswerBucket(const http::Request& request, const objects::Bucket& bucket);

}  // namespace caudal::api::gcs
