// The metadata database: SQLite in WAL mode, synchronous=FULL, one writer thread with group commit.
//
// Durability: Write returns ok only when its transaction is on stable storage. Many Writes share
// one commit, and so one sync: a Write's function runs in a savepoint of the batch's transaction,
// and an error from it undoes that function alone. Want of space, in a statement or in the commit,
// fails the batch with kDiskFull and changes nothing; any other failure to make it durable ends the
// process (Fatal). Atomicity: readers see a whole batch or none of it, never a part of one
// function's work.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "meta/statement.h"

namespace caudal::meta {

// A step of a module's schema. `version` starts at 1 and has no holes within a module. Never edited
// once released.
struct Migration {
  std::string_view module;
  int version;
  std::string_view sql;
};

struct DatabaseOptions {
  std::string path;
  size_t batch_max = 512;              // functions in one commit
  size_t queue_max = 8192;             // waiting Writes; more get kLimit
  uint64_t wal_bytes_max = 64u << 20;  // above it the writer checkpoints before the next batch
  // The log file is filled up to this size when opened: overwriting it costs half the time of
  // appending to it.
  uint64_t wal_bytes_initial = 8u << 20;
  int readers_max = 64;                         // pooled read connections
  std::chrono::milliseconds reader_wait{5000};  // for a free one; then kLimit
  int64_t cache_kib = 16384;  // page cache of the writer; readers get an eighth each
};

class Writer;
struct BatchEffects;

// The transaction that a Write's function works in. Valid only during the call, on the writer
// thread.
class Tx : public Connection {
 public:
  // `dir` is synced before the commit, once a batch however many ask: new files in it become
  // durable with the metadata.
  void SyncDirBeforeCommit(const std::string& dir);
  // Runs on the writer thread after the commit is durable, in order of registration; must be short
  // and must not Write synchronously. Dropped when the function fails.
  void AfterCommit(std::function<void()> callback);
  // Runs on the writer thread when the outcome is known, committed or not, before anyone is told;
  // also when the function fails. As short as AfterCommit's.
  void AtEnd(std::function<void()> callback);

 private:
  friend class Writer;
  Tx(OpenConnection* connection, BatchEffects* effects)
      : Connection(connection), effects_(effects) {}
  BatchEffects* effects_;
};

// A consistent snapshot for reading; returns its connection to the pool when destroyed. Keep it
// short: an open reader holds the WAL back. One thread at a time.
class ReadTx : public Connection {
 public:
  ReadTx(ReadTx&&) noexcept;
  ReadTx& operator=(ReadTx&&) = delete;
  ~ReadTx();

 private:
  friend class Database;
  ReadTx(class Database* owner, OpenConnection* connection)
      : Connection(connection), owner_(owner) {}
  class Database* owner_;
};

struct DatabaseStats {
  uint64_t commits = 0;
  uint64_t writes = 0;  // functions committed
  uint64_t commit_micros_total = 0;
  uint64_t checkpoints = 0;
  uint64_t wal_bytes = 0;
};

class Database {
 public:
  // Opens or creates; applies missing migrations in one transaction. kUnsupported when the file
  // holds a module version newer than `migrations` know (made by a newer Caudal); kCorrupt when
  // SQLite can't read it.
  static Result<std::unique_ptr<Database>> Open(const DatabaseOptions& options,
                                                std::span<const Migration> migrations);
  // Shuts down, checkpoints, closes. All ReadTx must be gone.
  ~Database();

  // Finishes the queued writes; later ones get kUnavailable. Reads go on. Idempotent; not from the
  // writer thread.
  void Shutdown();

  // Runs `fn(Tx&) -> Result<T>` in the next group commit and waits until it is durable. Never from
  // the writer thread (a `done`, an AfterCommit or another function): that is a defect (Fatal).
  template <class Fn>
  auto Write(Fn&& fn) -> std::invoke_result_t<Fn, Tx&>;

  // The same without waiting. `done` runs on the writer thread after the commit (or with the
  // error); must be short. When the queue is full (kLimit) or the database shuts down
  // (kUnavailable) `done` runs at once, on the calling thread.
  void WriteAsync(std::function<Result<void>(Tx&)> fn, std::function<void(Result<void>)> done);

  Result<ReadTx> Read();

  // A consistent copy into a new file, while writes go on; there under its name only when complete.
  // Not synced: the caller syncs it with what belongs to it. kAlreadyExists when there is such a
  // file.
  Result<void> BackupTo(const std::string& path);
  // PRAGMA integrity_check and foreign_key_check; the problems, none when sound.
  Result<std::vector<std::string>> CheckIntegrity();
  // "auth 2, objects 5": the modules and their versions, for people.
  const std::string& schema_version() const;
  DatabaseStats stats() const;

  struct Impl;

 private:
  friend class ReadTx;
  explicit Database(std::unique_ptr<Impl> impl);
  Result<void> WriteAndWait(std::function<Result<void>(Tx&)> fn);
  std::unique_ptr<Impl> impl_;
};

template <class Fn>
auto Database::Write(Fn&& fn) -> std::invoke_result_t<Fn, Tx&> {
  using R = std::invoke_result_t<Fn, Tx&>;
  // `outcome` is written on the writer thread, read here once that has reported.
  std::optional<R> outcome;
  Result<void> committed = WriteAndWait([&](Tx& tx) -> Result<void> {
    outcome.emplace(fn(tx));
    if (!outcome->ok()) return outcome->error();
    return {};
  });
  if (!committed.ok()) return std::move(committed).error();
  return std::move(*outcome);
}

}  // namespace caudal::meta
