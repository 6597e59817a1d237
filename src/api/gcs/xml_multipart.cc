#include <algorithm>

#include "api/gcs/checksums.h"
#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/media.h"
#include "api/gcs/parameters.h"
#include "api/gcs/payload_check.h"
#include "api/gcs/xml_bodies.h"
#include "api/gcs/xml_handlers.h"
#include "api/gcs/xml_writer.h"
#include "data/timestamp.h"

namespace caudal::api::gcs {
namespace {

constexpr int kPageMax = 1000;

class PartBodySink final : public http::BodySink {
 public:
  PartBodySink(std::unique_ptr<objects::Writer> writer, PayloadCheck check)
      : writer_(std::move(writer)), check_(std::move(check)) {}
  Result<void> Write(std::string_view bytes) override {
    check_.Update(bytes);
    return writer_->Append(bytes);
  }
  Result<Response> Finish() override {
    TRY(check_.Finish());
    const objects::Object part = TRY(writer_->Commit());
    Response response = Response::Empty(200);
    response.headers.Add("ETag", '"' + XmlEtagOf(part) + '"');
    response.headers.Add("x-goog-hash", HashHeader(part));
    return response;
  }

 private:
  std::unique_ptr<objects::Writer> writer_;
  PayloadCheck check_;
};

void WriteNames(XmlWriter& xml, const Request& request) {
  xml.Text("Bucket", request.Path("bucket"));
  xml.Text("Key", request.Path("object"));
}

}  // namespace

Result<Response> XmlStartMultipart(const Context& context, Request& request) {
  objects::WriteRequest write = TRY(XmlWriteRequest(context, request));
  const std::string id = TRY(context.store().StartMultipart(std::move(write)));
  XmlWriter xml;
  xml.Open("InitiateMultipartUploadResult", kXmlNamespace);
  WriteNames(xml, request);
  xml.Text("UploadId", id);
  xml.Close("InitiateMultipartUploadResult");
  return XmlAnswer(std::move(xml).Take());
}

Result<SinkPtr> XmlPutPart(const Context& context, Request& request) {
  const auto text = request.query.Get("partNumber");
  if (!text) return Required("partNumber");
  const int64_t number = TRY(ParseInteger(*text, "partNumber", 1, 10'000));
  PayloadCheck check = TRY(PayloadCheck::Of(request));
  const Checksums sums = TRY(ChecksumsOf(request.headers));
  std::unique_ptr<objects::Writer> writer =
      TRY(context.store().WritePart(request.Path("bucket"), request.Path("object"),
                                    TextParameter(request, "uploadId"), static_cast<int>(number)));
  writer->Expect(sums.crc32c, sums.md5);
  return std::make_unique<PartBodySink>(std::move(writer), std::move(check));
}

Result<Response> XmlListParts(const Context& context, Request& request) {
  const int max = TRY(PageSize(request, "max-parts", kPageMax));
  const std::optional<int64_t> after =
      TRY(IntegerParameter(request, "part-number-marker", 0, 10'000));
  const std::string id = TextParameter(request, "uploadId");
  std::vector<objects::Part> parts =
      TRY(context.store().ListParts(request.Path("bucket"), request.Path("object"), id,
                                    static_cast<int>(after.value_or(0)), max + 1));
  const bool more = static_cast<int>(parts.size()) > max;
  if (more) parts.resize(static_cast<size_t>(max));
  XmlWriter xml;
  xml.Open("ListPartsResult", kXmlNamespace);
  WriteNames(xml, request);
  xml.Text("UploadId", id);
  xml.Text("StorageClass", "STANDARD");
  xml.Text("PartNumberMarker", std::to_string(after.value_or(0)));
  if (more) xml.Text("NextPartNumberMarker", std::to_string(parts.back().number));
  xml.Text("MaxParts", std::to_string(max));
  xml.Text("IsTruncated", more ? "true" : "false");
  for (const objects::Part& part : parts) {
    xml.Open("Part");
    xml.Text("PartNumber", std::to_string(part.number));
    xml.Text("LastModified", FormatRfc3339(part.updated));
    xml.Text("ETag", '"' + EncodeHex({part.md5.data(), part.md5.size()}) + '"');
    xml.Text("Size", std::to_string(part.size));
    xml.Close("Part");
  }
  xml.Close("ListPartsResult");
  return XmlAnswer(std::move(xml).Take());
}

Result<Response> XmlListMultiparts(const Context& context, Request& request) {
  const int max = TRY(PageSize(request, "max-uploads", kPageMax));
  const std::string prefix = TextParameter(request, "prefix");
  const std::vector<objects::MultipartInfo> uploads =
      TRY(context.store().ListMultiparts(request.Path("bucket"), prefix, max));
  XmlWriter xml;
  xml.Open("ListMultipartUploadsResult", kXmlNamespace);
  xml.Text("Bucket", request.Path("bucket"));
  xml.Text("Prefix", prefix);
  xml.Text("MaxUploads", std::to_string(max));
  xml.Text("IsTruncated", "false");
  for (const objects::MultipartInfo& upload : uploads) {
    xml.Open("Upload");
    xml.Text("Key", upload.name);
    xml.Text("UploadId", upload.id);
    xml.Text("StorageClass", "STANDARD");
    xml.Text("Initiated", FormatRfc3339(upload.created));
    xml.Close("Upload");
  }
  xml.Close("ListMultipartUploadsResult");
  return XmlAnswer(std::move(xml).Take());
}

Result<Response> XmlCompleteMultipart(const Context& context, Request& request) {
  const auto parts = TRY(ParseCompleteBody(request.body));
  const objects::Object object = TRY(context.store().CompleteMultipart(
      request.Path("bucket"), request.Path("object"), TextParameter(request, "uploadId"), parts));
  XmlWriter xml;
  xml.Open("CompleteMultipartUploadResult", kXmlNamespace);
  xml.Text("Location", request.base_url + request.path);
  WriteNames(xml, request);
  xml.Text("ETag", '"' + XmlEtagOf(object) + '"');
  xml.Close("CompleteMultipartUploadResult");
  Response response = XmlAnswer(std::move(xml).Take());
  response.headers.Add("x-goog-generation", std::to_string(object.generation));
  response.headers.Add("x-goog-hash", HashHeader(object));
  return response;
}

Result<Response> XmlAbortMultipart(const Context& context, Request& request) {
  TRY(context.store().AbortMultipart(request.Path("bucket"), request.Path("object"),
                                     TextParameter(request, "uploadId")));
  return Response::Empty(204);
}

}  // namespace caudal::api::gcs
