#include "events/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/dispatcher_core.h"

namespace caudal::events {
namespace {

constexpr int kRowsPerWrite = 1000;
constexpr int kListMax = 10'000;

class DispatcherImpl final : public Dispatcher {
 public:
  DispatcherImpl(meta::Database& database, std::shared_ptr<DispatcherCore> core)
      : database_(database), core_(std::move(core)) {}
  ~DispatcherImpl() override { core_->Stop(std::chrono::milliseconds(5000)); }

  Result<void> Subscribe(Subscriber subscriber) override {
    return core_->Subscribe(std::move(subscriber), /*replace=*/false);
  }
  Result<void> Replace(const std::string& name, std::optional<Subscriber> subscriber) override {
    if (!subscriber) return core_->Unsubscribe(name);
    if (subscriber->name != name)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("subscriber '{}' can't be replaced by one named '{}'", name,
                                   subscriber->name));
    return core_->Subscribe(std::move(*subscriber), /*replace=*/true);
  }
  void Hold(const std::string& subscriber, bool held) override { core_->Hold(subscriber, held); }
  void SetTopics(std::map<std::string, Webhook> topics) override {
    core_->SetTopics(std::move(topics));
  }
  bool HasTopic(const std::string& topic) const override { return core_->HasTopic(topic); }
  Result<void> Start() override { return core_->Start(); }
  void Stop(std::chrono::milliseconds drain) override { core_->Stop(drain); }
  void Poke() override { core_->Poke(); }
  std::vector<SubscriberStats> Stats() const override { return core_->Stats(); }

  Result<std::vector<DeliveryInfo>> ListDeliveries(bool dead, const std::string& subscriber,
                                                   int limit) override {
    meta::ReadTx tx = TRY(database_.Read());
    return ListDeliveryRows(tx, dead, subscriber, std::clamp(limit, 0, kListMax));
  }

  Result<int64_t> Replay(const std::string& subscriber, int64_t sequence) override {
    const Result<int64_t> count = InBatches(ReplayDead, subscriber, sequence);
    core_->ReplayRequested();
    return count;
  }
  Result<void> Redeliver(const std::string& subscriber, int64_t sequence,
                         const JoinRedelivery& also) override {
    TRY(database_.Write([&](meta::Tx& tx) -> Result<void> {
      const std::shared_ptr<const Event> event = TRY(RedeliverRow(tx, subscriber, sequence));
      if (also) TRY(also(tx, *event));
      return {};
    }));
    core_->ReplayRequested();
    return {};
  }
  Result<int64_t> DropDeadLetters(const std::string& subscriber, int64_t sequence) override {
    return InBatches(DropDead, subscriber, sequence);
  }

 private:
  // Other writes come in between.
  Result<int64_t> InBatches(Result<int64_t> (*change)(meta::Tx&, const std::string&, int64_t, int),
                            const std::string& subscriber, int64_t sequence) {
    int64_t total = 0;
    while (true) {
      const int64_t changed = TRY(database_.Write([&](meta::Tx& tx) -> Result<int64_t> {
        return change(tx, subscriber, sequence, kRowsPerWrite);
      }));
      total += changed;
      if (changed < kRowsPerWrite) return total;
    }
  }

  meta::Database& database_;
  const std::shared_ptr<DispatcherCore> core_;
};

}  // namespace

std::unique_ptr<Dispatcher> MakeDispatcher(meta::Database& database, Outbox& outbox, Clock& clock,
                                           Random& random, DispatcherOptions options, Post post) {
  return std::make_unique<DispatcherImpl>(
      database,
      std::make_shared<DispatcherCore>(database, outbox, clock, random, options, std::move(post)));
}

}  // namespace caudal::events
