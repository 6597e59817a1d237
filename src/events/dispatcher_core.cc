#include "events/dispatcher_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "events/notifications.h"
#include "events/schema.h"

namespace caudal::events {
namespace {

constexpr size_t kOutcomesMax = 10'000;  // waiting to be recorded; more hold new deliveries back
constexpr int kThreadsMax = 256;
constexpr std::chrono::seconds kAfterFailure{1};

Micros MicrosOf(std::chrono::steady_clock::duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

Result<void> BeforeDelivery() {
  FAILPOINT("events.deliver.before");
  return {};
}

}  // namespace

DispatcherCore::DispatcherCore(meta::Database& database, Outbox& outbox, Clock& clock,
                               Random& random, DispatcherOptions options, Post post)
    : database_(database),
      outbox_(outbox),
      clock_(clock),
      options_(options),
      post_(std::move(post)),
      random_(random) {}

DispatcherCore::SubscriptionPtr DispatcherCore::SubscriptionOf(const std::string& name) {
  SubscriptionPtr& subscription = subscriptions_[name];
  if (!subscription)
    subscription = std::make_shared<Subscription>(name, std::max<size_t>(options_.ready_max, 1));
  return subscription;
}

Result<void> DispatcherCore::Subscribe(Subscriber subscriber, bool replace) {
  TRY(CheckSubscriber(subscriber));
  Matcher matcher = TRY(Matcher::Make(subscriber.filter));
  auto route = std::make_shared<Route>(Route{subscriber.name, std::move(matcher), nullptr});
  {
    MutexLock lock(mutex_);
    const auto found = subscriptions_.find(subscriber.name);
    if (!replace && found != subscriptions_.end() && found->second->active())
      return MakeError(ErrorKind::kAlreadyExists,
                       fmt::format("there is a subscriber '{}' already", subscriber.name));
    SubscriptionOf(subscriber.name)->config = std::make_shared<Subscriber>(subscriber);
  }
  outbox_.routes().Put(std::move(route));
  // What an earlier run left in the database, up to now.
  const int64_t last = TRY(outbox_.LastSequence());
  MutexLock lock(mutex_);
  SubscriptionOf(subscriber.name)->queue.StartThrough(last);
  Notify();
  return {};
}

Result<void> DispatcherCore::Unsubscribe(const std::string& name) {
  if (name.starts_with(kNotificationPrefix) || !outbox_.routes().Remove(name))
    return MakeError(ErrorKind::kNotFound, fmt::format("there is no subscriber '{}'", name));
  MutexLock lock(mutex_);
  // What is in memory stays there, should it come back.
  SubscriptionOf(name)->config = nullptr;
  return {};
}

void DispatcherCore::Hold(const std::string& name, bool held) {
  MutexLock lock(mutex_);
  SubscriptionOf(name)->held = held;
  Notify();
}

void DispatcherCore::SetTopics(std::map<std::string, Webhook> topics) {
  MutexLock lock(mutex_);
  topics_ = std::move(topics);
  Notify();
}

const Webhook* DispatcherCore::FindTopic(const std::string& topic) const {
  auto found = topics_.find(topic);
  if (found == topics_.end()) found = topics_.find(topic.substr(topic.rfind('/') + 1));
  return found == topics_.end() ? nullptr : &found->second;
}

bool DispatcherCore::HasTopic(const std::string& topic) const {
  MutexLock lock(mutex_);
  return FindTopic(topic) != nullptr;
}

Result<void> DispatcherCore::Start() {
  {
    MutexLock lock(mutex_);
    CAUDAL_CHECK(!running_ && !stopping_, "a dispatcher starts once");
    running_ = true;
    next_prune_ = clock_.Steady() + options_.prune_interval;
    for (const RoutePtr& route : outbox_.routes().Current()->all())
      if (route->notification)
        SubscriptionOf(route->subscriber)->notification = route->notification;
  }
  // From here on commits are handed over; what was committed before is read from the database.
  outbox_.routes().SetSink(this);
  const int64_t last = TRY(outbox_.LastSequence());
  {
    MutexLock lock(mutex_);
    for (const auto& [name, subscription] : subscriptions_) {
      subscription->queue.StartThrough(last);
      subscription->queue.RequestReplay();
    }
    dirty_ = true;
  }
  thread_ = std::thread([this] { Loop(); });
  return {};
}

void DispatcherCore::Stop(std::chrono::milliseconds drain) {
  const auto deadline = std::chrono::steady_clock::now() + drain;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    Notify();
    if (!running_) return;
    running_ = false;
  }
  outbox_.routes().SetSink(nullptr);
  if (thread_.joinable()) thread_.join();
  {
    MutexLock lock(mutex_);
    while (in_flight_ > 0 && drained_.WaitUntil(mutex_, deadline)) {
    }
  }
  pool_.Stop(std::max(deadline, std::chrono::steady_clock::now()));
  FlushFinally();
}

void DispatcherCore::Poke() {
  MutexLock lock(mutex_);
  Notify();
}

void DispatcherCore::Notify() {
  dirty_ = true;
  wake_.NotifyOne();
}

void DispatcherCore::OnCommitted(std::shared_ptr<const Event> event,
                                 const std::vector<RoutePtr>& matched) {
  Delivery delivery;
  delivery.sequence = event->sequence;
  delivery.lane = LaneOf(event->bucket, event->object);
  delivery.committed = clock_.Steady();
  delivery.event = std::move(event);
  MutexLock lock(mutex_);
  for (const RoutePtr& route : matched) {
    // A notification that was deleted in the same commit isn't brought back.
    if (route->notification && !subscriptions_.contains(route->subscriber) &&
        !outbox_.routes().Current()->Has(route))
      continue;
    const SubscriptionPtr subscription = SubscriptionOf(route->subscriber);
    if (route->notification) subscription->notification = route->notification;
    subscription->queue.Offer(delivery);
  }
  Notify();
}

void DispatcherCore::OnNotificationRemoved(const std::string& subscriber) {
  MutexLock lock(mutex_);
  const auto found = subscriptions_.find(subscriber);
  if (found == subscriptions_.end()) return;
  found->second->queue.Close();
  found->second->notification = nullptr;
  subscriptions_.erase(found);
}

void DispatcherCore::ReplayRequested() {
  MutexLock lock(mutex_);
  for (const auto& [name, subscription] : subscriptions_) subscription->queue.RequestReplay();
  Notify();
}

void DispatcherCore::Loop() {
  while (true) {
    std::vector<Job> jobs;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      dirty_ = false;
      jobs = TakeJobs();
    }
    const bool started = !jobs.empty();
    RunJobs(std::move(jobs));
    const bool loaded = LoadSome();
    FlushOutcomes();
    PruneIfDue();
    if (started || loaded) continue;
    MutexLock lock(mutex_);
    WaitForWork();
  }
}

