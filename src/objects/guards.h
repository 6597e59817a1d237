// Who is still reading: the clock of file removal.
//
// A guard taken at some moment keeps every file that was live then. A remover asks for a Ticket
// after the files' removal is committed; once Passed(ticket), no guard that could have seen them is
// left.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/mutex.h"

namespace caudal::objects {

// Thread-safe. Guards may outlive the registry.
class GuardRegistry {
 public:
  std::shared_ptr<void> Take();
  uint64_t Ticket();
  bool Passed(uint64_t ticket) const;

 private:
  struct State {
    mutable Mutex mutex;
    uint64_t epoch GUARDED_BY(mutex) = 1;
    std::map<uint64_t, int64_t> active GUARDED_BY(mutex);  // guards by the epoch they were taken in
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace caudal::objects
