#include "engine/watchdog.h"

#include <algorithm>

#include "engine/session.h"

namespace caudal::engine {

Watchdog::Watchdog() : thread_([this] { Watch(); }) {}

Watchdog::~Watchdog() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void Watchdog::Add(WorkerSession* session) {
  MutexLock lock(mutex_);
  sessions_.push_back(session);
  changed_.NotifyAll();
}

void Watchdog::Remove(WorkerSession* session) {
  MutexLock lock(mutex_);
  std::erase(sessions_, session);
}

void Watchdog::Wake() {
  MutexLock lock(mutex_);
  changed_.NotifyAll();
}

void Watchdog::CloseAll() {
  MutexLock lock(mutex_);
  for (WorkerSession* session : sessions_) session->Close();
  changed_.NotifyAll();
}

int Watchdog::sessions() {
  MutexLock lock(mutex_);
  return static_cast<int>(sessions_.size());
}

uint64_t Watchdog::ResidentBytes() {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const WorkerSession* session : sessions_) bytes += session->ResidentBytes();
  return bytes;
}

void Watchdog::Watch() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (sessions_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    auto next = now + std::chrono::hours(1);
    for (WorkerSession* session : sessions_) next = std::min(next, session->Look(now));
    changed_.WaitUntil(mutex_, next);
  }
}

}  // namespace caudal::engine
