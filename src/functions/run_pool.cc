#include "functions/run_pool.h"

#include <algorithm>
#include <iterator>

namespace caudal::functions {

RunPool::~RunPool() {
  (void)Stop(std::chrono::steady_clock::now());
  Join();
}

void RunPool::Join() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void RunPool::SetLanes(const std::vector<std::string>& lanes) {
  MutexLock lock(mutex_);
  for (auto& [name, lane] : lanes_) lane.known = false;
  for (const std::string& name : lanes) lanes_[name].known = true;
  std::erase_if(lanes_, [](const auto& entry) {
    return !entry.second.known && entry.second.tasks.empty() && entry.second.running == 0;
  });
  changed_.NotifyAll();
}

void RunPool::Submit(const std::string& lane, Task task) {
  {
    MutexLock lock(mutex_);
    if (!stopping_) {
      lanes_[lane].tasks.push_back(std::move(task));
      size_t waiting = 0;
      for (const auto& [name, one] : lanes_) waiting += one.tasks.size();
      if (static_cast<size_t>(idle_) < waiting && static_cast<int>(threads_.size()) < Threads())
        threads_.emplace_back([this] { Work(); });
      changed_.NotifyAll();
      return;
    }
  }
  task(false);
}

int RunPool::Threads() const { return std::max(threads_max_, static_cast<int>(lanes_.size())); }

// The next lane, in turn, that may have one more.
RunPool::Lane* RunPool::Pick() {
  int resting = 0;
  for (const auto& [name, lane] : lanes_) resting += lane.running == 0 ? 1 : 0;
  const int free = Threads() - running_;
  auto at = lanes_.upper_bound(last_);
  for (size_t i = 0; i < lanes_.size(); ++i, ++at) {
    if (at == lanes_.end()) at = lanes_.begin();
    Lane& lane = at->second;
    if (lane.tasks.empty() || (lane.running > 0 && free <= resting)) continue;
    last_ = at->first;
    return &lane;
  }
  return nullptr;
}

void RunPool::Work() {
  Lane* lane = nullptr;
  while (true) {
    Task task;
    {
      MutexLock lock(mutex_);
      if (lane != nullptr) {
        --lane->running;
        --running_;
        changed_.NotifyAll();
      }
      ++idle_;
      while (!stopping_ && (lane = Pick()) == nullptr) changed_.Wait(mutex_);
      --idle_;
      if (stopping_) return;
      task = std::move(lane->tasks.front());
      lane->tasks.pop_front();
      ++lane->running;
      ++running_;
    }
    task(true);
  }
}

bool RunPool::Stop(std::chrono::steady_clock::time_point deadline) {
  std::vector<Task> dropped;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (auto& [name, lane] : lanes_) {
      std::move(lane.tasks.begin(), lane.tasks.end(), std::back_inserter(dropped));
      lane.tasks.clear();
    }
    changed_.NotifyAll();
  }
  for (const Task& task : dropped) task(false);
  MutexLock lock(mutex_);
  while (running_ > 0 && changed_.WaitUntil(mutex_, deadline)) {
  }
  return running_ == 0;
}

}  // namespace caudal::functions
