#include "http/server.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <future>

#include "base/log.h"
#include "http/connection.h"
#include "http/io_thread.h"
#include "os/signals.h"

namespace caudal::http {
namespace {

using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

constexpr int kRefusingMax = 256;  // refused connections that may still read their 503
constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nServer: Caudal\r\nRetry-After: 1\r\n"
    "Content-Type: application/json; charset=UTF-8\r\nContent-Length: 79\r\nConnection: close\r\n"
    "\r\n"
    "{\"error\":{\"code\":503,\"message\":\"too many connections\",\"status\":\"unavailable\"}}\n";
static_assert(kBusy.size() - kBusy.find("{") == 79);

Error CannotListen(const ServerOptions& options, const ErrorCode& error) {
  const std::string place = options.host + ":" + std::to_string(options.port);
  if (error == asio::error::address_in_use) {
    return MakeError(ErrorKind::kConflict,
                     "port " + std::to_string(options.port) + " of " + options.host +
                         " is taken; stop the program that listens there or choose another port",
                     "http.port_taken");
  }
  if (error == asio::error::access_denied) {
    return MakeError(ErrorKind::kDenied,
                     "not allowed to listen on " + place + "; choose a port above 1023");
  }
  return MakeError(ErrorKind::kInvalid, "cannot listen on " + place + ": " + error.message());
}

Result<tcp::endpoint> Resolve(const ServerOptions& options, asio::io_context& context) {
  ErrorCode error;
  const asio::ip::address address = asio::ip::make_address(options.host, error);
  if (!error) return tcp::endpoint(address, options.port);
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(options.host, std::to_string(options.port), error);
  if (error || found.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "the listen host " + options.host + " has no address: " + error.message());
  }
  return found.begin()->endpoint();
}

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, const Router& router) : shared_(std::move(options), router) {
    for (int i = 0; i < std::max(1, shared_.options.io_threads); ++i) {
      threads_.push_back(std::make_unique<IoThread>(shared_));
    }
  }
  ~ServerImpl() override { Stop(); }

  Result<void> Listen();
  uint16_t port() const override { return shared_.port; }
  ServerStats stats() const override;
  void Stop() override;

 private:
  Task<void> Accept();
  void Place(Socket socket, IoThread& thread);
  Task<void> Refuse(Socket socket);
  template <class Call>
  void OnEach(Call call);

  Shared shared_;
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> refused_{0};
  int refusing_ = 0;  // of the first I/O thread
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::unique_ptr<Acceptor> acceptor_;  // of the first I/O thread
  Mutex stop_mutex_;
  bool stopped_ GUARDED_BY(stop_mutex_) = false;
};

Result<void> ServerImpl::Listen() {
  asio::io_context& context = threads_.front()->context();
  const tcp::endpoint endpoint = TRY(Resolve(shared_.options, context));
  acceptor_ = std::make_unique<Acceptor>(context.get_executor());
  ErrorCode error;
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(Acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    acceptor_->set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(Acceptor::max_listen_connections, error);
  if (error) return CannotListen(shared_.options, error);
  shared_.port = acceptor_->local_endpoint(error).port();
  asio::co_spawn(context.get_executor(), Accept(), asio::detached);
  for (const auto& thread : threads_) thread->Run();
  return {};
}

Task<void> ServerImpl::Accept() {
  Timer pause(threads_.front()->context().get_executor());
  size_t next = 0;
  while (!shared_.stopping.load()) {
    IoThread& thread = *threads_[next++ % threads_.size()];
    Socket socket(thread.context().get_executor());
    auto [error] = co_await acceptor_->async_accept(socket, kAwait);
    if (shared_.stopping.load()) co_return;
    if (error) {
      if (error == asio::error::connection_aborted) continue;
      // Out of file descriptors, most likely: the backlog holds new clients meanwhile.
      LogWarning("accept failed", {{"cause", error.message()}});
      pause.expires_after(std::chrono::milliseconds(100));
      auto [ignored] = co_await pause.async_wait(kAwait);
      (void)ignored;
      continue;
    }
    accepted_.fetch_add(1, std::memory_order_relaxed);
    if (shared_.connections_open.load() >= shared_.options.connections_max) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      if (refusing_ < kRefusingMax) {
        ++refusing_;
        asio::co_spawn(acceptor_->get_executor(), Refuse(std::move(socket)), asio::detached);
      }
      continue;
    }
    shared_.connections_open.fetch_add(1);
    Place(std::move(socket), thread);
  }
}

