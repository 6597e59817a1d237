// Files, folders and their durability. The only module that makes these system calls.
//
// Durability: bytes are on stable storage only after Sync; a new, renamed or removed name only
// after SyncDir of its folder. A sync that fails ends the process (Fatal): the kernel may have
// dropped the dirty pages, so a retry that succeeds would prove nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal::os {

// An open file. Move-only; closes itself. Reads and writes at offsets are thread-safe.
class File {
 public:
  enum class Mode : uint8_t {
    kRead,          // must exist
    kCreateNew,     // must not exist; read and write
    kReadWrite,     // must exist
    kOpenOrCreate,  // read and write
    kReadPlain      // must exist and be a regular file; kInvalid for a link or anything else
  };
  static Result<File> Open(const std::string& path, Mode mode);
  // For reading, what somebody else put there: kInvalid unless it is a plain file with no other
  // name.
  static Result<File> OpenPlain(const std::string& path);
  static File FromFd(int fd);  // takes it over

  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  Result<void> WriteAt(uint64_t offset, std::string_view bytes);  // all or an error
  // Reads up to `length` bytes; fewer only at the end of the file.
  Result<size_t> ReadAt(uint64_t offset, char* out, size_t length) const;
  Result<uint64_t> Size() const;
  Result<uint64_t> Links() const;  // how many names it has
  Result<void> Truncate(uint64_t size);
  // fsync; Fatal on failure, naming `what`.
  void Sync(std::string_view what, std::source_location where = std::source_location::current());
  // Copies `length` bytes from `source` at `source_offset`, in the kernel where it can.
  Result<void> CopyFrom(const File& source, uint64_t source_offset, uint64_t offset,
                        uint64_t length);
  // Starts writing dirty pages back without waiting: makes a later Sync short. A hint only.
  void StartWriteback(uint64_t offset, uint64_t length);
  void Close();

 private:
  int fd_ = -1;
};

Result<std::string> ReadFile(const std::string& path, uint64_t bytes_max);
// Writes `bytes` to `path` so that a crash leaves the old or the new content: temporary file, Sync,
// rename, SyncDir.
Result<void> ReplaceFile(const std::string& path, std::string_view bytes, uint32_t mode = 0644);
void SyncDir(const std::string& path,
             std::source_location where = std::source_location::current());  // Fatal on failure
// Everything dirty in the file system that holds `path`; Fatal on failure.
void SyncFileSystem(const std::string& path,
                    std::source_location where = std::source_location::current());

// Each new folder's parent is synced. `mode` is that of the last folder.
Result<void> MakeDirs(const std::string& path, uint32_t mode = 0755);
Result<void> Remove(const std::string& path);  // a file; kNotFound if absent
Result<void> RemoveTree(const std::string& path);
// kUnsupported across file systems. A link is moved itself, not what it names.
Result<void> Rename(const std::string& from, const std::string& to);
Result<void> HardLink(const std::string& from, const std::string& to);
bool Exists(const std::string& path);
uint64_t SizeOf(const std::string& path);  // of a plain file; 0 when there is none

struct DirEntry {
  std::string name;
  bool is_dir = false;
};
Result<std::vector<DirEntry>> ListDir(const std::string& path);  // sorted by name

struct DiskSpace {
  uint64_t bytes_total = 0;
  uint64_t bytes_available = 0;
};
Result<DiskSpace> SpaceOf(const std::string& path);

// An exclusive advisory lock on a file, held until destruction. kConflict when another process
// holds it.
class FileLock {
 public:
  static Result<FileLock> Take(const std::string& path);

 private:
  explicit FileLock(File file) : file_(std::move(file)) {}
  File file_;
};

// Whether a pipe or socket has something to read, or its end, before `timeout` has passed.
bool WaitReadable(const File& file, std::chrono::milliseconds timeout);

// Sends a range of `file` to a non-blocking socket. Returns bytes sent, 0 when the socket would
// block.
Result<size_t> SendFile(int socket, const File& file, uint64_t offset, size_t length);

// An Error from errno: ENOSPC and EDQUOT are kDiskFull, ENOENT kNotFound, EEXIST kAlreadyExists,
// others kUnavailable or kInternal.
Error ErrnoError(int number, std::string_view what);

}  // namespace caudal::os
