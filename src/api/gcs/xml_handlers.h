// The handlers of the XML API. `object` is empty where the request is about the bucket.
#pragma once

#include <memory>

#include "api/gcs/context.h"
#include "base/result.h"

namespace caudal::api::gcs {

using http::Request;
using http::Response;
using SinkPtr = std::unique_ptr<http::BodySink>;

inline constexpr const char* kXmlNamespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

Response XmlAnswer(std::string xml);
// Refuses what is asked by a sub-resource (?acl, ?cors…) that Caudal hasn't.
Result<void> RefuseSubresources(const Request& request);
// A header of the x-goog- family, or its x-amz- twin; `name` is what follows.
std::optional<std::string_view> FamilyHeader(const Request& request, const std::string& name);
std::optional<int64_t> VersionOf(const Request& request);

// xml_objects.cc
Result<Response> XmlGetObject(const Context&, Request&);
Result<Response> XmlDeleteObject(const Context&, Request&);
Result<SinkPtr> XmlPutObject(const Context&, Request&);
// What the headers of a write say.
Result<objects::WriteRequest> XmlWriteRequest(const Context&, const Request&);
Result<Response> XmlStartResumable(const Context&, Request&);
Response XmlWritten(const objects::Object& object);

// xml_buckets.cc
Result<Response> XmlGetBucket(const Context&, Request&);
Result<SinkPtr> XmlPutBucket(const Context&, Request&);
Result<Response> XmlDeleteBucket(const Context&, Request&);
Result<Response> XmlDeleteMany(const Context&, Request&);

// xml_multipart.cc
Result<Response> XmlStartMultipart(const Context&, Request&);
Result<SinkPtr> XmlPutPart(const Context&, Request&);
Result<Response> XmlListParts(const Context&, Request&);
Result<Response> XmlListMultiparts(const Context&, Request&);
Result<Response> XmlCompleteMultipart(const Context&, Request&);
Result<Response> XmlAbortMultipart(const Context&, Request&);

}  // namespace caudal::api::gcs
