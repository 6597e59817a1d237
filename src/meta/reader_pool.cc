#include "meta/reader_pool.h"

#include <fmt/format.h>

namespace caudal::meta {

ReaderPool::ReaderPool(std::string path, int64_t cache_kib, int connections_max,
                       std::chrono::milliseconds wait)
    : path_(std::move(path)),
      cache_kib_(cache_kib),
      connections_max_(connections_max),
      wait_(wait) {}

ReaderPool::~ReaderPool() {
  MutexLock lock(mutex_);
  CAUDAL_CHECK(static_cast<int>(free_.size()) == open_, "a ReadTx outlives its Database");
}

Result<std::unique_ptr<OpenConnection>> ReaderPool::Acquire() {
  std::unique_ptr<OpenConnection> connection = TRY(Take());
  Result<void> begun = connection->BeginSnapshot();
  if (begun.ok()) [[likely]]
    return connection;
  Release(std::move(connection));
  return std::move(begun).error();
}

Result<std::unique_ptr<OpenConnection>> ReaderPool::Take() {
  {
    MutexLock lock(mutex_);
    if (!WaitForOne())
      return MakeError(ErrorKind::kLimit,
                       fmt::format("all {} read connections of {} stayed in use for {} ms; retry, "
                                   "or raise the limit of readers",
                                   connections_max_, path_, wait_.count()));
    if (!free_.empty()) {
      std::unique_ptr<OpenConnection> connection = std::move(free_.back());
      free_.pop_back();
      return connection;
    }
    ++open_;
  }
  return Open();
}

bool ReaderPool::WaitForOne() {
  if (!free_.empty() || open_ < connections_max_) [[likely]]
    return true;
  const auto deadline = std::chrono::steady_clock::now() + wait_;
  bool in_time = true;
  while (in_time && free_.empty() && open_ >= connections_max_)
    in_time = returned_.WaitUntil(mutex_, deadline);
  return !free_.empty() || open_ < connections_max_;
}

Result<std::unique_ptr<OpenConnection>> ReaderPool::Open() {
  auto connection = OpenConnection::Open(path_, OpenConnection::Role::kReader, cache_kib_);
  if (!connection.ok()) {
    MutexLock lock(mutex_);
    --open_;
    returned_.NotifyOne();
  }
  return connection;
}

void ReaderPool::Release(std::unique_ptr<OpenConnection> connection) {
  connection->EndSnapshot();
  MutexLock lock(mutex_);
  free_.push_back(std::move(connection));
  returned_.NotifyOne();
}

}  // namespace caudal::meta