void DispatcherCore::WaitForWork() {
  while (!dirty_ && !stopping_) {
    const SteadyTime now = clock_.Steady();
    SteadyTime due = pruning_ ? now + options_.prune_interval : next_prune_;
    for (const auto& [name, subscription] : subscriptions_)
      if (const auto next = subscription->queue.NextDue(); next && subscription->active() &&
                                                           outcomes_.size() < kOutcomesMax &&
                                                           MayStart(*subscription))
        due = std::min(due, *next);
    for (const SteadyTime again : {write_again_, load_again_})
      if (again > now) due = std::min(due, again);
    if (due <= now) return;
    wake_.WaitFor(mutex_, due - now);
    if (clock_.Steady() >= due) return;
  }
}

bool DispatcherCore::MayStart(const Subscription& subscription) const {
  if (subscription.held || subscription.in_flight >= subscription.concurrency()) return false;
  if (!subscription.by_webhook() || subscription.in_flight == 0) return true;
  // A slow webhook leaves a thread to each of the others.
  int others = 0;
  int webhooks = 0;
  for (const auto& [name, other] : subscriptions_) {
    if (!other->by_webhook()) continue;
    ++webhooks;
    others += other->in_flight == 0 ? 1 : 0;
  }
  const int threads = std::clamp(std::max(options_.webhook_threads, webhooks), 1, kThreadsMax);
  return threads - webhooks_in_flight_ > others;
}

