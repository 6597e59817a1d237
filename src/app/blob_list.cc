#include "app/blob_list.h"

#include <fmt/format.h>

#include <charconv>

#include "data/digest.h"

namespace caudal::app {
namespace {

constexpr size_t kPiece = 256u << 10;

template <class N>
bool Take(std::string_view& line, N& out, int base, bool last) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out, base);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()));
  if (last) return line.empty();
  if (!line.starts_with(' ')) return false;
  line.remove_prefix(1);
  return true;
}

}  // namespace

Result<BlobListWriter> BlobListWriter::Create(const std::string& path) {
  return BlobListWriter(TRY(os::File::Open(path, os::File::Mode::kCreateNew)));
}

Result<void> BlobListWriter::Add(const BlobLine& line) {
  fmt::format_to(std::back_inserter(buffer_), "{} {} {:08x}\n", line.blob, line.size, line.crc32c);
  ++count_;
  bytes_ += line.size;
  if (buffer_.size() >= kPiece) TRY(Flush());
  return {};
}

Result<void> BlobListWriter::Flush() {
  TRY(file_.WriteAt(offset_, buffer_));
  crc_ = Crc32c(buffer_, crc_);
  offset_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<void> BlobListWriter::Finish() { return Flush(); }

Result<BlobListReader> BlobListReader::Open(const std::string& path) {
  return BlobListReader(TRY(os::File::Open(path, os::File::Mode::kRead)), path);
}

Result<std::optional<BlobLine>> BlobListReader::Next() {
  size_t newline = buffer_.find('\n', at_);
  if (newline == std::string::npos) {
    buffer_.erase(0, at_);
    at_ = 0;
    const size_t kept = buffer_.size();
    buffer_.resize(kept + kPiece);
    const size_t read = TRY(file_.ReadAt(offset_, buffer_.data() + kept, kPiece));
    buffer_.resize(kept + read);
    crc_ = Crc32c(std::string_view(buffer_).substr(kept), crc_);
    offset_ += read;
    if (buffer_.empty()) return std::optional<BlobLine>();
    newline = buffer_.find('\n');
  }
  BlobLine line;
  std::string_view text(buffer_.data() + at_, newline == std::string::npos ? 0 : newline - at_);
  if (!Take(text, line.blob, 10, false) || !Take(text, line.size, 10, false) ||
      !Take(text, line.crc32c, 16, true) || line.blob <= last_)
    return MakeError(ErrorKind::kCorrupt, path_ + " is damaged; use another backup",
                     "backup.corrupt");
  at_ = newline + 1;
  last_ = line.blob;
  return std::optional<BlobLine>(line);
}

}  // namespace caudal::app
