#include "query/turnstile.h"

#include <algorithm>

namespace caudal::query {
namespace {

// At whether somebody still wants the place.
constexpr std::chrono::milliseconds kLookAgain{20};

Error Busy(const char* why) {
  return MakeError(ErrorKind::kLimit,
                   std::string("too many queries run: ") + why +
                       "; try again later, or raise "
                       "query.running_max",
                   "query.busy");
}

}  // namespace

Turnstile::Place Turnstile::MakePlace() {
  return Place(this, [](void* turnstile) { static_cast<Turnstile*>(turnstile)->Leave(); });
}

Turnstile::Queue& Turnstile::QueueOf(const std::string& client) {
  const auto found = std::ranges::find(queues_, client, &Queue::client);
  if (found != queues_.end()) return *found;
  queues_.push_back({client, {}});
  return queues_.back();
}

void Turnstile::Remove(const std::string& client, const Waiter* waiter) {
  const auto queue = std::ranges::find(queues_, client, &Queue::client);
  if (queue == queues_.end()) return;
  std::erase(queue->waiters, waiter);
  if (queue->waiters.empty()) queues_.erase(queue);
}

Result<Turnstile::Place> Turnstile::Enter(const std::string& client,
                                          std::chrono::steady_clock::time_point deadline,
                                          const QueryControl* control) {
  const auto cancelled = [&] { return control != nullptr && control->cancelled(); };
  Waiter self;
  {
    MutexLock lock(mutex_);
    if (running_ < running_max_) {
      ++running_;
      return MakePlace();
    }
    if (waiting_ >= waiting_max_) return Busy("the queue is full");
    ++waiting_;
    QueueOf(client).waiters.push_back(&self);
    for (auto now = std::chrono::steady_clock::now();
         !self.admitted && !cancelled() && now < deadline; now = std::chrono::steady_clock::now())
      self.woken.WaitUntil(mutex_, std::min(deadline, now + kLookAgain));
    --waiting_;
    if (!self.admitted) {
      Remove(client, &self);
      if (cancelled()) return QueryCancelled();
      return Busy("none ended while this one waited");
    }
  }
  return MakePlace();
}

void Turnstile::Leave() {
  MutexLock lock(mutex_);
  if (queues_.empty()) {
    --running_;
    return;
  }
  // The place goes on to the next; its client's turn comes again after the others'.
  Queue& first = queues_.front();
  Waiter* next = first.waiters.front();
  first.waiters.pop_front();
  if (first.waiters.empty()) {
    queues_.pop_front();
  } else {
    queues_.splice(queues_.end(), queues_, queues_.begin());
  }
  next->admitted = true;
  next->woken.NotifyOne();
}

}  // namespace caudal::query
