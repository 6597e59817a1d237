#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace caudal::os {
namespace {

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

#if defined(CAUDAL_FAILPOINTS)
// What a test says is missing, to see what is lost without it.
bool IsLeftOut(const std::source_location& where) {
  static const char* left_out = std::getenv("CAUDAL_SKIP_SYNC");
  if (left_out == nullptr) return false;
  const std::string here = std::string(where.file_name()) + ":" + std::to_string(where.line());
  if (!here.ends_with(std::string("/") + left_out)) return false;
  // Tells the test that this place was reached.
  static const char* reached = std::getenv("CAUDAL_SKIP_SYNC_REACHED");
  if (reached != nullptr) ::close(::open(reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return true;
}
#else
constexpr bool IsLeftOut(const std::source_location&) { return false; }
#endif

void SyncFd(int fd, std::string_view what, const std::source_location& where) {
  if (IsLeftOut(where)) return;
  int failed = 0;
  do {
    failed = ::fsync(fd);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0)
    Fatal("fsync of " + std::string(what) + " failed: " + std::strerror(errno) +
          "; what was written may be lost, so Caudal stops: check the disk, then start again");
}

}  // namespace

Error ErrnoError(int number, std::string_view what) {
  ErrorKind kind = ErrorKind::kInternal;
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      kind = ErrorKind::kDiskFull;
      break;
    case ENOENT:
      kind = ErrorKind::kNotFound;
      break;
    case EEXIST:
      kind = ErrorKind::kAlreadyExists;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::kDenied;
      break;
    case EMFILE:
    case ENFILE:
      kind = ErrorKind::kLimit;
      break;
    case EIO:
      kind = ErrorKind::kCorrupt;
      break;
    case EXDEV:
      kind = ErrorKind::kUnsupported;
      break;
    case ELOOP:
      kind = ErrorKind::kInvalid;
      break;
    case EAGAIN:
    case EINTR:
    case EBUSY:
      kind = ErrorKind::kUnavailable;
      break;
    default:
      break;
  }
  return MakeError(kind, std::string(what) + ": " + std::strerror(number));
}

Result<File> File::Open(const std::string& path, Mode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case Mode::kRead:
      flags |= O_RDONLY;
      break;
    case Mode::kCreateNew:
      flags |= O_RDWR | O_CREAT | O_EXCL;
      break;
    case Mode::kReadWrite:
      flags |= O_RDWR;
      break;
    case Mode::kOpenOrCreate:
      flags |= O_RDWR | O_CREAT;
      break;
    case Mode::kReadPlain:
      flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
      break;
  }
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags, 0644);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return ErrnoError(errno, path);
  File file = FromFd(fd);
  if (mode != Mode::kReadPlain) return file;
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoError(errno, path);
  if (!S_ISREG(info.st_mode))
    return MakeError(ErrorKind::kInvalid, path + " is not a regular file");
  return file;
}

Result<File> File::OpenPlain(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ELOOP) return MakeError(ErrorKind::kInvalid, path + " is a link");
  if (fd < 0) return ErrnoError(errno, path);
  File file = FromFd(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoError(errno, path);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1)
    return MakeError(ErrorKind::kInvalid, path + " isn't a plain file of its own");
  return file;
}

File File::FromFd(int fd) {
  File file;
  file.fd_ = fd;
  return file;
}

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

File::~File() { Close(); }

void File::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<void> File::WriteAt(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, "write");
    }
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<size_t> File::ReadAt(uint64_t offset, char* out, size_t length) const {
  size_t done = 0;
  while (done < length) {
    const ssize_t n = ::pread(fd_, out + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, "read");
    }
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

Result<uint64_t> File::Size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return ErrnoError(errno, "fstat");
  return static_cast<uint64_t>(info.st_size);
}

Result<uint64_t> File::Links() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return ErrnoError(errno, "fstat");
  return static_cast<uint64_t>(info.st_nlink);
}

Result<void> File::Truncate(uint64_t size) {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return ErrnoError(errno, "truncate");
  return {};
}

void File::Sync(std::string_view what, std::source_location where) { SyncFd(fd_, what, where); }

Result<void> File::CopyFrom(const File& source, uint64_t source_offset, uint64_t offset,
                            uint64_t length) {
  while (length > 0) {
    auto from = static_cast<off64_t>(source_offset);
    auto to = static_cast<off64_t>(offset);
    const ssize_t n = ::copy_file_range(source.fd_, &from, fd_, &to, length, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "copy");
    if (n == 0)
      return MakeError(ErrorKind::kCorrupt, "copy: the source ends before its recorded size");
    source_offset += static_cast<uint64_t>(n);
    offset += static_cast<uint64_t>(n);
    length -= static_cast<uint64_t>(n);
  }
  return {};
}

