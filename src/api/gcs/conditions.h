// Preconditions, as parameters and as headers.
#pragma once

#include "base/result.h"
#include "http/message.h"
#include "objects/types.h"

namespace caudal::api::gcs {

// ifGenerationMatch… in the query, x-goog-if-generation-match… as headers; the query wins. An
// If-Match with one of our ETags counts too: it says generation and metageneration.
Result<objects::Preconditions> PreconditionsOf(const http::Request& request);
// ifSourceGenerationMatch…, x-goog-copy-source-if-generation-match….
Result<objects::Preconditions> SourcePreconditionsOf(const http::Request& request);
// The bucket's: ifMetagenerationMatch and ifMetagenerationNotMatch only.
Result<objects::Preconditions> BucketPreconditionsOf(const http::Request& request);

// Generation and metageneration inside an ETag of ours, none when it isn't one.
std::optional<std::pair<int64_t, int64_t>> ParseEtag(std::string_view etag);
// The MD5 form that the XML API and S3 clients use; the JSON form for composed objects.
std::string XmlEtagOf(const objects::Object& object);

// If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since of a read, in the order of
// RFC 9110: kPrecondition, with the code "not_modified" where the answer is 304.
Result<void> CheckReadConditions(const http::Request& request, const objects::Object& object);
// Whether a Range still applies.
bool IfRangeHolds(const http::Request& request, const objects::Object& object);

}  // namespace caudal::api::gcs
