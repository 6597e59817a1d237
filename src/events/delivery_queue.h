// The deliveries of one subscriber in memory: what is ready, what waits, and what is still in the
// database only. Keeps order per object ("lane"). A pure state machine: no clock, lock or database
// of its own; its owner has them.
//
// Bounded: `capacity` deliveries, a few per lane. The others stay in the database, and NextLoad
// says which to read when there is room. Each open delivery comes into memory once.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "events/event.h"

namespace caudal::events {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Delivery {
  int64_t sequence = 0;
  int64_t lane = 0;
  int attempts = 0;                     // failed ones
  Micros first_attempt = 0;             // wall time; 0: none yet
  SteadyTime first_steady;              // the same moment, proof against wall clock jumps
  SteadyTime due;                       // not before
  std::optional<SteadyTime> committed;  // when it was committed in this process
  bool replayed = false;                // was a dead letter
  std::shared_ptr<const Event> event;   // null: to be read from the database
};

class DeliveryQueue {
 public:
  explicit DeliveryQueue(size_t capacity) : capacity_(capacity) {}

  // Open deliveries up to `sequence` are in the database: to be called once at the start.
  void StartThrough(int64_t sequence);
  // A delivery just committed. In commit order.
  void Offer(Delivery delivery);
  // There are replayed deliveries in the database.
  void RequestReplay();

  struct Load {
    enum class What : uint8_t { kBacklog, kLane, kReplayed } what = What::kBacklog;
    int64_t lane = 0;  // kLane only
    int64_t after = 0;
    int64_t through = 0;  // inclusive
    int limit = 0;
    uint64_t request = 0;
  };
  // What to read from the database now; its owner answers with Loaded before it asks again.
  std::optional<Load> NextLoad() const;
  void Loaded(const Load& load, std::vector<Delivery> deliveries);

  // The next delivery that is due; it is in flight until Retry or Finish.
  std::optional<Delivery> Take(SteadyTime now);
  // The head of its lane again, not before `delivery.due`.
  void Retry(const Delivery& delivery);
  // Delivered, or a dead letter: the next of its lane may go.
  void Finish(const Delivery& delivery);
  // The outcome of a replayed one is durable.
  void ForgetReplayed(int64_t sequence) { replaying_.erase(sequence); }
  // Drops all that isn't in flight, and what comes later.
  void Close();

  bool HasReady(SteadyTime now) const;
  std::optional<SteadyTime> NextDue() const;
  size_t size() const { return size_; }

 private:
  static constexpr size_t kLaneMax = 4;
  static constexpr size_t kBodiesMax = 4096;
  static constexpr int kLoadMax = 1000;

  struct Lane {
    enum class State : uint8_t { kReady, kInFlight, kWaiting, kHungry } state = State::kReady;
    std::vector<Delivery> items;  // the head first
    int64_t last = 0;             // highest sequence that was in memory, replayed ones aside
    int64_t spilled_through = 0;  // highest that was left in the database
    bool spilled = false;
  };

  void Place(Delivery delivery);
  void PlaceReplayed(Delivery delivery);
  void Wake(int64_t key, Lane& lane);  // by its head
  void Drop(Delivery& delivery);
  void Next(int64_t key, Lane& lane);  // its head is gone
  void MoveDue(SteadyTime now);

  const size_t capacity_;
  size_t size_ = 0;
  size_t bodies_ = 0;
  bool closed_ = false;
  std::unordered_map<int64_t, Lane> lanes_;
  std::deque<int64_t> ready_;
  std::set<std::pair<SteadyTime, int64_t>> waiting_;
  std::deque<int64_t> hungry_;  // lanes without items in memory, with some in the database

  // Deliveries in (backlog_after_, handed_] are in the database only.
  bool backlog_ = true;
  int64_t backlog_after_ = 0;
  int64_t handed_ = 0;  // highest sequence heard of

  uint64_t replay_requests_ = 0;
  uint64_t replay_answered_ = 0;
  int64_t replay_after_ = 0;
  std::unordered_set<int64_t> replaying_;
};

}  // namespace caudal::events
