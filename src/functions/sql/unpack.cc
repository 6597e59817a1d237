#include "functions/sql/unpack.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>
#include <string_view>

namespace caudal::functions {
namespace {

constexpr size_t kPieceBytes = 256u << 10;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to say "gzip wrapper"
constexpr int kZstdWindowLogMax = 27;

Error Damaged(std::string_view kind, std::string_view how) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("it isn't {}, or it is damaged ({})", kind, how), "input.packed");
}

// Turns packed bytes into plain ones, piece by piece.
class Unpacker {
 public:
  virtual ~Unpacker() = default;
  // Takes some of `in` off its front, and writes up to `length` bytes; returns how many.
  virtual Result<size_t> Some(std::string_view& in, char* out, size_t length) = 0;
  // Whether the packed bytes may end here.
  virtual bool at_end() const = 0;
};

class Gunzip final : public Unpacker {
 public:
  Gunzip() { ready_ = inflateInit2(&stream_, kGzipWindow) == Z_OK; }
  ~Gunzip() override {
    if (ready_) inflateEnd(&stream_);
  }
  Result<size_t> Some(std::string_view& in, char* out, size_t length) override {
    if (!ready_) return MakeError(ErrorKind::kLimit, "no memory to unpack gzip");
    if (at_end_ && !in.empty()) {  // another member
      inflateReset(&stream_);
      at_end_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(length);
    const int state = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    at_end_ = state == Z_STREAM_END;
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
      return Damaged("gzip", stream_.msg == nullptr ? "no reason given" : stream_.msg);
    return length - stream_.avail_out;
  }
  bool at_end() const override { return at_end_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool at_end_ = false;
};

class Unzstd final : public Unpacker {
 public:
  Unzstd() : stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (stream_) ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }
  Result<size_t> Some(std::string_view& in, char* out, size_t length) override {
    if (!stream_) return MakeError(ErrorKind::kLimit, "no memory to unpack zstd");
    ZSTD_inBuffer source{in.data(), in.size(), 0};
    ZSTD_outBuffer target{out, length, 0};
    const size_t left = ZSTD_decompressStream(stream_.get(), &target, &source);
    if (ZSTD_isError(left)) return Damaged("zstd", ZSTD_getErrorName(left));
    in.remove_prefix(source.pos);
    at_end_ = left == 0;
    return target.pos;
  }
  bool at_end() const override { return at_end_; }

 private:
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  bool at_end_ = false;
};

std::unique_ptr<Unpacker> UnpackerOf(Compression compression) {
  if (compression == Compression::kZstd) return std::make_unique<Unzstd>();
  return std::make_unique<Gunzip>();
}

}  // namespace

Result<uint64_t> Unpack(Compression compression, const os::File& packed, const std::string& path,
                        uint64_t bytes_max, const std::function<Result<void>()>& go_on) {
  os::File plain = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
  const std::unique_ptr<Unpacker> unpacker = UnpackerOf(compression);
  std::string in(kPieceBytes, '\0');
  std::string out(kPieceBytes, '\0');
  uint64_t read = 0;
  uint64_t written = 0;
  while (true) {
    const size_t got = TRY(packed.ReadAt(read, in.data(), in.size()));
    if (got == 0) break;
    read += got;
    std::string_view rest(in.data(), got);
    size_t made = 0;
    // Also when all was taken: a full buffer may mean that there is more to come.
    while (!rest.empty() || made == out.size()) {
      TRY(go_on());
      made = TRY(unpacker->Some(rest, out.data(), out.size()));
      if (written + made > bytes_max)
        return MakeError(ErrorKind::kInvalid,
                         fmt::format("it unpacks to more than {} bytes, the limit; raise "
                                     "'unpacked_max' if such files are meant",
                                     bytes_max),
                         "input.unpacked");
      TRY(plain.WriteAt(written, std::string_view(out.data(), made)));
      written += made;
    }
  }
  if (!unpacker->at_end())
    return read == 0 ? MakeError(ErrorKind::kInvalid, "it is empty", "input.empty")
                     : MakeError(ErrorKind::kInvalid, "it is cut short", "input.packed");
  return written;
}

}  // namespace caudal::functions