void ServerImpl::Place(Socket socket, IoThread& thread) {
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(tcp::no_delay(true), ignored);
  const tcp::endpoint peer = socket.remote_endpoint(ignored);
  const Link link{accepted_.load(std::memory_order_relaxed), peer.port(),
                  socket.local_endpoint(ignored).port()};
  asio::post(thread.context(), [&thread, socket = std::move(socket), link,
                                peer = peer.address().to_string()]() mutable {
    auto connection =
        std::make_unique<Connection>(thread, std::move(socket), std::move(peer), link);
    asio::co_spawn(thread.context().get_executor(), Connection::Serve(std::move(connection)),
                   asio::detached);
  });
}

Task<void> ServerImpl::Refuse(Socket socket) {
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.send(asio::buffer(kBusy), 0, ignored);
  socket.shutdown(Socket::shutdown_send, ignored);
  Timer pause(acceptor_->get_executor(), std::chrono::seconds(1));
  auto [error] = co_await pause.async_wait(kAwait);
  (void)error;
  --refusing_;
}

template <class Call>
void ServerImpl::OnEach(Call call) {
  for (const auto& thread : threads_) {
    std::promise<void> done;
    asio::post(thread->context(), [&] {
      call(*thread);
      done.set_value();
    });
    done.get_future().wait();
  }
}

void ServerImpl::Stop() {
  MutexLock stop_lock(stop_mutex_);
  if (stopped_ || shared_.port == 0) return;
  stopped_ = true;
  shared_.stopping.store(true);
  OnEach([&](IoThread& thread) {
    if (&thread == threads_.front().get()) {
      ErrorCode ignored;
      acceptor_->close(ignored);
    }
  });
  OnEach([](IoThread& thread) { thread.CloseIdle(); });
  const auto deadline = SteadyClock::now() + shared_.options.drain_timeout;
  const auto wait = [&](auto until) {
    MutexLock lock(shared_.closed_mutex);
    while (shared_.connections_open.load() > 0) {
      if (!shared_.closed.WaitUntil(shared_.closed_mutex, until)) break;
    }
    return shared_.connections_open.load();
  };
  if (const size_t left = wait(deadline); left > 0) {
    LogWarning("connections cut after the drain time", {{"connections", left}});
    OnEach([](IoThread& thread) { thread.CutAll(); });
  }
  // A handler can't be broken off: its thread must come back before what it uses goes.
  while (wait(SteadyClock::now() + std::chrono::seconds(1)) > 0) {
  }
}

ServerStats ServerImpl::stats() const {
  ServerStats out;
  out.connections_open = shared_.connections_open.load(std::memory_order_relaxed);
  out.connections_accepted = accepted_.load(std::memory_order_relaxed);
  out.connections_refused = refused_.load(std::memory_order_relaxed);
  out.pool_queue = shared_.pool.queued();
  for (const auto& thread : threads_) {
    const Counters& c = thread->counters();
    out.requests += c.requests.load(std::memory_order_relaxed);
    out.responses_4xx += c.responses_4xx.load(std::memory_order_relaxed);
    out.responses_5xx += c.responses_5xx.load(std::memory_order_relaxed);
    out.bytes_in += c.bytes_in.load(std::memory_order_relaxed);
    out.bytes_out += c.bytes_out.load(std::memory_order_relaxed);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, const Router& router) {
  os::IgnoreBrokenPipes();
  auto server = std::make_unique<ServerImpl>(std::move(options), router);
  TRY(server->Listen());
  return server;
}

}  // namespace caudal::http
