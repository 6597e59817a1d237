#include "codec/avro/compression.h"

#include <fmt/format.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace caudal::avro {
namespace {

constexpr size_t kStepBytes = 64 << 10;
// No Snappy element makes more than 64 bytes of 3.
constexpr size_t kSnappyRatioMax = 32;

Error Damaged(std::string_view what) {
  return MakeError(ErrorKind::kInvalid, fmt::format("a block's {} data is damaged", what));
}

Error TooLong(size_t bytes_max) {
  return MakeError(ErrorKind::kLimit,
                   fmt::format("a block is longer than {} bytes uncompressed", bytes_max));
}

Result<void> Inflate(std::string_view block, size_t bytes_max, std::string& out) {
  if (block.size() > std::numeric_limits<uInt>::max()) return TooLong(bytes_max);
  z_stream stream{};
  CAUDAL_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "inflateInit2");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));
  stream.avail_in = static_cast<uInt>(block.size());
  out.clear();
  while (true) {
    const size_t before = out.size();
    if (before > bytes_max) return TooLong(bytes_max);
    out.resize(before + std::max(kStepBytes, before));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(std::min(out.size() - before, size_t{1} << 30));
    const auto given = stream.avail_out;
    const int status = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + (given - stream.avail_out));
    if (status == Z_STREAM_END) break;
    if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0))
      return Damaged("deflate");
  }
  // What follows the end is left alone: fastavro leaves three bytes of zlib's checksum there.
  if (out.size() > bytes_max) return TooLong(bytes_max);
  return {};
}

Result<void> Unsnap(std::string_view block, size_t bytes_max, std::string& out) {
  if (block.size() < 4) return Damaged("snappy");
  const std::string_view sum = block.substr(block.size() - 4);
  block.remove_suffix(4);
  size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) return Damaged("snappy");
  if (size > bytes_max) return TooLong(bytes_max);
  if (size > block.size() * kSnappyRatioMax) return Damaged("snappy");
  out.resize(size);
  if (!snappy::RawUncompress(block.data(), block.size(), out.data())) return Damaged("snappy");
  uint32_t expected = 0;
  for (const char c : sum) expected = expected << 8 | static_cast<uint8_t>(c);
  const auto actual = static_cast<uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(out.data()), out.size()));
  if (actual != expected)
    return MakeError(ErrorKind::kInvalid, "a block's checksum is not that of its bytes");
  return {};
}

Result<void> Unzstd(std::string_view block, size_t bytes_max, std::string& out) {
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                        &ZSTD_freeDStream);
  CAUDAL_CHECK(stream != nullptr, "ZSTD_createDStream");
  // A frame may ask for a window; 128 MiB is what the command line tool accepts as well.
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, 27);
  ZSTD_inBuffer in{block.data(), block.size(), 0};
  out.clear();
  size_t hint = 1;
  while (in.pos < in.size || hint != 0) {
    const size_t before = out.size();
    if (before > bytes_max) return TooLong(bytes_max);
    out.resize(before + std::max(kStepBytes, before));
    ZSTD_outBuffer to{out.data() + before, out.size() - before, 0};
    const size_t read_before = in.pos;
    hint = ZSTD_decompressStream(stream.get(), &to, &in);
    out.resize(before + to.pos);
    if (ZSTD_isError(hint) != 0) return Damaged("zstandard");
    if (hint != 0 && to.pos == 0 && in.pos == read_before) return Damaged("zstandard");
  }
  if (out.size() > bytes_max) return TooLong(bytes_max);
  return {};
}

}  // namespace

Result<Compression> ParseCompression(std::string_view name) {
  if (name.empty() || name == "null") return Compression::kNone;
  if (name == "deflate") return Compression::kDeflate;
  if (name == "snappy") return Compression::kSnappy;
  if (name == "zstandard") return Compression::kZstandard;
  return MakeError(ErrorKind::kUnsupported,
                   fmt::format("Avro compression \"{}\": write the file with null, deflate, snappy "
                               "or zstandard",
                               name.substr(0, 40)));
}

Result<void> Decompress(Compression compression, std::string_view block, size_t bytes_max,
                        std::string& out) {
  switch (compression) {
    case Compression::kDeflate:
      return Inflate(block, bytes_max, out);
    case Compression::kSnappy:
      return Unsnap(block, bytes_max, out);
    case Compression::kZstandard:
      return Unzstd(block, bytes_max, out);
    case Compression::kNone:
      break;
  }
  if (block.size() > bytes_max) return TooLong(bytes_max);
  out.assign(block);
  return {};
}

std::string Deflate(std::string_view bytes) {
  CAUDAL_CHECK(bytes.size() < (size_t{1} << 30), "a block of less than 1 GiB");
  z_stream stream{};
  CAUDAL_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                            Z_DEFAULT_STRATEGY) == Z_OK,
               "deflateInit2");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  CAUDAL_CHECK(status == Z_STREAM_END, "deflate");
  return out;
}

}  // namespace caudal::avro
