#include <atomic>
#include <thread>

#include "app/cli/commands.h"
#include "app/config/load.h"
#include "app/config/values.h"
#include "app/platform.h"
#include "base/log.h"
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
