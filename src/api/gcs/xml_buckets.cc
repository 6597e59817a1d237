#include <algorithm>

#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"
#include "api/gcs/payload_check.h"
#include "api/gcs/xml_bodies.h"
#include "api/gcs/xml_handlers.h"
#include "api/gcs/xml_writer.h"
#include "data/timestamp.h"

namespace caudal::api::gcs {
namespace {

constexpr int kPageMax = 1000;

class BucketSink final : public http::BodySink {
 public:
  BucketSink(const Context& context, const Request& request, PayloadCheck check)
      : context_(context), name_(request.Path("bucket")), check_(std::move(check)) {}
  Result<void> Write(std::string_view bytes) override {
    if (body_.size() + bytes.size() > context_.options().json_bytes_max)
      return MakeError(ErrorKind::kLimit, "The XML body is too large.", "body.too_large");
    check_.Update(bytes);
    body_.append(bytes);
    return {};
  }
  Result<Response> Finish() override {
    TRY(check_.Finish());
    objects::BucketSettings settings;
    settings.soft_delete_seconds = context_.options().default_soft_delete_seconds;
    TRY(ApplyCreateBucketBody(body_, settings));
    TRY(context_.store().CreateBucket(name_, std::move(settings)));
    return Response::Empty(200);
  }

 private:
  const Context& context_;
  const std::string name_;
  PayloadCheck check_;
  std::string body_;
};

// The first name after `marker`: where it ends a folder, after all of that folder.
std::string After(const std::string& marker, const std::string& prefix,
                  const std::string& delimiter) {
  if (marker.empty()) return marker;
  if (delimiter.size() == 1 && marker.size() > prefix.size() && marker.ends_with(delimiter) &&
      static_cast<unsigned char>(delimiter[0]) < 0x7f) {
    std::string next = marker;
    ++next.back();
    return next;
  }
  return marker + '\0';
}

class Listing {
 public:
  Listing(const Context& context, const Request& request) : context_(context), request_(request) {}

  Result<Response> Answer() {
    second_version_ = request_.query.Get("list-type").value_or("") == "2";
    url_encoded_ = EqualsIgnoringCase(request_.query.Get("encoding-type").value_or(""), "url");
    query_.bucket = request_.Path("bucket");
    query_.prefix = TextParameter(request_, "prefix");
    query_.delimiter = TextParameter(request_, "delimiter");
    query_.versions = request_.query.Has("versions");
    const std::optional<int64_t> asked = TRY(IntegerParameter(request_, "max-keys"));
    max_ = static_cast<int>(std::min<int64_t>(asked.value_or(kPageMax), kPageMax));
    query_.max_results = std::max(max_, 1);
    if (second_version_) query_.page_token = TextParameter(request_, "continuation-token");
    const std::string marker = TextParameter(request_, second_version_ ? "start-after" : "marker");
    if (query_.page_token.empty())
      query_.start_offset = After(marker, query_.prefix, query_.delimiter);
    objects::ListPage page = TRY(context_.store().List(query_));
    if (max_ == 0) page = {};
    Write(page, marker);
    return XmlAnswer(std::move(xml_).Take());
  }

 private:
  std::string Encoded(const std::string& text) const {
    return url_encoded_ ? http::PercentEncode(text, "/") : text;
  }

  void Write(const objects::ListPage& page, const std::string& marker) {
    xml_.Open("ListBucketResult", kXmlNamespace);
    xml_.Text("Name", query_.bucket);
    xml_.Text("Prefix", Encoded(query_.prefix));
    if (!query_.delimiter.empty()) xml_.Text("Delimiter", Encoded(query_.delimiter));
    if (url_encoded_) xml_.Text("EncodingType", "url");
    xml_.Text("MaxKeys", std::to_string(max_));
    const bool more = !page.next_page_token.empty();
    xml_.Text("IsTruncated", more ? "true" : "false");
    if (second_version_) {
      xml_.Text("KeyCount", std::to_string(page.items.size() + page.prefixes.size()));
      if (!query_.page_token.empty()) xml_.Text("ContinuationToken", query_.page_token);
      if (!marker.empty()) xml_.Text("StartAfter", Encoded(marker));
      if (more) xml_.Text("NextContinuationToken", page.next_page_token);
    } else {
      xml_.Text("Marker", Encoded(marker));
      if (more) xml_.Text("NextMarker", Encoded(Last(page)));
    }
    for (const objects::Object& object : page.items) WriteObject(object);
    for (const std::string& prefix : page.prefixes) {
      xml_.Open("CommonPrefixes");
      xml_.Text("Prefix", Encoded(prefix));
      xml_.Close("CommonPrefixes");
    }
    xml_.Close("ListBucketResult");
  }

