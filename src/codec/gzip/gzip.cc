#include "codec/gzip/gzip.h"

#include <fmt/format.h>
#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

namespace caudal {
namespace {

constexpr int kGzipWindow = 15 + 16;     // zlib's way to say "gzip wrapper"
constexpr size_t kHeaderBytes = 10 + 8;  // and trailer
constexpr size_t kStoredBlock = 65'535;  // what can't be made smaller is stored in such blocks
constexpr size_t kStoredBlockHeader = 5;
constexpr size_t kStepBytes = 64 << 10;

Error Damaged() { return MakeError(ErrorKind::kInvalid, "the gzip data is damaged or cut off"); }

}  // namespace

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string Gzip(std::string_view text) {
  CAUDAL_CHECK(text.size() < std::numeric_limits<uint32_t>::max() / 2, "a text for memory");
  const size_t blocks = text.size() / kStoredBlock + 1;
  std::string out(text.size() + kHeaderBytes + blocks * kStoredBlockHeader, '\0');
  std::vector<uint8_t> work(ISAL_DEF_LVL1_DEFAULT);
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.level = 1;
  stream.level_buf = work.data();
  stream.level_buf_size = static_cast<uint32_t>(work.size());
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uint32_t>(text.size());
  stream.next_out = reinterpret_cast<uint8_t*>(out.data());
  stream.avail_out = static_cast<uint32_t>(out.size());
  CAUDAL_CHECK(isal_deflate_stateless(&stream) == COMP_OK, "room for the worst case");
  out.resize(stream.total_out);
  return out;
}

Result<std::string> Gunzip(std::string_view bytes, size_t bytes_max) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) return Damaged();
  z_stream stream{};
  CAUDAL_CHECK(inflateInit2(&stream, kGzipWindow) == Z_OK, "inflateInit2");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string text;
  while (true) {
    const size_t before = text.size();
    text.resize(before + std::max(kStepBytes, before));
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + before);
    stream.avail_out = static_cast<uInt>(std::min(text.size() - before, size_t{1} << 30));
    const uInt room = stream.avail_out;
    const int state = inflate(&stream, Z_NO_FLUSH);
    text.resize(before + (room - stream.avail_out));
    if (text.size() > bytes_max)
      return MakeError(ErrorKind::kLimit,
                       fmt::format("the gzip data is longer than {} bytes unpacked", bytes_max));
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) return text;
      inflateReset(&stream);  // another member
    } else if (state != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) {
      return Damaged();
    }
  }
}

}  // namespace caudal
