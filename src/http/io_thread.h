// One I/O thread with its event loop, its connections and their deadlines. Internal to http.
#pragma once

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <thread>

#include "http/body_budget.h"
#include "http/head.h"
#include "http/pool.h"
#include "http/server.h"

namespace caudal::http {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using SteadyClock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;
template <class T>
using Task = asio::awaitable<T, Executor>;
using ErrorCode = boost::system::error_code;
// Completion as a tuple whose first part is the error code: nothing throws.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{
    asio::use_awaitable_t<Executor>{}};

// Written by one thread, read by all.
struct alignas(64) Counters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> responses_4xx{0};
  std::atomic<uint64_t> responses_5xx{0};
  std::atomic<uint64_t> bytes_in{0};
  std::atomic<uint64_t> bytes_out{0};
  static void Add(std::atomic<uint64_t>& counter, uint64_t n = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

// What all connections of a server share.
struct Shared {
  Shared(ServerOptions o, const Router& r)
      : options(std::move(o)),
        router(r),
        budget(options.buffered_bytes_max),
        pool(options.pool_threads, options.pool_queue_max) {}
  const ServerOptions options;
  const Router& router;
  uint16_t port = 0;
  std::atomic<bool> stopping{false};
  std::atomic<size_t> connections_open{0};
  void NoteClosed() {
    // Under the lock, so that Stop neither misses the last one nor ends while it is still here.
    MutexLock lock(closed_mutex);
    connections_open.fetch_sub(1);
    closed.NotifyAll();
  }
  Mutex closed_mutex;
  CondVar closed;
  BodyBudget budget;
  Pool pool;
};

class Connection;

class IoThread {
 public:
  explicit IoThread(Shared& shared);
  ~IoThread();  // ends the loop and joins; all connections must be gone

  void Run();  // starts the thread
  asio::io_context& context() { return context_; }
  Shared& shared() { return shared_; }
  Counters& counters() { return counters_; }
  std::string_view Date() { return date_.Now(); }

  // The rest: in this thread only.
  std::list<Connection*>::iterator Enter(Connection* connection);
  void Leave(std::list<Connection*>::iterator place);
  // Asks connections without a request, or all, to go.
  void CloseIdle();
  void CutAll();

 private:
  void ArmTick();

  Shared& shared_;
  Counters counters_;
  asio::io_context context_{1};
  asio::executor_work_guard<Executor> guard_{context_.get_executor()};
  Timer tick_{context_.get_executor()};
  std::chrono::milliseconds tick_interval_;
  std::list<Connection*> connections_;
  DateCache date_;
  std::thread thread_;
};

}  // namespace caudal::http
