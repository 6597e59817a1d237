// What becomes of attempts: retries, dead letters, and their record in the database; pruning.
#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "events/backoff.h"
#include "events/dispatcher_core.h"

namespace caudal::events {
namespace {

constexpr size_t kOutcomesPerWrite = 1000;
constexpr size_t kErrorBytesMax = 500;
constexpr std::chrono::seconds kAfterFailure{1};
constexpr std::chrono::seconds kAfterCancel{1};

Micros MicrosOf(std::chrono::steady_clock::duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

Result<void> AfterDelivery() {
  FAILPOINT("events.deliver.after");
  return {};
}

}  // namespace

void DispatcherCore::Complete(const SubscriptionPtr& subscription, Delivery delivery,
                              Result<void> result) {
  // Delivered, and nobody knows yet: a crash here means a second delivery.
  if (result.ok()) result = AfterDelivery();
  MutexLock lock(mutex_);
  --subscription->in_flight;
  --in_flight_;
  webhooks_in_flight_ = 0;
  for (const auto& [name, other] : subscriptions_)
    if (other->by_webhook()) webhooks_in_flight_ += other->in_flight;
  delivery.event.reset();
  if (in_flight_ == 0) drained_.NotifyAll();
  Notify();
  if (!result.ok() && result.error().Is(ErrorKind::kCancelled) && subscription->by_callback()) {
    PutBack(*subscription, delivery);
    return;
  }
  Outcome outcome;
  if (result.ok()) {
    ++subscription->delivered;
    outcome.subscriber = subscription->name;
    outcome.sequence = delivery.sequence;
    outcome.replayed = delivery.replayed;
    subscription->queue.Finish(delivery);
  } else {
    outcome = Failed(*subscription, delivery, result.error());
  }
  outcomes_.push_back(std::move(outcome));
}

// Nothing was attempted, so nothing is recorded.
void DispatcherCore::PutBack(Subscription& subscription, Delivery& delivery) {
  if (delivery.attempts == 0) {
    delivery.first_attempt = 0;
    delivery.first_steady = SteadyTime();
  }
  delivery.due = clock_.Steady() + kAfterCancel;
  subscription.queue.Retry(delivery);
}

Outcome DispatcherCore::Failed(Subscription& subscription, Delivery& delivery, const Error& error) {
  ++subscription.failed_attempts;
  ++delivery.attempts;
  const RetryPolicy policy = subscription.retry();
  const SteadyTime now = clock_.Steady();
  Outcome outcome;
  outcome.subscriber = subscription.name;
  outcome.sequence = delivery.sequence;
  outcome.replayed = delivery.replayed;
  outcome.attempts = delivery.attempts;
  outcome.first_attempt = delivery.first_attempt;
  outcome.error = MaskSecrets(error.message).substr(0, kErrorBytesMax);
  const auto left = delivery.first_steady + policy.window - now;
  const bool hopeless = subscription.by_callback() && !RetryRuleOf(error.kind).retry;
  if (hopeless || left <= std::chrono::steady_clock::duration::zero()) {
    outcome.kind = Outcome::Kind::kDead;
    LogWarning("an event became a dead letter", {{"subscriber", subscription.name},
                                                 {"sequence", delivery.sequence},
                                                 {"attempts", delivery.attempts},
                                                 {"error", outcome.error}});
    subscription.queue.Finish(delivery);
    return outcome;
  }
  // The last attempt is made at the end of the window, not after it.
  const auto delay = std::min<std::chrono::steady_clock::duration>(
      BackoffDelay(policy, delivery.attempts, random_), left);
  outcome.kind = Outcome::Kind::kRetry;
  outcome.next_attempt = clock_.Now() + MicrosOf(delay);
  delivery.due = now + delay;
  subscription.queue.Retry(delivery);
  return outcome;
}

void DispatcherCore::FlushOutcomes() {
  std::vector<Outcome> batch;
  {
    MutexLock lock(mutex_);
    if (writing_ || outcomes_.empty() || clock_.Steady() < write_again_) return;
    const auto end = outcomes_.begin() +
                     static_cast<std::ptrdiff_t>(std::min(outcomes_.size(), kOutcomesPerWrite));
    batch.assign(std::make_move_iterator(outcomes_.begin()), std::make_move_iterator(end));
    outcomes_.erase(outcomes_.begin(), end);
    writing_ = true;
  }
  auto shared = std::make_shared<std::vector<Outcome>>(std::move(batch));
  database_.WriteAsync(
      [shared](meta::Tx& tx) -> Result<void> {
        for (const Outcome& outcome : *shared) TRY(RecordOutcome(tx, outcome));
        return {};
      },
      [self = shared_from_this(), shared](Result<void> result) {
        self->OutcomesWritten(std::move(*shared), result);
      });
}

void DispatcherCore::OutcomesWritten(std::vector<Outcome> batch, const Result<void>& result) {
  MutexLock lock(mutex_);
  writing_ = false;
  if (result.ok()) {
    for (const Outcome& outcome : batch) {
      if (!outcome.replayed || outcome.kind == Outcome::Kind::kRetry) continue;
      const auto found = subscriptions_.find(outcome.subscriber);
      if (found != subscriptions_.end()) found->second->queue.ForgetReplayed(outcome.sequence);
    }
  } else {
    outcomes_.insert(outcomes_.begin(), std::make_move_iterator(batch.begin()),
                     std::make_move_iterator(batch.end()));
    write_again_ = clock_.Steady() + kAfterFailure;
    LogWarning("outcomes of deliveries can't be recorded; trying again",
               {{"error", result.error().message}});
  }
  drained_.NotifyAll();
  Notify();
}

void DispatcherCore::FlushFinally() {
  std::vector<Outcome> rest;
  {
    MutexLock lock(mutex_);
    while (writing_ || pruning_) drained_.Wait(mutex_);
    rest = std::move(outcomes_);
    outcomes_.clear();
  }
  if (rest.empty()) return;
  const Result<void> done = database_.Write([&](meta::Tx& tx) -> Result<void> {
    for (const Outcome& outcome : rest) TRY(RecordOutcome(tx, outcome));
    return {};
  });
  if (!done.ok())
    LogWarning("the last outcomes of deliveries weren't recorded: they are made again",
               {{"count", rest.size()}, {"error", done.error().message}});
}

void DispatcherCore::PruneIfDue() {
  {
    MutexLock lock(mutex_);
    if (stopping_ || pruning_ || clock_.Steady() < next_prune_) return;
    next_prune_ = clock_.Steady() + options_.prune_interval;
    pruning_ = true;
  }
  PruneStep(std::make_shared<Pruning>(outbox_.options()));
}

void DispatcherCore::PruneStep(std::shared_ptr<Pruning> pruning) {
  auto more = std::make_shared<bool>(false);
  database_.WriteAsync(
      [this, pruning, more](meta::Tx& tx) -> Result<void> {
        *more = TRY(pruning->Step(tx, clock_.Now()));
        return {};
      },
      [self = shared_from_this(), pruning, more](const Result<void>& result) {
        if (!result.ok()) LogWarning("pruning events failed", {{"error", result.error().message}});
        {
          MutexLock lock(self->mutex_);
          if (!result.ok() || !*more || self->stopping_) {
            self->pruning_ = false;
            self->Notify();
            self->drained_.NotifyAll();
            return;
          }
        }
        self->PruneStep(pruning);
      });
}

}  // namespace caudal::events
