#include "api/gcs/transcoding.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "api/gcs/parameters.h"

namespace caudal::api::gcs {
namespace {

constexpr size_t kPieceBytes = 64u << 10;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to say "gzip wrapper"

Error NotGzip() {
  return MakeError(ErrorKind::kInvalid, "The bytes are marked as gzip, but aren't valid gzip.",
                   "gzip.malformed");
}

struct GunzipStream {
  objects::ObjectContent opened;
  Gunzip gunzip;
  uint64_t offset = 0;
  std::string buffer;
  std::string_view input;

  Result<http::StreamBody::Piece> Next() {
    http::StreamBody::Piece piece;
    while (piece.bytes.size() < kPieceBytes) {
      if (input.empty()) {
        buffer.resize(std::min<uint64_t>(kPieceBytes, opened.object.size - offset));
        const size_t n = TRY(opened.file->ReadAt(offset, buffer.data(), buffer.size()));
        if (n == 0) break;
        offset += n;
        input = std::string_view(buffer).substr(0, n);
      }
      TRY(gunzip.Some(input, piece.bytes, kPieceBytes));
    }
    if (offset == opened.object.size && input.empty() && piece.bytes.size() < kPieceBytes) {
      if (!gunzip.at_end() && opened.object.size != 0) return NotGzip();
      piece.last = true;
    }
    return piece;
  }
};

}  // namespace

struct Gunzip::State {
  z_stream stream{};
  bool ready = false;
  State() { ready = inflateInit2(&stream, kGzipWindow) == Z_OK; }
  ~State() {
    if (ready) inflateEnd(&stream);
  }
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) {}
Gunzip::~Gunzip() = default;
Gunzip::Gunzip(Gunzip&&) noexcept = default;
Gunzip& Gunzip::operator=(Gunzip&&) noexcept = default;

Result<void> Gunzip::Some(std::string_view& input, std::string& out, size_t output_max) {
  if (!state_->ready) return MakeError(ErrorKind::kUnavailable, "No memory to decompress with.");
  z_stream& z = state_->stream;
  if (at_end_ && !input.empty()) {  // another member follows
    if (inflateReset(&z) != Z_OK) return NotGzip();
    at_end_ = false;
  }
  const size_t before = out.size();
  out.resize(before + output_max);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  z.avail_in = static_cast<uInt>(input.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data() + before);
  z.avail_out = static_cast<uInt>(output_max);
  const int code = inflate(&z, Z_NO_FLUSH);
  out.resize(before + output_max - z.avail_out);
  input.remove_prefix(input.size() - z.avail_in);
  if (code == Z_STREAM_END) {
    at_end_ = true;
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    return NotGzip();
  }
  return {};
}

Result<std::string> GunzipAll(std::string_view compressed, uint64_t bytes_max) {
  Gunzip gunzip;
  std::string out;
  while (true) {
    const size_t left = compressed.size();
    const size_t had = out.size();
    TRY(gunzip.Some(compressed, out, kPieceBytes));
    if (out.size() > bytes_max)
      return MakeError(
          ErrorKind::kLimit,
          "The body is larger than " + std::to_string(bytes_max) + " bytes once decompressed.",
          "body.too_large");
    if (gunzip.at_end() && compressed.empty()) return out;
    if (left == compressed.size() && had == out.size()) return NotGzip();
  }
}

bool AcceptsGzip(const http::Request& request) {
  const auto header = request.headers.Get("Accept-Encoding");
  if (!header) return false;
  std::string_view list = *header;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view item = Trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const size_t semicolon = item.find(';');
    const std::string_view coding = Trimmed(item.substr(0, semicolon));
    if (!EqualsIgnoringCase(coding, "gzip") && coding != "*") continue;
    if (semicolon == std::string_view::npos) return true;
    // "q=0", "q=0.0": refused.
    return item.substr(semicolon).find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

http::StreamBody GunzipBody(objects::ObjectContent opened) {
  auto stream = std::make_shared<GunzipStream>();
  stream->opened = std::move(opened);
  return {[stream] { return stream->Next(); }};
}

}  // namespace caudal::api::gcs