  static std::string Last(const objects::ListPage& page) {
    std::string last;
    if (!page.items.empty()) last = page.items.back().name;
    if (!page.prefixes.empty()) last = std::max(last, page.prefixes.back());
    return last;
  }

  void WriteObject(const objects::Object& object) {
    xml_.Open("Contents");
    xml_.Text("Key", Encoded(object.name));
    xml_.Text("Generation", std::to_string(object.generation));
    xml_.Text("MetaGeneration", std::to_string(object.metageneration));
    xml_.Text("LastModified", FormatRfc3339(object.updated));
    xml_.Text("ETag", '"' + XmlEtagOf(object) + '"');
    xml_.Text("Size", std::to_string(object.size));
    xml_.Text("StorageClass",
              object.metadata.storage_class.empty() ? "STANDARD" : object.metadata.storage_class);
    xml_.Close("Contents");
  }

  const Context& context_;
  const Request& request_;
  objects::ListQuery query_;
  bool second_version_ = false;
  bool url_encoded_ = false;
  int max_ = kPageMax;
  XmlWriter xml_;
};

Result<Response> One(const char* element, const char* inner, const std::string& text) {
  XmlWriter xml;
  if (inner == nullptr) {
    xml.Text(element, text);
  } else {
    xml.Open(element, kXmlNamespace);
    if (!text.empty()) xml.Text(inner, text);
    xml.Close(element);
  }
  return XmlAnswer(std::move(xml).Take());
}

}  // namespace

Result<Response> XmlGetBucket(const Context& context, Request& request) {
  if (request.method == http::Method::kHead || request.query.Has("location") ||
      request.query.Has("storageClass") || request.query.Has("versioning")) {
    const objects::Bucket bucket = TRY(context.store().GetBucket(request.Path("bucket")));
    if (request.query.Has("location"))
      return One("LocationConstraint", nullptr, bucket.settings.location);
    if (request.query.Has("storageClass"))
      return One("StorageClass", nullptr, bucket.settings.storage_class);
    if (request.query.Has("versioning"))
      return One("VersioningConfiguration", "Status", bucket.settings.versioning ? "Enabled" : "");
    Response response = Response::Empty(200);
    response.headers.Add("x-goog-metageneration", std::to_string(bucket.metageneration));
    response.headers.Add("x-goog-storage-class", bucket.settings.storage_class);
    response.headers.Add("x-amz-bucket-region", bucket.settings.location);
    return response;
  }
  if (request.query.Has("uploads")) return XmlListMultiparts(context, request);
  TRY(RefuseSubresources(request));
  return Listing(context, request).Answer();
}

Result<SinkPtr> XmlPutBucket(const Context& context, Request& request) {
  TRY(RefuseSubresources(request));
  TRY(CheckAcl(FamilyHeader(request, "acl").value_or("")));
  PayloadCheck check = TRY(PayloadCheck::Of(request));
  return std::make_unique<BucketSink>(context, request, std::move(check));
}

Result<Response> XmlDeleteBucket(const Context& context, Request& request) {
  TRY(RefuseSubresources(request));
  TRY(context.store().DeleteBucket(request.Path("bucket")));
  return Response::Empty(204);
}

Result<Response> XmlDeleteMany(const Context& context, Request& request) {
  const DeleteBody body = TRY(ParseDeleteBody(request.body));
  TRY(context.store().GetBucket(request.Path("bucket")));
  XmlWriter xml;
  xml.Open("DeleteResult", kXmlNamespace);
  for (const auto& [name, generation] : body.objects) {
    const Result<void> deleted = context.store().Delete({request.Path("bucket"), name, generation});
    if (deleted.ok() || deleted.error().code == "object.not_found") {
      if (body.quiet) continue;
      xml.Open("Deleted");
      xml.Text("Key", name);
      xml.Close("Deleted");
      continue;
    }
    xml.Open("Error");
    xml.Text("Key", name);
    xml.Text("Code", VerdictOf(deleted.error()).xml_code);
    xml.Text("Message", deleted.error().message);
    xml.Close("Error");
  }
  xml.Close("DeleteResult");
  return XmlAnswer(std::move(xml).Take());
}

}  // namespace caudal::api::gcs