std::vector<DispatcherCore::Job> DispatcherCore::TakeJobs() {
  std::vector<Job> jobs;
  if (outcomes_.size() >= kOutcomesMax) return jobs;
  for (const auto& [name, subscription] : subscriptions_)
    if (subscription->active()) TakeJobsOf(subscription, jobs);
  return jobs;
}

void DispatcherCore::TakeJobsOf(const SubscriptionPtr& subscription, std::vector<Job>& jobs) {
  const SteadyTime now = clock_.Steady();
  while (subscription->queue.HasReady(now) && MayStart(*subscription)) {
    std::optional<Delivery> delivery = subscription->queue.Take(now);
    if (!delivery) return;
    ++subscription->in_flight;
    ++in_flight_;
    if (subscription->by_webhook()) ++webhooks_in_flight_;
    if (delivery->first_attempt == 0) {
      delivery->first_attempt = clock_.Now();
      delivery->first_steady = now;
    }
    jobs.push_back(MakeJob(subscription, std::move(*delivery)));
  }
}

DispatcherCore::Job DispatcherCore::MakeJob(const SubscriptionPtr& subscription,
                                            Delivery delivery) {
  Job job{subscription, std::move(delivery), subscription->config, std::nullopt, std::nullopt};
  if (subscription->notification) {
    const std::string& topic = subscription->notification->topic;
    if (const Webhook* webhook = FindTopic(topic)) {
      job.target = WebhookTarget{*webhook, subscription->name, subscription->notification};
    } else {
      job.refusal =
          MakeError(ErrorKind::kUnavailable,
                    fmt::format("topic {} has no push endpoint in the configuration", topic));
    }
    job.config = nullptr;
  } else if (const auto* webhook = std::get_if<Webhook>(&job.config->target)) {
    job.target = WebhookTarget{*webhook, subscription->name, nullptr};
  }
  return job;
}

// True when something was read. One read for each subscription that asks.
bool DispatcherCore::LoadSome() {
  std::vector<std::pair<SubscriptionPtr, DeliveryQueue::Load>> loads;
  {
    MutexLock lock(mutex_);
    if (stopping_ || clock_.Steady() < load_again_) return false;
    for (const auto& [name, subscription] : subscriptions_)
      if (const auto load = subscription->queue.NextLoad(); load && subscription->active())
        loads.emplace_back(subscription, *load);
  }
  if (loads.empty()) return false;
  const auto load_all = [&]() -> Result<void> {
    meta::ReadTx tx = TRY(database_.Read());
    for (const auto& [subscription, load] : loads) {
      const std::vector<DeliveryRow> rows = TRY(ReadDeliveries(tx, subscription->name, load));
      MutexLock lock(mutex_);
      const SteadyTime steady = clock_.Steady();
      const Micros now = clock_.Now();
      const Micros longest = subscription->retry().max.count() * 1000;
      std::vector<Delivery> deliveries;
      for (const DeliveryRow& row : rows) {
        Delivery delivery = row.delivery;
        // The wall clock may have jumped since: the wait is never longer than a policy's.
        const Micros wait = std::min(row.next_attempt - now, longest);
        if (wait > 0) delivery.due = steady + std::chrono::microseconds(wait);
        const Micros since = std::max<Micros>(now - delivery.first_attempt, 0);
        if (delivery.first_attempt != 0)
          delivery.first_steady = steady - std::chrono::microseconds(since);
        deliveries.push_back(std::move(delivery));
      }
      subscription->queue.Loaded(load, std::move(deliveries));
    }
    return {};
  };
  const Result<void> result = load_all();
  if (result.ok()) return true;
  LogWarning("deliveries can't be read; trying again", {{"error", result.error().message}});
  MutexLock lock(mutex_);
  load_again_ = clock_.Steady() + kAfterFailure;
  return false;
}

