#include "api/gcs/media.h"

#include <algorithm>
#include <utility>

#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"
#include "api/gcs/ranges.h"
#include "api/gcs/transcoding.h"
#include "data/digest.h"
#include "data/timestamp.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

bool IsHeaderName(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.!#$%&'*+^`|~").find(c) != std::string_view::npos;
  });
}

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

void AddIfAny(http::Headers& headers, const char* name, const std::string& value) {
  if (!value.empty()) headers.Add(name, value);
}

bool MustDecompress(const http::Request& request, const objects::Object& object) {
  return EqualsIgnoringCase(object.metadata.content_encoding, "gzip") && !AcceptsGzip(request) &&
         object.metadata.cache_control.find("no-transform") == std::string::npos;
}

http::Response Unsatisfiable(const http::Request& request, const Error& error, uint64_t size,
                             MediaForm form) {
  http::Response response =
      form == MediaForm::kJson ? RenderJsonError(error, request) : RenderXmlError(error, request);
  response.headers.Add("Content-Range", "bytes */" + std::to_string(size));
  return response;
}

Result<void> FillBody(const Context& context, objects::ObjectContent opened, ByteRange range,
                      http::Response& response) {
  if (opened.bytes) {
    response.body = opened.bytes->substr(range.offset, range.length);
    return {};
  }
  if (range.length > context.options().inline_bytes_max) {
    response.body =
        http::FileBody{std::move(opened.file), range.offset, range.length, std::move(opened.guard)};
    return {};
  }
  std::string bytes(range.length, '\0');
  const size_t n = TRY(opened.file->ReadAt(range.offset, bytes.data(), bytes.size()));
  if (n != bytes.size())
    return MakeError(ErrorKind::kCorrupt, "The file of object " + opened.object.name +
                                              " is shorter than recorded: run caudal fsck.");
  response.body = std::move(bytes);
  return {};
}

}  // namespace

std::string HashHeader(const objects::Object& object) {
  std::string text = "crc32c=" + EncodeCrc32c(object.crc32c);
  if (object.md5) text += ",md5=" + EncodeBase64({object.md5->data(), object.md5->size()});
  return text;
}

void AddObjectHeaders(const objects::Object& object, MediaForm form, http::Headers& headers) {
  const objects::ObjectMetadata& m = object.metadata;
  headers.Add("Content-Type", m.content_type.empty() ? "application/octet-stream" : m.content_type);
  headers.Add("ETag",
              form == MediaForm::kJson ? objects::EtagOf(object) : '"' + XmlEtagOf(object) + '"');
  headers.Add("Last-Modified", FormatHttpDate(object.updated));
  headers.Add("x-goog-generation", std::to_string(object.generation));
  headers.Add("x-goog-metageneration", std::to_string(object.metageneration));
  headers.Add("x-goog-hash", HashHeader(object));
  headers.Add("x-goog-storage-class", m.storage_class.empty() ? "STANDARD" : m.storage_class);
  headers.Add("x-goog-stored-content-encoding",
              m.content_encoding.empty() ? "identity" : m.content_encoding);
  headers.Add("x-goog-stored-content-length", std::to_string(object.size));
  if (object.component_count > 0)
    headers.Add("x-goog-component-count", std::to_string(object.component_count));
  headers.Add("Accept-Ranges", "bytes");
  headers.Add("Cache-Control", m.cache_control.empty() ? "private, max-age=0" : m.cache_control);
  AddIfAny(headers, "Content-Disposition", m.content_disposition);
  AddIfAny(headers, "Content-Language", m.content_language);
  if (m.custom_time) headers.Add("x-goog-custom-time", FormatRfc3339(*m.custom_time));
  for (const auto& [name, value] : m.custom) {
    // What a header can't hold stays in the JSON resource only.
    if (IsHeaderName(name) && IsHeaderValue(value)) headers.Add("x-goog-meta-" + name, value);
  }
}

Result<http::Response> ReadMedia(const Context& context, const http::Request& request,
                                 const objects::ObjectRef& ref, MediaForm form) {
  const objects::Preconditions conditions = TRY(PreconditionsOf(request));
  objects::ObjectContent opened = TRY(context.store().Read(ref, conditions));
  const objects::Object& object = opened.object;
  http::Response response;
  if (const Result<void> held = CheckReadConditions(request, object); !held.ok()) {
    if (held.error().code != "not_modified") return held.error();
    response.status = 304;
    AddObjectHeaders(object, form, response.headers);
    return response;
  }
  AddObjectHeaders(object, form, response.headers);
  if (!object.metadata.content_encoding.empty()) {
    if (MustDecompress(request, object)) {
      response.headers.Add("Warning", "214 caudal gunzipped");
      response.headers.Add("Vary", "Accept-Encoding");
      response.headers.Remove("Accept-Ranges");
      response.body = GunzipBody(std::move(opened));
      return response;
    }
    response.headers.Add("Content-Encoding", object.metadata.content_encoding);
    if (EqualsIgnoringCase(object.metadata.content_encoding, "gzip"))
      response.headers.Add("Vary", "Accept-Encoding");
  }
  ByteRange range{0, object.size};
  if (const auto header = request.headers.Get("Range"); header && IfRangeHolds(request, object)) {
    const Result<std::optional<ByteRange>> asked = ParseRange(*header, object.size);
    if (!asked.ok()) return Unsatisfiable(request, asked.error(), object.size, form);
    if (*asked) {
      range = **asked;
      response.status = 206;
      response.headers.Add("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                                std::to_string(range.offset + range.length - 1) +
                                                "/" + std::to_string(object.size));
    }
  }
  TRY(FillBody(context, std::move(opened), range, response));
  return response;
}

}  // namespace caudal::api::gcs
