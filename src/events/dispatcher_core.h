// The dispatcher's workings. One thread starts deliveries, reads what memory had no room for,
// records outcomes in batches and prunes; webhooks wait on a pool's threads. Inside events only.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "events/delivery_queue.h"
#include "events/delivery_rows.h"
#include "events/dispatcher.h"
#include "events/latency.h"
#include "events/prune.h"
#include "events/routes.h"
#include "events/webhook_pool.h"
#include "events/webhook_request.h"
#include "http/client.h"

namespace caudal::events {

// Sends a webhook's request; from many threads at once.
using Post = std::function<Result<http::ClientResponse>(const http::ClientRequest&)>;

// Shared, since a late `done` of a callback may outlive the dispatcher.
class DispatcherCore final : public DeliverySink,
                             public std::enable_shared_from_this<DispatcherCore> {
 public:
  DispatcherCore(meta::Database& database, Outbox& outbox, Clock& clock, Random& random,
                 DispatcherOptions options, Post post);

  Result<void> Subscribe(Subscriber subscriber, bool replace) EXCLUDES(mutex_);
  Result<void> Unsubscribe(const std::string& name) EXCLUDES(mutex_);
  void Hold(const std::string& name, bool held) EXCLUDES(mutex_);
  void SetTopics(std::map<std::string, Webhook> topics) EXCLUDES(mutex_);
  bool HasTopic(const std::string& topic) const EXCLUDES(mutex_);
  Result<void> Start() EXCLUDES(mutex_);
  void Stop(std::chrono::milliseconds drain) EXCLUDES(mutex_);
  void Poke() EXCLUDES(mutex_);
  std::vector<SubscriberStats> Stats() const EXCLUDES(mutex_);
  // Rows became replayed ones.
  void ReplayRequested() EXCLUDES(mutex_);

  void OnCommitted(std::shared_ptr<const Event> event,
                   const std::vector<RoutePtr>& matched) override EXCLUDES(mutex_);
  void OnNotificationRemoved(const std::string& subscriber) override EXCLUDES(mutex_);

 private:
  struct Subscription {
    Subscription(std::string given_name, size_t capacity)
        : name(std::move(given_name)), queue(capacity) {}
    const std::string name;
    std::shared_ptr<const Subscriber> config;          // null: a notification, or removed
    std::shared_ptr<const Notification> notification;  // null: not one
    DeliveryQueue queue;
    bool held = false;
    int in_flight = 0;
    uint64_t delivered = 0;
    uint64_t failed_attempts = 0;
    Latency start_latency;

    bool active() const { return config != nullptr || notification != nullptr; }
    bool by_webhook() const {
      return notification != nullptr ||
             (config != nullptr && std::holds_alternative<Webhook>(config->target));
    }
    bool by_callback() const {
      return config != nullptr && std::holds_alternative<Callback>(config->target);
    }
    int concurrency() const { return config != nullptr ? config->concurrency : 8; }
    RetryPolicy retry() const { return config != nullptr ? config->retry : RetryPolicy(); }
  };
  using SubscriptionPtr = std::shared_ptr<Subscription>;
  struct Job {
    SubscriptionPtr subscription;
    Delivery delivery;
    std::shared_ptr<const Subscriber> config;
    std::optional<WebhookTarget> target;
    std::optional<Error> refusal;  // no attempt can be made
  };

  void Loop() EXCLUDES(mutex_);
  std::vector<Job> TakeJobs() REQUIRES(mutex_);
  void TakeJobsOf(const SubscriptionPtr& subscription, std::vector<Job>& jobs) REQUIRES(mutex_);
  bool MayStart(const Subscription& subscription) const REQUIRES(mutex_);
  Job MakeJob(const SubscriptionPtr& subscription, Delivery delivery) REQUIRES(mutex_);
  const Webhook* FindTopic(const std::string& topic) const REQUIRES(mutex_);
  SubscriptionPtr SubscriptionOf(const std::string& name) REQUIRES(mutex_);
  void WaitForWork() REQUIRES(mutex_);
  bool LoadSome() EXCLUDES(mutex_);
  void RunJobs(std::vector<Job> jobs) EXCLUDES(mutex_);
  void RunJob(Job job) EXCLUDES(mutex_);
  void RunCallback(const Job& job) EXCLUDES(mutex_);
  void RunWebhook(const Job& job) EXCLUDES(mutex_);
  void NoteStart(const Job& job) EXCLUDES(mutex_);
  void Complete(const SubscriptionPtr& subscription, Delivery delivery, Result<void> result)
      EXCLUDES(mutex_);
  void PutBack(Subscription& subscription, Delivery& delivery) REQUIRES(mutex_);
  Outcome Failed(Subscription& subscription, Delivery& delivery, const Error& error)
      REQUIRES(mutex_);
  void FlushOutcomes() EXCLUDES(mutex_);
  void OutcomesWritten(std::vector<Outcome> batch, const Result<void>& result) EXCLUDES(mutex_);
  void FlushFinally() EXCLUDES(mutex_);
  void PruneIfDue() EXCLUDES(mutex_);
  void PruneStep(std::shared_ptr<Pruning> pruning) EXCLUDES(mutex_);
  void Notify() REQUIRES(mutex_);

  meta::Database& database_;
  Outbox& outbox_;
  Clock& clock_;
  const DispatcherOptions options_;
  const Post post_;
  std::thread thread_;
  WebhookPool pool_;

  mutable Mutex mutex_;
  CondVar wake_;
  CondVar drained_;
  Random& random_ GUARDED_BY(mutex_);
  bool dirty_ GUARDED_BY(mutex_) = false;
  bool running_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  int in_flight_ GUARDED_BY(mutex_) = 0;
  int webhooks_in_flight_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, SubscriptionPtr> subscriptions_ GUARDED_BY(mutex_);
  std::map<std::string, Webhook> topics_ GUARDED_BY(mutex_);
  std::vector<Outcome> outcomes_ GUARDED_BY(mutex_);  // not yet durable
  bool writing_ GUARDED_BY(mutex_) = false;
  bool pruning_ GUARDED_BY(mutex_) = false;
  // After a failure of the database.
  SteadyTime write_again_ GUARDED_BY(mutex_);
  SteadyTime load_again_ GUARDED_BY(mutex_);
  SteadyTime next_prune_ GUARDED_BY(mutex_);
};

std::unique_ptr<Dispatcher> MakeDispatcher(meta::Database& database, Outbox& outbox, Clock& clock,
                                           Random& random, DispatcherOptions options, Post post);

}  // namespace caudal::events
