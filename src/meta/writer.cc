#include "meta/writer.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <exception>

#include "base/failpoint.h"
#include "base/log.h"
#include "meta/sql_error.h"
#include "os/file.h"

namespace caudal::meta {
namespace {

constexpr uint64_t kFrameBytes = 4096 + 24;

void CallGuarded(const char* what, const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& e) {
    LogError("a callback of the metadata writer threw", {{"callback", what}, {"error", e.what()}});
  } catch (...) {
    LogError("a callback of the metadata writer threw", {{"callback", what}});
  }
}

}  // namespace

void Tx::SyncDirBeforeCommit(const std::string& dir) { effects_->dirs.push_back(dir); }

void Tx::AfterCommit(std::function<void()> callback) {
  effects_->callbacks.push_back(std::move(callback));
}

void Tx::AtEnd(std::function<void()> callback) { effects_->ends.push_back(std::move(callback)); }

Writer::Writer(const DatabaseOptions& options, std::unique_ptr<OpenConnection> connection,
               Checkpointer* checkpointer)
    : options_(options),
      connection_(std::move(connection)),
      checkpointer_(checkpointer),
      restart_above_bytes_(options.wal_bytes_max) {
  sqlite3_wal_hook(connection_->db(), &Writer::OnCommit, this);
  thread_ = std::thread([this] { Loop(); });
  thread_id_ = thread_.get_id();
}

Writer::~Writer() { Stop(); }

void Writer::Stop() {
  CAUDAL_CHECK(!IsThisThread(), "the metadata writer can't stop itself");
  MutexLock stop(stop_mutex_);
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyOne();
  }
  thread_.join();
}

void Writer::Enqueue(std::function<Result<void>(Tx&)> fn, std::function<void(Result<void>)> done) {
  Error refusal;
  {
    MutexLock lock(mutex_);
    if (!stopping_ && queue_.size() < options_.queue_max) [[likely]] {
      queue_.push_back({std::move(fn), std::move(done)});
      if (idle_) wake_.NotifyOne();
      return;
    }
    refusal = stopping_ ? MakeError(ErrorKind::kUnavailable,
                                    "the metadata database is shutting down; retry when it is back")
                        : MakeError(ErrorKind::kLimit,
                                    fmt::format("{} metadata writes are waiting already; retry "
                                                "later",
                                                options_.queue_max));
  }
  done(std::move(refusal));
}

void Writer::AddStats(DatabaseStats& stats) const {
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.writes = writes_.load(std::memory_order_relaxed);
  stats.commit_micros_total = commit_micros_total_.load(std::memory_order_relaxed);
  stats.wal_bytes =
      static_cast<uint64_t>(log_frames_.load(std::memory_order_relaxed)) * kFrameBytes;
}

int Writer::OnCommit(void* self, sqlite3*, const char*, int frames) {
  static_cast<Writer*>(self)->log_frames_.store(frames, std::memory_order_relaxed);
  return SQLITE_OK;
}

void Writer::Loop() {
  Batch batch;
  while (TakeBatch(batch)) {
    RestartLogIfLarge();
    RunBatch(batch);
    batch.clear();
  }
}

bool Writer::TakeBatch(Batch& batch) {
  MutexLock lock(mutex_);
  while (queue_.empty()) {
    if (stopping_) return false;
    idle_ = true;
    wake_.Wait(mutex_);
    idle_ = false;
  }
  const size_t count = std::min(queue_.size(), options_.batch_max);
  for (size_t i = 0; i < count; ++i) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return true;
}

// Overwriting the log from its start costs less than letting it grow, and bounds the disk.
void Writer::RestartLogIfLarge() {
  const uint64_t bytes =
      static_cast<uint64_t>(log_frames_.load(std::memory_order_relaxed)) * kFrameBytes;
  if (bytes <= restart_above_bytes_) {
    if (bytes < options_.wal_bytes_max) restart_above_bytes_ = options_.wal_bytes_max;
    return;
  }
  if (checkpointer_->Restart(*connection_)) {
    restart_above_bytes_ = options_.wal_bytes_max;
    log_frames_.store(0, std::memory_order_relaxed);
    return;
  }
  // Each try makes every write wait, so the next is made when the log is a quarter larger.
  restart_above_bytes_ = bytes + bytes / 4;
  LogWarning("a long read keeps the metadata log from being reused", {{"wal_bytes", bytes}});
}

void Writer::RunBatch(Batch& batch) {
  results_.assign(batch.size(), Result<void>());
  const auto start = std::chrono::steady_clock::now();
  Result<void> outcome = Transact(batch, results_);
  if (!outcome.ok()) {
    Rollback();
    for (Result<void>& result : results_)
      if (result.ok()) result = outcome.error();
  } else {
    for (const auto& callback : effects_.callbacks) CallGuarded("after commit", callback);
  }
  for (const auto& callback : effects_.ends) CallGuarded("at end", callback);
  connection_->ClearBroken();
  effects_.dirs.clear();
  effects_.callbacks.clear();
  effects_.ends.clear();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::steady_clock::now() - start)
                          .count();
  if (outcome.ok()) {
    const auto written = std::ranges::count_if(results_, [](const auto& r) { return r.ok(); });
    commits_.fetch_add(written > 0 ? 1 : 0, std::memory_order_relaxed);
    writes_.fetch_add(static_cast<uint64_t>(written), std::memory_order_relaxed);
    commit_micros_total_.fetch_add(static_cast<uint64_t>(micros), std::memory_order_relaxed);
    checkpointer_->LogHas(log_frames_.load(std::memory_order_relaxed));
  }
  for (size_t i = 0; i < batch.size(); ++i)
    CallGuarded("done", [&] { batch[i].done(std::move(results_[i])); });
}

