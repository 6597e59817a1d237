#include "api/gcs/checksums.h"
#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/intake.h"
#include "api/gcs/media.h"
#include "api/gcs/parameters.h"
#include "api/gcs/payload_check.h"
#include "api/gcs/upload_session.h"
#include "api/gcs/xml_handlers.h"
#include "api/gcs/xml_writer.h"
#include "data/timestamp.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

class PutSink final : public http::BodySink {
 public:
  PutSink(Intake intake, PayloadCheck check)
      : intake_(std::move(intake)), check_(std::move(check)) {}
  Result<void> Write(std::string_view bytes) override {
    check_.Update(bytes);
    return intake_.Append(bytes);
  }
  Result<Response> Finish() override {
    TRY(check_.Finish());
    const objects::Object object = TRY(intake_.Commit());
    return XmlWritten(object);
  }

 private:
  Intake intake_;
  PayloadCheck check_;
};

// Answers what is known already; the body must be empty.
class AnsweredSink final : public http::BodySink {
 public:
  explicit AnsweredSink(Response response) : response_(std::move(response)) {}
  Result<void> Write(std::string_view) override { return {}; }
  Result<Response> Finish() override { return std::move(response_); }

 private:
  Response response_;
};

// "/bucket/object" or "bucket/object", percent-encoded, perhaps with ?versionId=.
Result<objects::ObjectRef> CopySourceOf(const Request& request, std::string_view text) {
  if (text.starts_with('/')) text.remove_prefix(1);
  objects::ObjectRef source;
  if (const size_t version = text.find("?versionId="); version != std::string_view::npos) {
    source.generation = TRY(ParseInteger(text.substr(version + 11), "versionId"));
    text = text.substr(0, version);
  }
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size())
    return InvalidValue("the copy source", "/<bucket>/<object>");
  source.bucket = TRY(http::PercentDecode(text.substr(0, slash)));
  source.name = TRY(http::PercentDecode(text.substr(slash + 1)));
  if (const auto generation = request.headers.Get("x-goog-copy-source-generation"))
    source.generation = TRY(ParseInteger(*generation, "x-goog-copy-source-generation"));
  return source;
}

Result<Response> Copy(const Context& context, const Request& request, std::string_view source) {
  objects::CopyRequest copy;
  copy.source = TRY(CopySourceOf(request, source));
  copy.source_preconditions = TRY(SourcePreconditionsOf(request));
  copy.destination = TRY(XmlWriteRequest(context, request));
  const std::string_view directive = FamilyHeader(request, "metadata-directive").value_or("COPY");
  if (!EqualsIgnoringCase(directive, "COPY") && !EqualsIgnoringCase(directive, "REPLACE"))
    return InvalidValue("the metadata directive", "COPY or REPLACE");
  copy.keep_metadata = EqualsIgnoringCase(directive, "COPY");
  const objects::Object object = TRY(context.store().Copy(copy));
  XmlWriter xml;
  xml.Open("CopyObjectResult", kXmlNamespace);
  xml.Text("LastModified", FormatRfc3339(object.updated));
  xml.Text("ETag", '"' + XmlEtagOf(object) + '"');
  xml.Close("CopyObjectResult");
  Response response = XmlAnswer(std::move(xml).Take());
  response.headers.Add("x-goog-generation", std::to_string(object.generation));
  response.headers.Add("x-goog-metageneration", std::to_string(object.metageneration));
  return response;
}

// S3's form of ifGenerationMatch.
Result<void> AddEtagConditions(const Context& context, const Request& request,
                               objects::WriteRequest& write) {
  if (const auto none = request.headers.Get("If-None-Match")) {
    if (Trimmed(*none) != "*") return InvalidValue("If-None-Match", "* for a write");
    write.preconditions.generation_match = 0;
  }
  if (request.headers.Get("If-Match") && !write.preconditions.generation_match) {
    const objects::Object live =
        TRY(context.store().Stat({write.bucket, write.name, std::nullopt}));
    TRY(CheckReadConditions(request, live));
    write.preconditions.generation_match = live.generation;
  }
  return {};
}

void Override(const Request& request, const char* parameter, const char* header,
              http::Headers& headers) {
  const auto value = request.query.Get(parameter);
  if (!value) return;
  for (const unsigned char c : *value) {
    if (c < 0x20 || c == 0x7f) return;
  }
  headers.Set(header, std::string(*value));
}

}  // namespace

Response XmlWritten(const objects::Object& object) {
  Response response = Response::Empty(200);
  response.headers.Add("ETag", '"' + XmlEtagOf(object) + '"');
  response.headers.Add("x-goog-generation", std::to_string(object.generation));
  response.headers.Add("x-goog-metageneration", std::to_string(object.metageneration));
  response.headers.Add("x-goog-hash", HashHeader(object));
  response.headers.Add("x-goog-stored-content-encoding", object.metadata.content_encoding.empty()
                                                             ? "identity"
                                                             : object.metadata.content_encoding);
  response.headers.Add("x-goog-stored-content-length", std::to_string(object.size));
  return response;
}

