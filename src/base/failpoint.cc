#include "base/failpoint.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include "base/mutex.h"
#include "base/random.h"

namespace caudal {
namespace {

enum class Action : uint8_t { kKill, kCut, kStop, kDelay, kError };

struct Armed {
  Action action = Action::kError;
  std::chrono::milliseconds delay{0};
  double probability = 1.0;
};

struct State {
  Mutex mutex;
  std::map<std::string, Armed, std::less<>> armed GUARDED_BY(mutex);
  std::set<std::string, std::less<>> seen GUARDED_BY(mutex);
  SeededRandom random GUARDED_BY(mutex){0};
  std::function<void()> power_cut GUARDED_BY(mutex);
};

State& TheState() {
  static auto* state = new State;  // outlives every static destructor
  return *state;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<Armed> ParseAction(std::string_view text) {
  const std::vector<std::string> parts = Split(text, ':');
  Armed armed;
  size_t next = 1;
  if (parts[0] == "kill") {
    armed.action = Action::kKill;
  } else if (parts[0] == "cut") {
    armed.action = Action::kCut;
  } else if (parts[0] == "stop") {
    armed.action = Action::kStop;
  } else if (parts[0] == "error") {
    armed.action = Action::kError;
  } else if (parts[0] == "delay" && parts.size() > 1 && parts[1].ends_with("ms")) {
    armed.action = Action::kDelay;
    armed.delay = std::chrono::milliseconds(std::atoi(parts[1].c_str()));
    next = 2;
  } else {
    return MakeError(ErrorKind::kInvalid, "failpoint action '" + std::string(text) +
                                              "' is none of kill, cut, stop, error, delay:<N>ms");
  }
  if (parts.size() > next) armed.probability = std::atof(parts[next].c_str());
  return armed;
}

}  // namespace

Result<void> ArmFailpoints(std::string_view specification, uint64_t seed) {
#if !defined(CAUDAL_FAILPOINTS)
  (void)seed;
  if (specification.empty()) return {};
  return MakeError(ErrorKind::kUnsupported, "this build has no failpoints; use a test build");
#else
  std::map<std::string, Armed, std::less<>> armed;
  if (!specification.empty()) {
    for (const std::string& entry : Split(specification, ';')) {
      const size_t equals = entry.find('=');
      if (equals == std::string::npos)
        return MakeError(ErrorKind::kInvalid, "failpoint '" + entry + "' needs name=action");
      armed[entry.substr(0, equals)] = TRY(ParseAction(std::string_view(entry).substr(equals + 1)));
    }
  }
  State& state = TheState();
  MutexLock lock(state.mutex);
  state.armed = std::move(armed);
  state.random = SeededRandom(seed);
  return {};
#endif
}

void DisarmFailpoints() {
  State& state = TheState();
  MutexLock lock(state.mutex);
  state.armed.clear();
}

void SetPowerCutHook(std::function<void()> hook) {
  State& state = TheState();
  MutexLock lock(state.mutex);
  state.power_cut = std::move(hook);
}

std::vector<std::string> FailpointsSeen() {
  State& state = TheState();
  MutexLock lock(state.mutex);
  return {state.seen.begin(), state.seen.end()};
}

namespace internal {

Result<void> HitFailpoint(const char* name) {
  State& state = TheState();
  Armed armed;
  std::function<void()> power_cut;
  {
    MutexLock lock(state.mutex);
    state.seen.emplace(name);
    auto found = state.armed.find(std::string_view(name));
    if (found == state.armed.end()) found = state.armed.find(std::string_view("*"));
    if (found == state.armed.end()) return {};
    armed = found->second;
    const double roll = static_cast<double>(state.random.Below(1u << 20)) / (1u << 20);
    if (roll >= armed.probability) return {};
    power_cut = state.power_cut;
  }
  switch (armed.action) {
    case Action::kDelay:
      std::this_thread::sleep_for(armed.delay);
      return {};
    case Action::kError:
      return MakeError(ErrorKind::kUnavailable, std::string("failpoint ") + name);
    case Action::kStop:
      std::raise(SIGSTOP);
      return {};
    case Action::kCut:
      if (power_cut) power_cut();
      [[fallthrough]];
    case Action::kKill:
      std::raise(SIGKILL);
      std::abort();
  }
  return {};
}

}  // namespace internal
}  // namespace caudal