// Ok when what results call ok is durable. An error means that the whole batch failed.
Result<void> Writer::Transact(Batch& batch, Results& results) {
  FAILPOINT("meta.batch.begin");
  TRY(Control("BEGIN IMMEDIATE"));
  // Alone in its batch, a function that fails takes the transaction with it.
  const bool savepoints = batch.size() > 1;
  bool any = false;
  for (size_t i = 0; i < batch.size(); ++i) {
    results[i] = RunOne(batch[i], savepoints);
    any |= results[i].ok();
    if (connection_->broken()) return *connection_->broken();
  }
  if (!any) {
    Rollback();
    return {};
  }
  SyncDirs();
  FAILPOINT("meta.batch.before_commit");
  TRY(Commit());
  FAILPOINT_NO_ERROR("meta.batch.after_commit");
  return {};
}

Result<void> Writer::RunOne(Request& request, bool savepoint) {
  const size_t dirs = effects_.dirs.size();
  const size_t callbacks = effects_.callbacks.size();
  if (savepoint) TRY(Control("SAVEPOINT one"));
  Result<void> result = Call(request);
  CAUDAL_CHECK(connection_->statements_in_use() == 0, "a statement outlives its Tx");
  if (connection_->broken()) return result.ok() ? *connection_->broken() : std::move(result);
  if (!result.ok()) {
    effects_.dirs.resize(dirs);
    effects_.callbacks.resize(callbacks);
    if (savepoint) {
      // What can't be undone alone takes the batch with it.
      Result<void> undone = Control("ROLLBACK TO one");
      if (!undone.ok() && !connection_->broken()) connection_->SetBroken(undone.error());
    }
  }
  if (savepoint && !connection_->broken()) {
    Result<void> released = Control("RELEASE one");
    if (!released.ok()) {
      connection_->SetBroken(released.error());
      if (result.ok()) result = std::move(released);
    }
  }
  return result;
}

Result<void> Writer::Call(Request& request) {
  Tx tx(connection_.get(), &effects_);
  Result<void> result;
  try {
    result = request.fn(tx);
  } catch (const std::exception& e) {
    result = MakeError(ErrorKind::kInternal, fmt::format("a metadata write threw: {}", e.what()));
  } catch (...) {
    result = MakeError(ErrorKind::kInternal, "a metadata write threw");
  }
  if (!result.ok()) return result;
  // A deferred foreign key left dangling would make the commit of the whole batch fail.
  int dangling = 0;
  int high = 0;
  sqlite3_db_status(connection_->db(), SQLITE_DBSTATUS_DEFERRED_FKS, &dangling, &high, 0);
  if (dangling != 0)
    return MakeError(ErrorKind::kConflict,
                     fmt::format("{}: FOREIGN KEY constraint failed", connection_->path()));
  return result;
}

Result<void> Writer::Commit() {
  CachedStatement* commit = TRY(connection_->Acquire("COMMIT"));
  const int code = sqlite3_step(commit->statement);
  Result<void> result;
  if (code != SQLITE_DONE) {
    const Error error = connection_->ErrorOf(code, "COMMIT");
    FatalIfSyncFailed(code, connection_->path());
    // The log may or may not hold the commit: only a restart, which reads it, can tell.
    if ((code & 0xff) == SQLITE_IOERR && !error.Is(ErrorKind::kDiskFull))
      Fatal("the metadata commit failed: " + error.message);
    result = error;
  }
  connection_->Release(commit);
  return result;
}

void Writer::Rollback() {
  if (sqlite3_get_autocommit(connection_->db()) != 0) return;
  Result<void> undone = Control("ROLLBACK");
  if (sqlite3_get_autocommit(connection_->db()) == 0)
    Fatal("the metadata transaction can't be rolled back: " +
          (undone.ok() ? connection_->path() : undone.error().message));
}

Result<void> Writer::Control(const char* sql) {
  CachedStatement* statement = TRY(connection_->Acquire(sql));
  const int code = sqlite3_step(statement->statement);
  Result<void> result;
  if (code != SQLITE_DONE) result = connection_->ErrorOf(code, sql);
  connection_->Release(statement);
  return result;
}

void Writer::SyncDirs() {
  std::vector<std::string>& dirs = effects_.dirs;
  std::ranges::sort(dirs);
  dirs.erase(std::unique(dirs.begin(), dirs.end()), dirs.end());
  // On ext4 the sync of a new file has stored its name already; POSIX doesn't promise that.
  for (const std::string& dir : dirs) os::SyncDir(dir);
}

}  // namespace caudal::meta
