#include "objects/guards.h"

namespace caudal::objects {

std::shared_ptr<void> GuardRegistry::Take() {
  uint64_t epoch = 0;
  {
    MutexLock lock(state_->mutex);
    epoch = state_->epoch;
    ++state_->active[epoch];
  }
  // The pointer's value is never used, only its life.
  return {static_cast<void*>(state_.get()), [state = state_, epoch](void*) {
            MutexLock lock(state->mutex);
            auto found = state->active.find(epoch);
            if (--found->second == 0) state->active.erase(found);
          }};
}

uint64_t GuardRegistry::Ticket() {
  MutexLock lock(state_->mutex);
  return ++state_->epoch;
}

bool GuardRegistry::Passed(uint64_t ticket) const {
  MutexLock lock(state_->mutex);
  return state_->active.empty() || state_->active.begin()->first >= ticket;
}

}  // namespace caudal::objects
