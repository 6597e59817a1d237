#include "engine/duckdb/database_supply.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "os/file.h"

namespace caudal::engine {
namespace {

constexpr int kBatch = 8;
// Each database has threads of its own.
constexpr int kThreadsMax = 16;
constexpr uint64_t kHeldMax = 4u << 20;

size_t BatchFor(const std::optional<BeginMessage>& session) {
  const int threads = session ? std::max(session->limits.threads, 1) : 1;
  return static_cast<size_t>(std::clamp(kThreadsMax / threads, 1, kBatch));
}

// Whether it can wait to be closed: its tables are empty, and it has no temporary files, among
// which those of the next session would lie.
bool HoldsNothing(Database& database) {
  const Result<std::vector<os::DirEntry>> temporary = os::ListDir("tmp");
  if (!temporary.ok() || !temporary->empty()) return false;
  const Result<uint64_t> held = database.HeldBytes();
  return held.ok() && *held < kHeldMax;
}

}  // namespace

Result<void> DatabaseSupply::Start() {
  Database first = TRY(Database::Open());
  {
    MutexLock lock(mutex_);
    spare_.push_back(std::move(first));
  }
  std::thread([this] { Keep(); }).detach();
  return {};
}

Result<Database> DatabaseSupply::OpenExpecting(const std::optional<BeginMessage>& session) {
  Database database = TRY(Database::Open());
  if (session && !database.Expect(*session).ok()) database = TRY(Database::Open());
  return database;
}

Result<Database> DatabaseSupply::Begin(const BeginMessage& session) {
  Database database;
  bool fits = false;
  bool again = false;
  {
    MutexLock lock(mutex_);
    again = undone_ && undone_->Serves(session);
    if (again) database = *std::exchange(undone_, std::nullopt);
  }
  if (again && database.BeginAgain().ok()) return database;
  {
    MutexLock lock(mutex_);
    while (spare_.empty() && missing_ > 0) changed_.Wait(mutex_);
    if (!spare_.empty()) {
      database = std::move(spare_.back());
      spare_.pop_back();
      fits = database.Fits(session);
    }
  }
  if (!fits) database = TRY(Database::Open());
  TRY(database.Begin(session));
  MutexLock lock(mutex_);
  last_ = session;
  return database;
}

void DatabaseSupply::End(Database database, bool undone) {
  const bool again = undone && database.Undo();
  const bool later = HoldsNothing(database);
  if (!later) database = Database();
  MutexLock lock(mutex_);
  if (again && later) {
    undone_ = std::move(database);
  } else if (later) {
    used_.push_back(std::move(database));
  }
  if (spare_.empty() && missing_ == 0) missing_ = BatchFor(last_);
  changed_.NotifyAll();
}

void DatabaseSupply::Tidy() {
  std::vector<Database> used;
  MutexLock lock(mutex_);
  used.swap(used_);
  if (undone_) used.push_back(*std::exchange(undone_, std::nullopt));
}  // closed when the lock is gone

void DatabaseSupply::Keep() {
  while (true) {
    std::optional<BeginMessage> session;
    {
      MutexLock lock(mutex_);
      while (missing_ == 0) changed_.Wait(mutex_);
      session = last_;
    }
    Result<Database> opened = OpenExpecting(session);
    std::vector<Database> used;
    {
      MutexLock lock(mutex_);
      --missing_;
      if (opened.ok()) spare_.push_back(std::move(opened).take());
      used.swap(used_);
      changed_.NotifyAll();
    }
    if (!opened.ok())
      LogWarning("a database can't be opened ahead", {{"reason", opened.error().message}});
  }
}

}  // namespace caudal::engine
