#include "meta/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <future>

#include "base/log.h"
#include "meta/backup.h"
#include "meta/checkpointer.h"
#include "meta/open_connection.h"
#include "meta/reader_pool.h"
#include "meta/schema.h"
#include "meta/writer.h"
#include "os/file.h"

namespace caudal::meta {
namespace {

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Result<uint64_t> SizeOf(const std::string& path) {
  if (!os::Exists(path)) return uint64_t{0};
  const os::File file = TRY(os::File::Open(path, os::File::Mode::kRead));
  return file.Size();
}

// SQLite would take a lone log for a left-over and delete it, with all that it holds.
Result<void> RefuseLoneLog(const std::string& path) {
  if (TRY(SizeOf(path)) > 0 || TRY(SizeOf(path + "-wal")) == 0) return {};
  return MakeError(ErrorKind::kCorrupt,
                   fmt::format("{} is missing or empty, but its log {}-wal isn't: put the database "
                               "file back, or restore a backup",
                               path, path));
}

Result<void> UseLog(OpenConnection& connection) {
  TRY(connection.Execute("PRAGMA journal_mode = WAL"));
  // A refusal is no error; only the mode that the pragma reports tells.
  bool wal = false;
  const auto look = [](void* out, int, char** values, char**) -> int {
    *static_cast<bool*>(out) = std::string_view(values[0]) == "wal";
    return 0;
  };
  sqlite3_exec(connection.db(), "PRAGMA journal_mode", look, &wal, nullptr);
  if (wal) return {};
  return MakeError(ErrorKind::kUnsupported,
                   fmt::format("{}: the file system doesn't carry SQLite's write-ahead log (shared "
                               "memory is needed); use a local file system",
                               connection.path()));
}

constexpr uint64_t kSpaceFactor = 16;

// Zeros end the log as its reader sees it, so this changes nothing but the speed of the first
// commits; so a failure doesn't matter, and a disk without plenty of room is left alone.
void FillLog(const std::string& path, uint64_t bytes) {
  const Result<os::DiskSpace> space = os::SpaceOf(ParentOf(path));
  if (!space.ok() || space->bytes_available / kSpaceFactor < bytes) return;
  Result<os::File> log = os::File::Open(path + "-wal", os::File::Mode::kReadWrite);
  if (!log.ok()) return;
  const Result<uint64_t> size = log->Size();
  if (!size.ok() || *size >= bytes) return;
  const std::string zeros(1 << 20, '\0');
  for (uint64_t at = *size; at < bytes; at += zeros.size()) {
    const uint64_t length = std::min<uint64_t>(zeros.size(), bytes - at);
    if (!log->WriteAt(at, std::string_view(zeros).substr(0, length)).ok()) return;
  }
  log->Sync(path + "-wal");  // not for safety: so that the first commit doesn't pay for it
}

}  // namespace

struct Database::Impl {
  DatabaseOptions options;
  std::string schema_version;
  // In order of construction: the writer uses the checkpointer, and the last connection to close
  // (the writer's) moves the log into the file and removes it.
  std::unique_ptr<Checkpointer> checkpointer;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<ReaderPool> readers;
};

Result<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options,
                                                 std::span<const Migration> migrations) {
  TRY(RefuseLoneLog(options.path));
  using Role = OpenConnection::Role;
  auto writer = TRY(OpenConnection::Open(options.path, Role::kWriter, options.cache_kib));
  TRY(CheckOwner(*writer));
  TRY(UseLog(*writer));
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->schema_version = TRY(ApplyMigrations(*writer, migrations));
  // The new file's name: SQLite syncs the file only. ext4 stores the name with it; POSIX doesn't
  // promise that.
  os::SyncDir(ParentOf(options.path));
  FillLog(options.path, std::min(options.wal_bytes_initial, options.wal_bytes_max));
  impl->checkpointer = std::make_unique<Checkpointer>(
      TRY(OpenConnection::Open(options.path, Role::kCheckpointer, options.cache_kib / 8)));
  impl->writer = std::make_unique<Writer>(options, std::move(writer), impl->checkpointer.get());
  impl->readers = std::make_unique<ReaderPool>(options.path, options.cache_kib / 8,
                                               options.readers_max, options.reader_wait);
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Database::~Database() {
  Shutdown();
  impl_->readers.reset();
}

void Database::Shutdown() { impl_->writer->Stop(); }

void Database::WriteAsync(std::function<Result<void>(Tx&)> fn,
                          std::function<void(Result<void>)> done) {
  impl_->writer->Enqueue(std::move(fn), std::move(done));
}

Result<void> Database::WriteAndWait(std::function<Result<void>(Tx&)> fn) {
  CAUDAL_CHECK(!impl_->writer->IsThisThread(),
               "a Write that waits on the writer thread for itself");
  // Shared: the writer thread may still be inside set_value when this one goes on.
  auto durable = std::make_shared<std::promise<Result<void>>>();
  WriteAsync(std::move(fn),
             [durable](Result<void> result) { durable->set_value(std::move(result)); });
  return durable->get_future().get();
}

Result<ReadTx> Database::Read() { return ReadTx(this, TRY(impl_->readers->Acquire()).release()); }

ReadTx::ReadTx(ReadTx&& other) noexcept
    : Connection(std::exchange(other.handle_, nullptr)), owner_(other.owner_) {}

ReadTx::~ReadTx() {
  if (handle_ != nullptr) owner_->impl_->readers->Release(std::unique_ptr<OpenConnection>(handle_));
}

Result<void> Database::BackupTo(const std::string& path) {
  return CopyDatabase(impl_->options.path, path);
}

Result<std::vector<std::string>> Database::CheckIntegrity() {
  return FindProblems(impl_->options.path);
}

const std::string& Database::schema_version() const { return impl_->schema_version; }

DatabaseStats Database::stats() const {
  DatabaseStats stats;
  impl_->writer->AddStats(stats);
  stats.checkpoints = impl_->checkpointer->checkpoints();
  return stats;
}

}  // namespace caudal::meta
