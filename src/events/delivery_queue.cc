#include "events/delivery_queue.h"

#include <algorithm>

namespace caudal::events {

void DeliveryQueue::StartThrough(int64_t sequence) {
  if (sequence <= handed_) return;
  // Some of them may never be offered, so all are read.
  if (!backlog_) {
    backlog_ = true;
    backlog_after_ = handed_;
  }
  handed_ = sequence;
}

void DeliveryQueue::Offer(Delivery delivery) {
  if (closed_ || delivery.sequence <= handed_) return;
  handed_ = delivery.sequence;
  if (backlog_) return;
  if (size_ >= capacity_ && !lanes_.contains(delivery.lane)) {
    backlog_ = true;
    backlog_after_ = delivery.sequence - 1;
    return;
  }
  Place(std::move(delivery));
}

void DeliveryQueue::RequestReplay() {
  ++replay_requests_;
  replay_after_ = 0;
}

std::optional<DeliveryQueue::Load> DeliveryQueue::NextLoad() const {
  if (closed_) return std::nullopt;
  Load load;
  if (!hungry_.empty()) {
    load.what = Load::What::kLane;
    load.lane = hungry_.front();
    load.after = lanes_.at(load.lane).last;
    load.through = backlog_ ? backlog_after_ : handed_;
    load.limit = static_cast<int>(kLaneMax);
    return load;
  }
  if (size_ >= std::max<size_t>(capacity_ * 3 / 4, 1)) return std::nullopt;
  load.limit = static_cast<int>(std::min<size_t>(capacity_ - size_, kLoadMax));
  if (replay_answered_ < replay_requests_) {
    load.what = Load::What::kReplayed;
    load.after = replay_after_;
    load.through = INT64_MAX;
    load.request = replay_requests_;
    return load;
  }
  if (!backlog_ || backlog_after_ >= handed_) return std::nullopt;
  load.what = Load::What::kBacklog;
  load.after = backlog_after_;
  load.through = handed_;
  return load;
}

void DeliveryQueue::Loaded(const Load& load, std::vector<Delivery> deliveries) {
  if (closed_) return;
  const bool all = static_cast<int>(deliveries.size()) < load.limit;
  const int64_t reached = all ? load.through : deliveries.back().sequence;
  switch (load.what) {
    case Load::What::kBacklog:
      backlog_after_ = reached;
      backlog_ = backlog_after_ < handed_;
      for (Delivery& delivery : deliveries) Place(std::move(delivery));
      break;
    case Load::What::kLane: {
      std::erase(hungry_, load.lane);
      const auto found = lanes_.find(load.lane);
      if (found == lanes_.end()) break;
      Lane& lane = found->second;
      lane.spilled = !all || lane.spilled_through > load.through;
      for (Delivery& delivery : deliveries) {
        lane.last = delivery.sequence;
        lane.items.push_back(std::move(delivery));
        ++size_;
      }
      // A replayed one may have come meanwhile, and be on its way.
      if (lane.state == Lane::State::kHungry) Next(load.lane, lane);
      break;
    }
    case Load::What::kReplayed:
      if (load.request == replay_requests_) {
        replay_after_ = reached;
        if (all) replay_answered_ = load.request;
      }
      for (Delivery& delivery : deliveries)
        if (replaying_.insert(delivery.sequence).second) PlaceReplayed(std::move(delivery));
      break;
  }
}

void DeliveryQueue::Place(Delivery delivery) {
  const auto [found, fresh] = lanes_.try_emplace(delivery.lane);
  Lane& lane = found->second;
  if (!fresh && (lane.spilled || lane.items.size() >= kLaneMax || size_ >= capacity_)) {
    lane.spilled = true;
    lane.spilled_through = delivery.sequence;
    return;
  }
  lane.last = delivery.sequence;
  if (delivery.event && ++bodies_ > kBodiesMax) {
    --bodies_;
    delivery.event.reset();
  }
  const int64_t key = delivery.lane;
  lane.items.push_back(std::move(delivery));
  ++size_;
  if (lane.items.size() == 1) Wake(key, lane);
}

void DeliveryQueue::PlaceReplayed(Delivery delivery) {
  const int64_t key = delivery.lane;
  Lane& lane = lanes_[key];
  const SteadyTime head_due = lane.items.empty() ? SteadyTime() : lane.items.front().due;
  const auto first_free =
      lane.items.begin() + (lane.state == Lane::State::kInFlight && !lane.items.empty() ? 1 : 0);
  const auto place = std::find_if(first_free, lane.items.end(), [&](const Delivery& other) {
    return other.sequence > delivery.sequence;
  });
  const bool becomes_head = place == lane.items.begin();
  const bool was_empty = lane.items.empty();
  lane.items.insert(place, std::move(delivery));
  ++size_;
  if (!becomes_head) return;
  if (was_empty) {
    if (lane.state == Lane::State::kHungry) std::erase(hungry_, key);
    Wake(key, lane);
  } else if (lane.state == Lane::State::kWaiting) {
    waiting_.erase({head_due, key});
    Wake(key, lane);
  }
}

void DeliveryQueue::Wake(int64_t key, Lane& lane) {
  lane.state = Lane::State::kWaiting;
  if (lane.items.front().due == SteadyTime()) {
    lane.state = Lane::State::kReady;
    ready_.push_back(key);
  } else {
    waiting_.insert({lane.items.front().due, key});
  }
}

void DeliveryQueue::MoveDue(SteadyTime now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const int64_t key = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    lanes_.at(key).state = Lane::State::kReady;
    ready_.push_back(key);
  }
}

