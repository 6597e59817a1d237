// Uploads of the JSON API: media, multipart/related, and the start of resumable ones.
#include "api/gcs/checksums.h"
#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/intake.h"
#include "api/gcs/json_body.h"
#include "api/gcs/multipart.h"
#include "api/gcs/parameters.h"
#include "api/gcs/upload_session.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

// What answers and metadata need of the request beyond its lifetime.
Request Kept(const Request& request) {
  Request kept;
  kept.method = request.method;
  kept.path = request.path;
  kept.query = request.query;
  kept.headers = request.headers;
  kept.base_url = request.base_url;
  kept.content_length = request.content_length;
  kept.path_parameters = request.path_parameters;
  return kept;
}

// `content_type`: of the bytes, where the resource doesn't say.
Result<objects::WriteRequest> WriteRequestOf(const Request& request, const Json& resource,
                                             std::string_view content_type) {
  TRY(CheckAclParameters(request));
  if (!TextParameter(request, "kmsKeyName").empty())
    return Unsupported("kmsKeyName: not supported; leave it out.");
  if (request.headers.Get("x-goog-encryption-algorithm"))
    return Unsupported("x-goog-encryption-algorithm: customer-supplied keys aren't supported.");
  objects::WriteRequest write;
  write.bucket = request.Path("bucket");
  write.name = TextParameter(request, "name");
  if (const auto name = resource.find("name");
      write.name.empty() && name != resource.end() && name->is_string())
    write.name = name->get<std::string>();
  if (write.name.empty()) return Required("name");
  write.preconditions = TRY(PreconditionsOf(request));
  TRY(objects::ApplyObjectResource(resource, false, write.metadata));
  Json given = Json::object();
  if (write.metadata.content_type.empty() && !content_type.empty())
    given["contentType"] = std::string(content_type);
  if (const std::string coding = TextParameter(request, "contentEncoding"); !coding.empty())
    given["contentEncoding"] = coding;
  TRY(objects::ApplyObjectResource(given, true, write.metadata));
  Checksums sums = TRY(ChecksumsOf(request.headers));
  TRY(AddChecksumsOf(resource, sums));
  write.crc32c = sums.crc32c;
  write.md5 = sums.md5;
  return write;
}

class MediaSink final : public http::BodySink {
 public:
  MediaSink(Request about, Intake intake) : about_(std::move(about)), intake_(std::move(intake)) {}
  Result<void> Write(std::string_view bytes) override { return intake_.Append(bytes); }
  Result<Response> Finish() override {
    const objects::Object object = TRY(intake_.Commit());
    return AnswerObject(about_, object);
  }

 private:
  Request about_;
  Intake intake_;
};

// multipart/related: the resource, then the bytes.
class RelatedSink final : public http::BodySink, private PartSink {
 public:
  RelatedSink(const Context& context, Request about, std::string_view boundary)
      : context_(context), about_(std::move(about)), parser_(boundary, *this) {}

  Result<void> Write(std::string_view bytes) override { return parser_.Feed(bytes); }
  Result<Response> Finish() override {
    TRY(parser_.Finish());
    if (!intake_) return Malformed("two parts: the object's resource, then its bytes");
    const objects::Object object = TRY(intake_->Commit());
    return AnswerObject(about_, object);
  }

 private:
  static Error Malformed(std::string_view expected) {
    return InvalidValue("the multipart body", expected);
  }

  Result<void> OnPart(http::Headers headers) override {
    if (++parts_ > 2) return Malformed("two parts, not more");
    const std::string_view coding = headers.Get("Content-Transfer-Encoding").value_or("binary");
    if (EqualsIgnoringCase(coding, "base64") || EqualsIgnoringCase(coding, "quoted-printable"))
      return Unsupported("Content-Transfer-Encoding: only binary parts are taken.");
    if (parts_ == 1) return {};
    Json resource = Json::object();
    if (metadata_.find_first_not_of(" \t\r\n") != std::string::npos)
      resource = TRY(ParseJson(metadata_, "first part of the multipart body"));
    if (!resource.is_object()) return Malformed("a JSON object as first part");
    objects::WriteRequest write =
        TRY(WriteRequestOf(about_, resource, headers.Get("Content-Type").value_or("")));
    Intake intake = TRY(Intake::Start(context_.store(), std::move(write), about_.content_length));
    intake_.emplace(std::move(intake));
    return {};
  }
  Result<void> OnBytes(std::string_view bytes) override {
    if (parts_ == 2) return intake_->Append(bytes);
    if (metadata_.size() + bytes.size() > context_.options().json_bytes_max)
      return Malformed("a resource of at most " +
                       std::to_string(context_.options().json_bytes_max) + " bytes");
    metadata_.append(bytes);
    return {};
  }
  Result<void> OnPartEnd() override { return {}; }

  const Context& context_;
  Request about_;
  MultipartParser parser_;
  std::string metadata_;
  int parts_ = 0;
  std::optional<Intake> intake_;
};

class StartSink final : public http::BodySink {
 public:
  StartSink(const Context& context, Request about) : context_(context), about_(std::move(about)) {}
  Result<void> Write(std::string_view bytes) override {
    if (about_.body.size() + bytes.size() > context_.options().json_bytes_max)
      return InvalidValue("the request body",
                          "an object resource of at most " +
                              std::to_string(context_.options().json_bytes_max) + " bytes");
    about_.body.append(bytes);
    return {};
  }
  Result<Response> Finish() override {
    const Json resource = TRY(ReadJsonObject(context_, about_));
    objects::WriteRequest write = TRY(
        WriteRequestOf(about_, resource, about_.headers.Get("X-Upload-Content-Type").value_or("")));
    if (const auto length = about_.headers.Get("X-Upload-Content-Length"))
      write.size = static_cast<uint64_t>(TRY(ParseInteger(*length, "X-Upload-Content-Length")));
    return StartSession(context_, std::move(write),
                        about_.base_url + about_.path + "?uploadType=resumable&upload_id=", 200);
  }

 private:
  const Context& context_;
  Request about_;
};

}  // namespace

Result<std::unique_ptr<http::BodySink>> Upload(const Context& context, Request& request) {
  if (request.query.Has("upload_id")) return ContinueUpload(context, request);
  const std::string type = TextParameter(request, "uploadType");
  Request about = Kept(request);
  const std::string_view content_type = request.headers.Get("Content-Type").value_or("");
  if (type == "media") {
    Json given = Json::object();
    if (const auto coding = request.headers.Get("Content-Encoding"); coding && !coding->empty())
      given["contentEncoding"] = std::string(*coding);
    objects::WriteRequest write = TRY(WriteRequestOf(request, given, content_type));
    Intake intake = TRY(Intake::Start(context.store(), std::move(write), request.content_length));
    return std::make_unique<MediaSink>(std::move(about), std::move(intake));
  }
  if (type == "multipart") {
    const std::string boundary = TRY(BoundaryOf(content_type));
    return std::make_unique<RelatedSink>(context, std::move(about), boundary);
  }
  if (type == "resumable") return std::make_unique<StartSink>(context, std::move(about));
  return InvalidValue("uploadType", "media, multipart or resumable");
}

Result<std::unique_ptr<http::BodySink>> ContinueUpload(const Context& context, Request& request) {
  return ContinueSession(context, request, MediaForm::kJson);
}

Result<Response> CancelUpload(const Context& context, Request& request) {
  return CancelSession(context, request);
}

}  // namespace caudal::api::gcs