void File::StartWriteback(uint64_t offset, uint64_t length) {
  (void)::sync_file_range(fd_, static_cast<off64_t>(offset), static_cast<off64_t>(length),
                          SYNC_FILE_RANGE_WRITE);
}

Result<std::string> ReadFile(const std::string& path, uint64_t bytes_max) {
  File file = TRY(File::Open(path, File::Mode::kRead));
  const uint64_t size = TRY(file.Size());
  if (size > bytes_max)
    return MakeError(ErrorKind::kLimit, path + " has " + std::to_string(size) +
                                            " bytes, more than the limit of " +
                                            std::to_string(bytes_max));
  std::string bytes(size, '\0');
  bytes.resize(TRY(file.ReadAt(0, bytes.data(), bytes.size())));
  return bytes;
}

Result<void> ReplaceFile(const std::string& path, std::string_view bytes, uint32_t mode) {
  const std::string temporary = path + ".new";
  (void)::unlink(temporary.c_str());
  {
    const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return ErrnoError(errno, temporary);
    ::close(fd);
    File file = TRY(File::Open(temporary, File::Mode::kReadWrite));
    TRY(file.WriteAt(0, bytes));
    // ext4 writes a file back that is renamed over another; POSIX doesn't promise that.
    file.Sync(temporary);
  }
  TRY(Rename(temporary, path));
  // The rename: ext4 stores it with the next sync of any file there; POSIX doesn't promise that.
  SyncDir(ParentOf(path));
  return {};
}

void SyncDir(const std::string& path, std::source_location where) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) Fatal("open of folder " + path + " to sync it failed: " + std::strerror(errno));
  SyncFd(fd, path, where);
  ::close(fd);
}

void SyncFileSystem(const std::string& path, std::source_location where) {
  if (IsLeftOut(where)) return;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) Fatal("open of " + path + " to sync its file system failed: " + std::strerror(errno));
  if (::syncfs(fd) != 0) Fatal("syncfs of " + path + " failed: " + std::strerror(errno));
  ::close(fd);
}

Result<void> MakeDirs(const std::string& path, uint32_t mode) {
  if (path.empty() || Exists(path)) return {};
  const std::string parent = ParentOf(path);
  if (parent != path) TRY(MakeDirs(parent));
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return {};
    return ErrnoError(errno, path);
  }
  // The new name: ext4 stores it with the sync of a file in it, more than POSIX promises.
  SyncDir(parent);
  return {};
}

Result<void> Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return ErrnoError(errno, path);
  return {};
}

Result<void> RemoveTree(const std::string& path) {
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure) return ErrnoError(failure.value(), path);
  return {};
}

Result<void> Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoError(errno, from + " to " + to);
  return {};
}

Result<void> HardLink(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return ErrnoError(errno, from + " to " + to);
  return {};
}

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

uint64_t SizeOf(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  return static_cast<uint64_t>(info.st_size);
}

Result<std::vector<DirEntry>> ListDir(const std::string& path) {
  std::vector<DirEntry> entries;
  std::error_code failure;
  for (std::filesystem::directory_iterator it(path, failure), end; !failure && it != end;
       it.increment(failure)) {
    std::error_code ignored;
    entries.push_back({it->path().filename().string(), it->is_directory(ignored)});
  }
  if (failure) return ErrnoError(failure.value(), path);
  std::sort(entries.begin(), entries.end(),
            [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
  return entries;
}

Result<DiskSpace> SpaceOf(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return ErrnoError(errno, path);
  return DiskSpace{info.f_blocks * info.f_frsize, info.f_bavail * info.f_frsize};
}

Result<FileLock> FileLock::Take(const std::string& path) {
  File file = TRY(File::Open(path, File::Mode::kOpenOrCreate));
  if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return MakeError(ErrorKind::kConflict, path + " is locked by another process");
    return ErrnoError(errno, path);
  }
  return FileLock(std::move(file));
}

bool WaitReadable(const File& file, std::chrono::milliseconds timeout) {
  pollfd waited{file.fd(), POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(timeout.count())) > 0;
}

Result<size_t> SendFile(int socket, const File& file, uint64_t offset, size_t length) {
  auto from = static_cast<off64_t>(offset);
  while (true) {
    const ssize_t n = ::sendfile64(socket, file.fd(), &from, length);
    if (n > 0) return static_cast<size_t>(n);
    if (n == 0) return MakeError(ErrorKind::kCorrupt, "the file ends before its recorded size");
    if (errno == EAGAIN) return static_cast<size_t>(0);
    if (errno != EINTR) return ErrnoError(errno, "sendfile");
  }
}

}  // namespace caudal::os
