#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

const std::vector<Key<QueryConfig>>& Keys() {
  using C = QueryConfig;
  constexpr auto kRestart = Change::kRestart;
  static const std::vector<Key<C>> keys = {
      Field("running_max", &C::running_max, Whole{1, 64}, kRestart,
            "Queries at once, each in a process of its own."),
      Field("waiting_max", &C::waiting_max, Whole{0, 100'000}, kRestart,
            "Queries that wait for one to end; more are refused. Clients take turns."),
      Field("wait_max", &C::wait_max, Duration{0ms, 1h}, kRestart,
            "How long a query waits before it is refused."),
      Field("memory", &C::memory, Size{64 << 20, 1ull << 40}, kRestart,
            "Memory of one query; beyond it, what can goes to disk."),
      Field("threads", &C::threads, Whole{1, 256}, kRestart, "Threads of one query."),
      Field("temp_space", &C::temp_space, Size{0, 1ull << 50}, kRestart,
            "Disk that one query may use for what doesn't fit into its memory."),
      Field("timeout", &C::timeout, Duration{100ms, 24h * 7}, kRestart,
            "How long a query may take that doesn't say."),
      Field("timeout_max", &C::timeout_max, Duration{100ms, 24h * 7}, kRestart,
            "The longest time that a query may ask for."),
  };
  return keys;
}

}  // namespace

const Section<QueryConfig>& QuerySection() {
  static const Section<QueryConfig> section{&Keys};
  return section;
}

}  // namespace caudal::app
