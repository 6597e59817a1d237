// A function put in place: a copy of its source beside what it needs to run.
//
//   <folder>/<name>/<digest>[-<n>]/source, venv (Python), home, deployed.json
//
// Can be deleted at any time while the server is stopped: it is made again.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "functions/framework/steps.h"
#include "functions/spec.h"

namespace caudal::functions {

struct Deployment {
  std::string digest;
  std::string folder;
  std::string program;  // the interpreter that runs it
  std::string main;     // Node: the framework's main script
  Micros deployed = 0;

  std::string source() const { return folder + "/source"; }
  std::string home() const { return folder + "/home"; }
};

struct InstallRequest {
  const FunctionSpec& spec;
  std::string folder;  // of all functions
  bool again = false;  // also when it is in place
};

// Puts the function in place as its source is now, unless it is. What a death left half done stays
// until RemoveOldDeployments. `print` gets progress. Errors say what to do.
Result<Deployment> Install(const InstallRequest& request, Clock& clock, const Print& print,
                           std::stop_token stop);

// Removes what earlier deployments of the function left, but `current` and the one before it, which
// may still be running.
void RemoveOldDeployments(const Deployment& current);

}  // namespace caudal::functions
