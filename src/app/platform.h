// Everything that `caudal up` runs, wired together: opened in order, stopped in the reverse one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/result.h"
#include "data/json.h"

namespace caudal::app {

class Platform {
 public:
  // Returns when the listener answers and data/run/server.json is there. Errors name the remedy;
  // those of kind kInvalid are the configuration's.
  static Result<std::unique_ptr<Platform>> Start(Config config);
  // Stop.
  ~Platform();

  const std::string& url() const;
  // Reads the configuration again and applies what can change live:
  // {"applied": [keys], "needs_restart": [keys], "buckets_created": [names]}. When the file has
  // errors nothing has changed. Thread-safe.
  Result<Json> Reload();
  // No new requests and deliveries; running ones get their drain time. Idempotent.
  void Stop();

 private:
  struct Impl;
  explicit Platform(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caudal::app
