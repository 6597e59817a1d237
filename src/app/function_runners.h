// Makes the runners of functions, of whatever kind, and keeps the places they work in.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/data_folder.h"
#include "base/clock.h"
#include "base/random.h"
#include "functions/framework/framework_runner.h"
#include "functions/runner.h"

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

 private:
  explicit FunctionRunners(RunnerDependencies dependencies)
      : dependencies_(std::move(dependencies)) {}

  const RunnerDependencies dependencies_;
  functions::FrameworkPlaces places_;
};

}  // namespace caudal::app
