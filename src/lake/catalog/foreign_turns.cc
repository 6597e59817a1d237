#include "lake/catalog/foreign_turns.h"

namespace caudal::lake {

void ForeignTurns::Lost(const std::string& uuid) {
  const Time now = std::chrono::steady_clock::now();
  MutexLock lock(mutex_);
  std::erase_if(turns_, [&](const auto& turn) { return turn.second.next <= now; });
  turns_.try_emplace(uuid, Turn{now + options_.hold, now + options_.rest});
}

void ForeignTurns::Won(const std::string& uuid) {
  MutexLock lock(mutex_);
  const auto turn = turns_.find(uuid);
  if (turn == turns_.end()) return;
  turn->second.until = Time();
  ended_.NotifyAll();
}

void ForeignTurns::Wait(const std::string& uuid) {
  MutexLock lock(mutex_);
  while (true) {
    const auto turn = turns_.find(uuid);
    if (turn == turns_.end() || turn->second.until <= std::chrono::steady_clock::now()) return;
    ended_.WaitUntil(mutex_, Time(turn->second.until));
  }
}

}  // namespace caudal::lake
