// Makes the runners of functions, of whatever kind, and keeps the places they work in.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/data_folder.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "functions/framework/framework_runner.h"
#include "functions/runner.h"
#include "http/message.h"

namespace caudal::app {

// What runners work with; references must outlive them.
struct RunnerDependencies {
  DataPaths paths;
  std::string url;      // of this server
  std::string project;  // what functions know as their Google Cloud project
  Clock& clock;
  Random& random;
  std::function<Result<std::unique_ptr<functions::Runner>>(const functions::FunctionSpec&)> sql;
};

// Outlives the runners that its factory makes.
class FunctionRunners {
 public:
  static Result<std::unique_ptr<FunctionRunners>> Make(
      RunnerDependencies dependencies, const std::vector<functions::FunctionSpec>& functions);
  ~FunctionRunners();

  functions::RunnerFactory factory();
  // The function whose process holds the other end of the request's connection, over loopback.
  // Thread-safe; about a millisecond once a connection.
  std::optional<std::string> FunctionOf(const http::Request& request) EXCLUDES(mutex_);

 private:
  explicit FunctionRunners(RunnerDependencies dependencies)
      : dependencies_(std::move(dependencies)) {}

  const RunnerDependencies dependencies_;
  functions::FrameworkPlaces places_;
  Mutex mutex_;
  // By the number of the connection.
  std::map<uint64_t, std::optional<std::string>> known_ GUARDED_BY(mutex_);
};

}  // namespace caudal::app
