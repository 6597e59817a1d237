// Programs that a deployment runs, one after the other.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal::functions {

// Takes what is printed, in pieces.
using Print = std::function<void(std::string_view)>;

struct Step {
  std::string what;  // "pip install": for errors
  std::vector<std::string> argv;
  std::string folder;
  std::vector<std::string> environment;
  std::chrono::milliseconds timeout{15 * 60'000};
};

inline constexpr std::string_view kStepKilled = "step.killed";

// Runs it to its end; everything it started is gone then. kUnavailable with its last words when it
// fails (code "step.killed" when a signal ended it), kTimeout, kCancelled, kNotFound when there is
// no such program.
Result<void> RunStep(const Step& step, const Print& print, std::stop_token stop);
// The same; returns what it printed, up to a few KB.
Result<std::string> AskStep(const Step& step, std::stop_token stop);

// The program of that name in the server's PATH; a name with a slash is taken as it is.
// kNotFound with a remedy.
Result<std::string> FindProgram(const std::string& name);

// What installers get of the server's own environment: where to find programs, registries, proxies
// and certificates, and nothing else.
std::vector<std::string> InstallerEnvironment();

// The line that says most about a failure: the last that names an error, else the last.
std::string TellingLine(std::string_view printed);

}  // namespace caudal::functions
