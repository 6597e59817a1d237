// Who gets which events, and how failures are retried.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "events/event.h"

namespace caudal::events {

struct Filter {
  std::string bucket;  // empty: any
  std::string prefix;  // of the object's name
  std::string
      glob;  // empty: any; `*` within a segment, `**` across, `?`, `[…]`, `{a,b}` (as matchGlob)
  std::vector<EventType> types;  // empty: all

  bool Matches(const Event& event) const;
  bool operator==(const Filter&) const = default;
};

struct RetryPolicy {
  std::chrono::milliseconds first{10'000};
  std::chrono::milliseconds max{600'000};
  std::chrono::milliseconds window{
      24 * 3600 * 1000};  // from the first attempt; then the event is a dead letter

  bool operator==(const RetryPolicy&) const = default;
};

// Calls `done` exactly once, from any thread, sooner or later. An error means retry, as the policy
// says, when RetryRuleOf its kind does; kCancelled that there was no attempt: it is made again
// soon, and doesn't count; any other that none will help: the event is a dead letter at once.
using Done = std::function<void(Result<void>)>;
struct Attempt {
  int number = 1;
  bool replayed = false;  // somebody asked for it, after a dead letter or a success
};
// In-process target. Called from a dispatcher thread; must not block for long.
using Callback = std::function<void(const Event&, const Attempt&, Done done)>;

// POST of a binary-mode CloudEvent (or a Pub/Sub push envelope) to a URL; 2xx is success.
struct Webhook {
  std::string url;
  // Signs `<timestamp>.<body>` with HMAC-SHA256: header "Caudal-Signature: t=<unix
  // seconds>,v1=<hex>". Empty: unsigned.
  std::string secret;
  enum class Form : uint8_t { kCloudEvent, kPubSubPush } form = Form::kCloudEvent;
  std::chrono::milliseconds timeout{30'000};
};

struct Subscriber {
  std::string name;  // unique; [a-z0-9._/-]
  Filter filter;
  std::variant<Callback, Webhook> target;
  RetryPolicy retry;
  int concurrency = 8;  // events in delivery at once, of different objects
};

// kInvalid with what is wrong: name, target, retries or concurrency.
Result<void> CheckSubscriber(const Subscriber& subscriber);

}  // namespace caudal::events
