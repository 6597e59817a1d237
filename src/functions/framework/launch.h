// How a worker process is started.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "functions/framework/install.h"
#include "functions/spec.h"
#include "os/control_group.h"
#include "os/process.h"

namespace caudal::functions {

// Where workers live, and what they are told of the server.
struct FrameworkPlaces {
  std::string folder;       // of deployments: <data>/functions
  std::string run_folder;   // of sockets; a short path, this user's only
  std::string mark_prefix;  // of this data folder: letters and digits
  std::string mark_secret;  // of this run of the server: what makes a worker known as ours
  std::string project;      // GOOGLE_CLOUD_PROJECT
  std::shared_ptr<os::ControlGroups> groups;  // null: the kernel gives none
  std::function<std::string()> url;           // of the server; empty while it doesn't serve yet
};

// The variable that marks all processes of a worker, and those they start:
// CAUDAL_WORKER=<prefix>.<secret>.<function>.<number>
inline constexpr const char* kMarkVariable = "CAUDAL_WORKER";
// What the marks of all workers of this run begin with.
std::string MarkPrefixOf(const FrameworkPlaces& places);

struct Launch {
  std::string function;
  uint64_t memory_bytes = 0;
  os::ProcessOptions process;
  std::string socket;                       // where it will listen
  std::string mark;                         // "CAUDAL_WORKER=…", as in its environment
  std::unique_ptr<os::ControlGroup> group;  // for it; may be null
};

// A worker's environment is this and nothing else: what Cloud Functions set, what leads Google's
// clients to this server, and what the function's configuration adds.
Launch MakeLaunch(const FunctionSpec& spec, const Deployment& deployment,
                  const FrameworkPlaces& places, uint64_t worker);

}  // namespace caudal::functions
