#include "os/signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace caudal::os {
namespace {

int NumberOf(Signal signal) {
  constexpr std::array<int, 3> kNumbers = {SIGTERM, SIGINT, SIGHUP};
  return kNumbers[static_cast<size_t>(signal)];
}

sigset_t Minded() {
  sigset_t set;
  sigemptyset(&set);
  for (Signal signal : {Signal::kTerminate, Signal::kInterrupt, Signal::kHangUp})
    sigaddset(&set, NumberOf(signal));
  return set;
}

}  // namespace

std::string_view NameOf(Signal signal) {
  constexpr std::array<std::string_view, 3> kNames = {"SIGTERM", "SIGINT", "SIGHUP"};
  return kNames[static_cast<size_t>(signal)];
}

void BlockSignals() {
  const sigset_t set = Minded();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  IgnoreBrokenPipes();
}

void IgnoreBrokenPipes() {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

std::optional<Signal> WaitForSignal(std::chrono::milliseconds timeout) {
  const sigset_t set = Minded();
  timespec wait{};
  wait.tv_sec = timeout.count() / 1000;
  wait.tv_nsec = (timeout.count() % 1000) * 1'000'000;
  const int number = ::sigtimedwait(&set, nullptr, &wait);
  for (Signal signal : {Signal::kTerminate, Signal::kInterrupt, Signal::kHangUp})
    if (number == NumberOf(signal)) return signal;
  return std::nullopt;
}

bool SendSignal(int pid, Signal signal) { return pid > 0 && ::kill(pid, NumberOf(signal)) == 0; }

int ProcessId() { return ::getpid(); }

void ExitNow(int code) { ::_exit(code); }

}  // namespace caudal::os
