// An object's bytes as an answer, for the JSON and the XML API alike.
#pragma once

#include "api/gcs/context.h"
#include "base/result.h"
#include "http/message.h"
#include "objects/store.h"

namespace caudal::api::gcs {

enum class MediaForm : uint8_t { kJson, kXml };  // which ETag and error form

// Opens the object and answers with its bytes or a range of them (200, 206, 304, 416).
Result<http::Response> ReadMedia(const Context& context, const http::Request& request,
                                 const objects::ObjectRef& ref, MediaForm form);

// The x-goog-* and content headers of an object.
void AddObjectHeaders(const objects::Object& object, MediaForm form, http::Headers& headers);
std::string HashHeader(const objects::Object& object);  // "crc32c=…,md5=…"

}  // namespace caudal::api::gcs
