#include "http/io_thread.h"

#include <algorithm>

#include "http/connection.h"

namespace caudal::http {

IoThread::IoThread(Shared& shared) : shared_(shared) {
  const ServerOptions& o = shared.options;
  const auto shortest = std::min({o.header_timeout, o.idle_timeout, o.body_timeout});
  tick_interval_ =
      std::clamp(shortest / 8, std::chrono::milliseconds(5), std::chrono::milliseconds(100));
}

IoThread::~IoThread() {
  guard_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoThread::Run() {
  ArmTick();
  thread_ = std::thread([this] { context_.run(); });
}

// One timer a thread instead of one a connection: a request then costs no timer operation.
void IoThread::ArmTick() {
  tick_.expires_after(tick_interval_);
  tick_.async_wait([this](ErrorCode error) {
    if (error) return;
    const auto now = SteadyClock::now();
    for (Connection* connection : connections_) connection->ExpireAt(now);
    ArmTick();
  });
}

std::list<Connection*>::iterator IoThread::Enter(Connection* connection) {
  return connections_.insert(connections_.end(), connection);
}

void IoThread::Leave(std::list<Connection*>::iterator place) { connections_.erase(place); }

void IoThread::CloseIdle() {
  for (Connection* connection : connections_) connection->CloseIfIdle();
}

void IoThread::CutAll() {
  for (Connection* connection : connections_) connection->Cut();
}

}  // namespace caudal::http
