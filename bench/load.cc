// Load generator: keep-alive connections on one thread, every answer checked. Prints one line of
// JSON.
#include <sys/epoll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <vector>

#include "bench/connection.h"
#include "bench/cpu_time.h"
#include "bench/workload.h"

namespace {

using namespace caudal::bench;

struct Options {
  WorkloadOptions workload;
  int connections = 16;
  double seconds = 3;
  uint64_t requests_max = 0;  // 0: as many as the time allows
  std::vector<int> pids;
};

double PercentileMs(const std::vector<int64_t>& sorted_ns, double share) {
  if (sorted_ns.empty()) return 0;
  const auto at = static_cast<size_t>(share * static_cast<double>(sorted_ns.size() - 1));
  return static_cast<double>(sorted_ns[at]) / 1e6;
}

double ServersCpu(const Options& options) {
  double sum = 0;
  for (const int pid : options.pids) sum += CpuSecondsOf(pid);
  return sum;
}

int Run(const Options& options) {
  Workload workload(options.workload);
  std::vector<std::unique_ptr<Connection>> connections;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < options.connections; ++i) {
    connections.push_back(
        std::make_unique<Connection>(options.workload.host, options.workload.port, workload));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = static_cast<uint64_t>(i);
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, connections.back()->fd(), &event);
  }

  std::vector<int64_t> latencies_ns;
  latencies_ns.reserve(1'000'000);
  const double server_cpu_before = ServersCpu(options);
  const double own_cpu_before = OwnCpuSeconds();
  const int64_t start = NowNs();
  const int64_t end = start + static_cast<int64_t>(options.seconds * 1e9);
  uint64_t started = 0;
  size_t busy = 0;
  const auto may_start = [&] {
    return NowNs() < end && (options.requests_max == 0 || started < options.requests_max);
  };
  for (auto& connection : connections) {
    if (!may_start()) break;
    connection->StartRequest();
    ++started;
    ++busy;
  }
  std::vector<bool> idle(connections.size(), false);
  epoll_event events[64];
  while (busy > 0) {
    const int count = ::epoll_wait(epoll, events, 64, 30'000);
    if (count == 0) throw std::runtime_error("no answer for 30 s");
    for (int i = 0; i < count; ++i) {
      const size_t which = events[i].data.u64;
      Connection& connection = *connections[which];
      if (idle[which]) continue;
      if (connection.wants_to_write() && (events[i].events & EPOLLOUT)) connection.Send();
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      while (connection.Receive()) {
        latencies_ns.push_back(NowNs() - connection.started_ns());
        if (!may_start()) {
          idle[which] = true;
          --busy;
          break;
        }
        connection.StartRequest();
        ++started;
      }
    }
  }
  const double elapsed = static_cast<double>(NowNs() - start) / 1e9;
  const double server_cpu = ServersCpu(options) - server_cpu_before;
  const double own_cpu = OwnCpuSeconds() - own_cpu_before;
  ::close(epoll);

  uint64_t bytes = 0;
  for (const auto& connection : connections) bytes += connection->bytes_received();
  std::sort(latencies_ns.begin(), latencies_ns.end());
  const auto requests = static_cast<double>(latencies_ns.size());
  std::printf(
      "{\"requests\": %zu, \"seconds\": %.3f, \"per_second\": %.1f, \"p50_ms\": %.3f, "
      "\"p99_ms\": %.3f, \"server_cpu_seconds\": %.2f, \"per_server_cpu_second\": %.1f, "
      "\"client_cpu_seconds\": %.2f, \"bytes_received\": %llu, \"next_name\": %llu}\n",
      latencies_ns.size(), elapsed, requests / elapsed, PercentileMs(latencies_ns, 0.5),
      PercentileMs(latencies_ns, 0.99), server_cpu, server_cpu > 0 ? requests / server_cpu : 0.0,
      own_cpu, static_cast<unsigned long long>(bytes),
      static_cast<unsigned long long>(workload.uploaded()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Load generator for Cloud Storage's JSON API");
  const std::map<std::string, Mode> modes{
      {"upload", Mode::kUpload}, {"read", Mode::kRead}, {"list", Mode::kList}};
  WorkloadOptions& w = options.workload;
  app.add_option("--mode", w.mode, "upload, read or list")
      ->required()
      ->transform(CLI::CheckedTransformer(modes));
  app.add_option("--host", w.host, "IPv4 address");
  app.add_option("--port", w.port)->required();
  app.add_option("--bucket", w.bucket);
  app.add_option("--prefix", w.prefix);
  app.add_option("--read-path", w.read_path, "path of a read, {} for the name");
  app.add_option("--size", w.size, "bytes of an object");
  app.add_option("--objects", w.objects, "how many exist, for read and list");
  app.add_option("--first-name", w.first_name, "number of the first upload");
  app.add_option("--page", w.page, "objects in a page of a list");
  app.add_option("--connections", options.connections);
  app.add_option("--seconds", options.seconds);
  app.add_option("--requests", options.requests_max, "at most; 0 for no bound");
  app.add_option("--pid", options.pids, "a server process whose CPU time counts");
  CLI11_PARSE(app, argc, argv);
  try {
    return Run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "load: %s\n", e.what());
    return 1;
  }
}