void DispatcherCore::RunJobs(std::vector<Job> jobs) {
  const bool need_read = std::ranges::any_of(jobs, [](const Job& j) { return !j.delivery.event; });
  if (need_read) {
    const auto read = [&]() -> Result<void> {
      meta::ReadTx tx = TRY(database_.Read());
      for (Job& job : jobs)
        if (!job.delivery.event) job.delivery.event = TRY(ReadEvent(tx, job.delivery.sequence));
      return {};
    };
    const Result<void> done = read();
    for (Job& job : jobs) {
      if (job.delivery.event || job.refusal) continue;
      job.refusal = done.ok() ? MakeError(ErrorKind::kCorrupt, "the event isn't in the outbox")
                              : done.error();
    }
  }
  for (Job& job : jobs) RunJob(std::move(job));
}

void DispatcherCore::RunJob(Job job) {
  Result<void> before = BeforeDelivery();
  if (job.refusal) before = *job.refusal;
  if (!before.ok()) {
    Complete(job.subscription, std::move(job.delivery), std::move(before));
    return;
  }
  if (!job.target) {
    RunCallback(job);
    return;
  }
  pool_.Run([self = shared_from_this(), job = std::move(job)] { self->RunWebhook(job); });
}

void DispatcherCore::NoteStart(const Job& job) {
  if (!job.delivery.committed) return;
  const Micros waited = MicrosOf(clock_.Steady() - *job.delivery.committed);
  MutexLock lock(mutex_);
  job.subscription->start_latency.Add(waited);
}

void DispatcherCore::RunCallback(const Job& job) {
  NoteStart(job);
  Done done = [weak = weak_from_this(), subscription = job.subscription, delivery = job.delivery,
               called = std::make_shared<std::atomic<bool>>(false)](Result<void> result) {
    CAUDAL_CHECK(!called->exchange(true), "a delivery was reported twice");
    if (const auto self = weak.lock()) self->Complete(subscription, delivery, std::move(result));
  };
  const Attempt attempt{job.delivery.attempts + 1, job.delivery.replayed};
  std::get<Callback>(job.config->target)(*job.delivery.event, attempt, std::move(done));
}

void DispatcherCore::RunWebhook(const Job& job) {
  NoteStart(job);
  const Result<http::ClientResponse> response = post_(MakeWebhookRequest(
      *job.delivery.event, *job.target, job.delivery.attempts + 1, clock_.Now()));
  Result<void> result;
  if (!response.ok()) {
    result = response.error();
  } else if (response->status < 200 || response->status > 299) {
    result = MakeError(ErrorKind::kUnavailable,
                       fmt::format("the webhook answered HTTP {}", response->status));
  }
  Complete(job.subscription, job.delivery, std::move(result));
}

std::vector<SubscriberStats> DispatcherCore::Stats() const {
  std::map<std::string, SubscriberStats> by_name;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, subscription] : subscriptions_) {
      SubscriberStats& stats = by_name[name];
      stats.delivered = subscription->delivered;
      stats.failed_attempts = subscription->failed_attempts;
      stats.start_p50_us = subscription->start_latency.Percentile(50);
      stats.start_p99_us = subscription->start_latency.Percentile(99);
    }
  }
  const auto count = [&]() -> Result<void> {
    meta::ReadTx tx = TRY(database_.Read());
    for (const DeliveryCounts& counts : TRY(CountDeliveries(tx))) {
      by_name[counts.subscriber].pending = counts.pending;
      by_name[counts.subscriber].dead = counts.dead;
    }
    return {};
  };
  const Result<void> counted = count();
  if (!counted.ok())
    LogWarning("deliveries can't be counted", {{"error", counted.error().message}});
  std::vector<SubscriberStats> all;
  for (auto& [name, stats] : by_name) {
    stats.name = name;
    all.push_back(std::move(stats));
  }
  return all;
}

}  // namespace caudal::events
