#include "meta/checkpointer.h"

#include <sqlite3.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "meta/sql_error.h"

namespace caudal::meta {
namespace {

constexpr int kFramesNew = 1000;
constexpr int kRestartWaitMs = 20;  // every write waits meanwhile
constexpr int kBusyTimeoutMs = 5000;

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<OpenConnection> connection)
    : connection_(std::move(connection)), thread_([this] { Loop(); }) {}

Checkpointer::~Checkpointer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyOne();
  }
  thread_.join();
}

void Checkpointer::LogHas(int frames) {
  const int last = frames_at_last_.load(std::memory_order_relaxed);
  if (frames < last) {
    frames_at_last_.store(0, std::memory_order_relaxed);  // the log has begun anew
    return;
  }
  if (frames - last < kFramesNew) return;
  frames_at_last_.store(frames, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  wanted_ = true;
  wake_.NotifyOne();
}

void Checkpointer::Loop() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (!wanted_ && !stopping_) wake_.Wait(mutex_);
      if (stopping_) return;
      wanted_ = false;
    }
    MutexLock lock(one_at_a_time_);
    Checkpoint(*connection_, SQLITE_CHECKPOINT_PASSIVE);
  }
}

bool Checkpointer::Restart(OpenConnection& writer) {
  MutexLock lock(one_at_a_time_);
  sqlite3_busy_timeout(writer.db(), kRestartWaitMs);
  const bool done = Checkpoint(writer, SQLITE_CHECKPOINT_RESTART);
  sqlite3_busy_timeout(writer.db(), kBusyTimeoutMs);
  return done;
}

bool Checkpointer::Checkpoint(OpenConnection& connection, int mode) {
  FAILPOINT_NO_ERROR("meta.checkpoint.begin");
  const int code = sqlite3_wal_checkpoint_v2(connection.db(), "main", mode, nullptr, nullptr);
  FatalIfSyncFailed(code, connection.path());
  FAILPOINT_NO_ERROR("meta.checkpoint.end");
  if (code == SQLITE_OK) {
    checkpoints_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  // Nothing is lost: the log still has it all, and the next checkpoint tries again.
  if ((code & 0xff) != SQLITE_BUSY) {
    const Error error = connection.ErrorOf(code, "");
    LogError("metadata checkpoint failed", {{"error", error.message}});
  }
  return false;
}

}  // namespace caudal::meta