bool DeliveryQueue::HasReady(SteadyTime now) const {
  return !ready_.empty() || (!waiting_.empty() && waiting_.begin()->first <= now);
}

std::optional<Delivery> DeliveryQueue::Take(SteadyTime now) {
  MoveDue(now);
  if (ready_.empty()) return std::nullopt;
  Lane& lane = lanes_.at(ready_.front());
  ready_.pop_front();
  lane.state = Lane::State::kInFlight;
  return lane.items.front();
}

void DeliveryQueue::Drop(Delivery& delivery) {
  if (delivery.event) --bodies_;
  delivery.event.reset();
}

void DeliveryQueue::Retry(const Delivery& delivery) {
  const auto found = lanes_.find(delivery.lane);
  if (found == lanes_.end()) return;
  Lane& lane = found->second;
  if (closed_) {
    Finish(delivery);
    return;
  }
  Drop(lane.items.front());
  lane.items.front() = delivery;
  lane.items.front().event.reset();
  lane.items.front().committed.reset();
  // A replayed one with a lower sequence may have come behind it; order among those is kept by
  // taking the head first.
  Wake(delivery.lane, lane);
}

void DeliveryQueue::Finish(const Delivery& delivery) {
  const auto found = lanes_.find(delivery.lane);
  if (found == lanes_.end() || found->second.items.empty()) return;
  Drop(found->second.items.front());
  found->second.items.erase(found->second.items.begin());
  --size_;
  Next(delivery.lane, found->second);
}

void DeliveryQueue::Next(int64_t key, Lane& lane) {
  if (!lane.items.empty()) {
    Wake(key, lane);
  } else if (lane.spilled && !closed_) {
    lane.state = Lane::State::kHungry;
    hungry_.push_back(key);
  } else {
    lanes_.erase(key);
  }
}

std::optional<SteadyTime> DeliveryQueue::NextDue() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

void DeliveryQueue::Close() {
  closed_ = true;
  ready_.clear();
  waiting_.clear();
  hungry_.clear();
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    std::vector<Delivery>& items = lane->second.items;
    const size_t kept = lane->second.state == Lane::State::kInFlight ? 1 : 0;
    while (items.size() > kept) {
      Drop(items.back());
      items.pop_back();
      --size_;
    }
    lane = kept == 0 ? lanes_.erase(lane) : std::next(lane);
  }
}

}  // namespace caudal::events
