#include "api/gcs/upload_session.h"

#include "api/gcs/checksums.h"
#include "api/gcs/errors.h"
#include "api/gcs/json_body.h"
#include "api/gcs/parameters.h"
#include "api/gcs/ranges.h"

namespace caudal::api::gcs {
namespace {

constexpr uint64_t kChunkUnit = 256u << 10;

Result<std::string> UploadIdOf(const http::Request& request) {
  const auto id = request.query.Get("upload_id");
  if (!id || id->empty()) return Required("upload_id");
  return std::string(*id);
}

// What answers need of the request, which is gone by then.
struct Reply {
  MediaForm form;
  bool no_308;
  http::Request about;  // base_url and `fields` only

  static Reply Of(const http::Request& request, MediaForm form) {
    Reply reply{form, request.headers.Get("X-Guploader-No-308").has_value(), {}};
    reply.about.base_url = request.base_url;
    if (const auto fields = request.query.Get("fields"))
      reply.about.query.Add("fields", std::string(*fields));
    return reply;
  }

  Result<http::Response> Answer(const objects::UploadStatus& status) const {
    if (status.object) {
      // No Range header here: to gcsfs it would mean that bytes are missing.
      if (form == MediaForm::kJson) return AnswerObject(about, *status.object);
      http::Response response = http::Response::Empty(200);
      AddObjectHeaders(*status.object, form, response.headers);
      response.headers.Remove("Content-Type");
      return response;
    }
    http::Response response = http::Response::Empty(no_308 ? 200 : 308);
    if (no_308) response.headers.Add("X-Http-Status-Code-Override", "308");
    if (status.persisted > 0)
      response.headers.Add("Range", "bytes=0-" + std::to_string(status.persisted - 1));
    response.headers.Add("X-GUploader-UploadID", status.id);
    return response;
  }
};

// Drops the body and tells the state.
class StatusSink final : public http::BodySink {
 public:
  StatusSink(Reply reply, objects::UploadStatus status)
      : reply_(std::move(reply)), status_(std::move(status)) {}
  Result<void> Write(std::string_view) override { return {}; }
  Result<http::Response> Finish() override { return reply_.Answer(status_); }

 private:
  Reply reply_;
  objects::UploadStatus status_;
};

class ChunkSink final : public http::BodySink {
 public:
  ChunkSink(Reply reply, std::unique_ptr<objects::ChunkWriter> writer,
            std::optional<uint64_t> length, uint64_t least)
      : reply_(std::move(reply)), writer_(std::move(writer)), length_(length), least_(least) {}

  Result<void> Write(std::string_view bytes) override {
    seen_ += bytes.size();
    if (length_ && seen_ > *length_) return WrongLength();
    return writer_->Append(bytes);
  }
  Result<http::Response> Finish() override {
    if ((length_ && seen_ != *length_) || seen_ < least_) return WrongLength();
    const objects::UploadStatus status = TRY(writer_->End());
    return reply_.Answer(status);
  }

 private:
  static Error WrongLength() {
    return InvalidValue("Content-Range", "the range of the bytes that the body has");
  }
  Reply reply_;
  std::unique_ptr<objects::ChunkWriter> writer_;
  const std::optional<uint64_t> length_;  // that the body must have
  const uint64_t least_;
  uint64_t seen_ = 0;
};

}  // namespace

Result<http::Response> StartSession(const Context& context, objects::WriteRequest request,
                                    const std::string& location, int status) {
  const objects::UploadStatus upload = TRY(context.store().StartUpload(std::move(request)));
  http::Response response = http::Response::Empty(status);
  response.headers.Add("Location", location + upload.id);
  response.headers.Add("X-GUploader-UploadID", upload.id);
  return response;
}

Result<std::unique_ptr<http::BodySink>> ContinueSession(const Context& context,
                                                        http::Request& request, MediaForm form) {
  const std::string id = TRY(UploadIdOf(request));
  Reply reply = Reply::Of(request, form);
  objects::UploadStatus status = TRY(context.store().StatUpload(id));
  const auto tell = [&] {
    return std::make_unique<StatusSink>(std::move(reply), std::move(status));
  };
  // Sent again by a client that missed the answer.
  if (status.object) return tell();

  objects::ChunkRange chunk;
  std::optional<uint64_t> length;
  uint64_t least = 0;
  if (const auto header = request.headers.Get("Content-Range")) {
    const UploadRange range = TRY(ParseUploadRange(*header));
    if (!range.has_bytes && !range.total) return tell();
    chunk.total = range.total;
    length = 0;
    if (range.has_bytes) {
      chunk.first = range.first;
      length.reset();
      if (range.last) length = *range.last + 1 - range.first;
      const bool reaches_end = range.last && range.total && *range.last + 1 == *range.total;
      if (range.last && !reaches_end && *length % kChunkUnit != 0)
        return InvalidValue("Content-Range",
                            "chunks, but the last, of a multiple of 262144 bytes (256 KiB)");
      chunk.last = !range.last && !range.total;
    }
  } else {  // everything in one request
    chunk.first = 0;
    chunk.last = true;
    chunk.total = length = request.content_length;
    least = status.persisted;
  }
  if (length && request.content_length && *length != *request.content_length)
    return InvalidValue("Content-Range", "the range of the bytes that the body has");
  // The client believes that more has arrived than did: it must hear where to go on.
  if (chunk.first && *chunk.first > status.persisted) return tell();
  const Checksums sums = TRY(ChecksumsOf(request.headers));
  chunk.crc32c = sums.crc32c;
  chunk.md5 = sums.md5;
  std::unique_ptr<objects::ChunkWriter> writer = TRY(context.store().ContinueUpload(id, chunk));
  return std::make_unique<ChunkSink>(std::move(reply), std::move(writer), length, least);
}

Result<http::Response> CancelSession(const Context& context, const http::Request& request) {
  const std::string id = TRY(UploadIdOf(request));
  TRY(context.store().CancelUpload(id));
  return http::Response::Empty(499);
}

}  // namespace caudal::api::gcs
