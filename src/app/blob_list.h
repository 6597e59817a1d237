// The list of files in a backup: a line "<blob> <size> <crc32c, 8 hex>\n" for each, by ascending
// blob. Read and written in pieces: a backup may have millions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "os/file.h"

namespace caudal::app {

struct BlobLine {
  int64_t blob = 0;
  uint64_t size = 0;
  uint32_t crc32c = 0;
};

class BlobListWriter {
 public:
  static Result<BlobListWriter> Create(const std::string& path);
  Result<void> Add(const BlobLine& line);
  // Writes what is left. The file is synced with the rest of the backup.
  Result<void> Finish();

  uint64_t count() const { return count_; }
  uint64_t bytes() const { return bytes_; }  // of the blobs
  uint32_t crc32c() const { return crc_; }   // of the list

 private:
  explicit BlobListWriter(os::File file) : file_(std::move(file)) {}
  Result<void> Flush();
  os::File file_;
  std::string buffer_;
  uint64_t offset_ = 0;
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
  uint32_t crc_ = 0;
};

class BlobListReader {
 public:
  static Result<BlobListReader> Open(const std::string& path);
  // Nothing at the end; kCorrupt when a line is malformed or out of order.
  Result<std::optional<BlobLine>> Next();
  // Of the bytes read so far; of the whole list after the end.
  uint32_t crc32c() const { return crc_; }

 private:
  BlobListReader(os::File file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  os::File file_;
  std::string path_;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t offset_ = 0;
  int64_t last_ = -1;
  uint32_t crc_ = 0;
};

}  // namespace caudal::app