Result<objects::WriteRequest> XmlWriteRequest(const Context& context, const Request& request) {
  TRY(CheckAcl(FamilyHeader(request, "acl").value_or("")));
  if (request.headers.Get("x-goog-encryption-algorithm") ||
      request.headers.Get("x-amz-server-side-encryption-customer-algorithm"))
    return Unsupported("Customer-supplied encryption keys aren't supported.");
  objects::WriteRequest write;
  write.bucket = request.Path("bucket");
  write.name = request.Path("object");
  write.preconditions = TRY(PreconditionsOf(request));
  TRY(AddEtagConditions(context, request, write));
  Json given = Json::object();
  const auto text = [&](const char* key, std::optional<std::string_view> value) {
    if (value && !value->empty()) given[key] = std::string(*value);
  };
  text("contentType", request.headers.Get("Content-Type"));
  text("contentEncoding", request.headers.Get("Content-Encoding"));
  text("contentDisposition", request.headers.Get("Content-Disposition"));
  text("contentLanguage", request.headers.Get("Content-Language"));
  text("cacheControl", request.headers.Get("Cache-Control"));
  text("customTime", request.headers.Get("x-goog-custom-time"));
  text("storageClass", FamilyHeader(request, "storage-class"));
  for (const auto& [name, value] : request.headers) {
    for (const std::string_view prefix : {"x-goog-meta-", "x-amz-meta-"}) {
      if (name.size() <= prefix.size() || !StartsWithIgnoringCase(name, prefix)) continue;
      std::string key = name.substr(prefix.size());
      for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      given["metadata"][key] = value;
    }
  }
  TRY(objects::ApplyObjectResource(given, false, write.metadata));
  Checksums sums = TRY(ChecksumsOf(request.headers));
  if (const auto crc = request.headers.Get("x-amz-checksum-crc32c"))
    TRY(AddChecksumsOf({{"crc32c", std::string(*crc)}}, sums));
  write.crc32c = sums.crc32c;
  write.md5 = sums.md5;
  return write;
}

Result<Response> XmlGetObject(const Context& context, Request& request) {
  if (request.path_parameters.size() < 2 || request.Path("object").empty())
    return XmlGetBucket(context, request);
  if (request.query.Has("uploadId")) return XmlListParts(context, request);
  TRY(RefuseSubresources(request));
  Response response = TRY(ReadMedia(
      context, request, {request.Path("bucket"), request.Path("object"), VersionOf(request)},
      MediaForm::kXml));
  Override(request, "response-content-type", "Content-Type", response.headers);
  Override(request, "response-content-disposition", "Content-Disposition", response.headers);
  Override(request, "response-content-language", "Content-Language", response.headers);
  Override(request, "response-cache-control", "Cache-Control", response.headers);
  Override(request, "response-expires", "Expires", response.headers);
  return response;
}

Result<Response> XmlDeleteObject(const Context& context, Request& request) {
  if (request.Path("object").empty()) return XmlDeleteBucket(context, request);
  if (request.query.Has("upload_id")) return CancelSession(context, request);
  if (request.query.Has("uploadId")) return XmlAbortMultipart(context, request);
  TRY(RefuseSubresources(request));
  const objects::Preconditions conditions = TRY(PreconditionsOf(request));
  TRY(context.store().Delete({request.Path("bucket"), request.Path("object"), VersionOf(request)},
                             conditions));
  return Response::Empty(204);
}

Result<SinkPtr> XmlPutObject(const Context& context, Request& request) {
  if (request.query.Has("upload_id")) return ContinueSession(context, request, MediaForm::kXml);
  if (request.Path("object").empty()) return XmlPutBucket(context, request);
  const auto source = FamilyHeader(request, "copy-source");
  if (request.query.Has("partNumber") || request.query.Has("uploadId")) {
    if (source) return Unsupported("Parts can't be copied from objects; upload their bytes.");
    return XmlPutPart(context, request);
  }
  TRY(RefuseSubresources(request));
  if (source) {
    Response response = TRY(Copy(context, request, *source));
    return std::make_unique<AnsweredSink>(std::move(response));
  }
  if (EqualsIgnoringCase(request.headers.Get("x-goog-resumable").value_or(""), "start")) {
    Response response = TRY(XmlStartResumable(context, request));
    return std::make_unique<AnsweredSink>(std::move(response));
  }
  PayloadCheck check = TRY(PayloadCheck::Of(request));
  objects::WriteRequest write = TRY(XmlWriteRequest(context, request));
  Intake intake = TRY(Intake::Start(context.store(), std::move(write), request.content_length));
  return std::make_unique<PutSink>(std::move(intake), std::move(check));
}

Result<Response> XmlStartResumable(const Context& context, Request& request) {
  objects::WriteRequest write = TRY(XmlWriteRequest(context, request));
  if (const auto type = request.headers.Get("x-upload-content-type"))
    write.metadata.content_type = std::string(*type);
  if (const auto length = request.headers.Get("x-upload-content-length"))
    write.size = static_cast<uint64_t>(TRY(ParseInteger(*length, "x-upload-content-length")));
  return StartSession(context, std::move(write),
                      request.base_url + request.path + "?upload_id=", 201);
}

}  // namespace caudal::api::gcs
