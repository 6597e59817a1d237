#include <atomic>
#include <cstdlib>
#include <thread>

#include "app/cli/commands.h"
#include "app/config/load.h"
#include "app/config/values.h"
#include "app/platform.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "os/power_cut.h"
#include "os/signals.h"

namespace caudal::app::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A stop that takes longer is cut: what wasn't acknowledged is put right at the next start.
constexpr milliseconds kStopMax{9'700};

struct Options {
  std::string listen;
};

// For tests: CAUDAL_FAILPOINTS, CAUDAL_FAILPOINT_SEED, CAUDAL_POWER_CUT. Refused by other builds.
Result<void> ArmFromEnvironment() {
  const char* failpoints = std::getenv("CAUDAL_FAILPOINTS");
  const char* seed = std::getenv("CAUDAL_FAILPOINT_SEED");
  const char* mount_point = std::getenv("CAUDAL_POWER_CUT");
  if (mount_point && *mount_point)
    SetPowerCutHook([path = std::string(mount_point)] {
      if (Result<void> cut = os::CutPower(path); !cut.ok())
        LogError("the power cut failed", {{"error", cut.error().message}});
    });
  if (failpoints && *failpoints)
    TRY(ArmFailpoints(failpoints, seed ? std::strtoull(seed, nullptr, 10) : 0));
  return {};
}

Result<Config> ConfigFor(const Context& context, const Options& options) {
  Config config = TRY(LoadValidConfig(context.ConfigFile()));
  if (!options.listen.empty()) {
    Result<HostPort> listen = ParseHostPort(options.listen);
    if (!listen.ok())
      return MakeError(ErrorKind::kInvalid,
                       "--listen " + options.listen + ": " + listen.error().message, "usage");
    config.server.listen = *listen;
  }
  if (config.auth.required == AuthRequired::kNever && !IsLoopback(config.server.listen.host))
    return MakeError(ErrorKind::kInvalid,
                     "auth.required is 'never', which is allowed on loopback only; use 'auto' and "
                     "`caudal keys create`",
                     "usage");
  return config;
}

// Until SIGTERM or SIGINT.
void Serve(Platform& platform) {
  while (true) {
    const std::optional<os::Signal> signal = os::WaitForSignal(std::chrono::hours(1));
    if (!signal) continue;
    if (*signal != os::Signal::kHangUp) {
      LogInfo("signal", {{"name", os::NameOf(*signal)}});
      return;
    }
    if (const Result<Json> reloaded = platform.Reload(); !reloaded.ok())
      LogError("the configuration was not reloaded", {{"error", reloaded.error().message}});
  }
}

int StopWithin(std::unique_ptr<Platform> platform) {
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    platform.reset();
    stopped = true;
  });
  const auto deadline = steady_clock::now() + kStopMax;
  while (!stopped) {
    const std::optional<os::Signal> signal = os::WaitForSignal(milliseconds(20));
    const bool now = signal && *signal != os::Signal::kHangUp;
    if (!now && steady_clock::now() < deadline) continue;
    LogWarning(now ? "stopping at once: second signal" : "stopping at once: it took too long");
    FlushLogs();
    os::ExitNow(kFailed);
  }
  stopper.join();
  FlushLogs();
  return kDone;
}

int Up(const Context& context, const Options& options) {
  os::BlockSignals();
  if (Result<void> armed = ArmFromEnvironment(); !armed.ok()) return context.Fail(armed.error());
  Result<Config> config = ConfigFor(context, options);
  if (!config.ok()) return context.Fail(config.error());
  Result<std::unique_ptr<Platform>> platform = Platform::Start(std::move(*config));
  if (!platform.ok()) return context.Fail(platform.error());
  if (context.json) {
    context.PrintJson({{"ready", true}, {"url", (*platform)->url()}, {"pid", os::ProcessId()}});
  } else {
    context.Print(Text::kReady, (*platform)->url());
  }
  Serve(**platform);
  return StopWithin(std::move(*platform));
}

}  // namespace

void AddUp(Commands& commands) {
  AddCommand<Options>(
      commands, commands.app, "up", Text::kUp,
      [&](CLI::App& command, Options& options) {
        command.add_option("--listen", options.listen,
                           std::string(TextOf(Text::kListenOption, commands.context.language)));
      },
      Up);
}

}  // namespace caudal::app::cli
