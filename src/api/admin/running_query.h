// One query on its way to a client: a thread that makes the answer, and what the HTTP side takes of
// it. Internal to api/admin.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "data/json.h"
#include "http/message.h"
#include "os/file.h"
#include "query/query.h"
#include "query/result_writer.h"

namespace caudal::api::admin {

// Nobody waits so long: it is woken.
inline constexpr int kUntilWoken_ms = 10'000;

class RunningQuery {
 public:
  RunningQuery(std::string id, query::QueryRequest request, query::Format format, int64_t started);

  const std::string& id() const { return id_; }
  query::Format format() const { return format_; }

  // Makes the answer, to the end. Waits when the client takes nothing: at most a megabyte and a
  // batch are ahead. Once, on a thread of its own.
  void Work(query::Queries& queries) EXCLUDES(mutex_);

  // Whether it is known how the answer begins; waits up to `wait`.
  bool WaitForStart(std::chrono::milliseconds wait) EXCLUDES(mutex_);
  // Ends the wait of whoever found that there was nothing yet.
  const std::shared_ptr<http::Waker>& waker() const { return waker_; }
  // After that: 200 with the headers, and a body that keeps `keep_alive`; or the error, when there
  // was one before the first row.
  Result<http::Response> Respond(std::shared_ptr<void> keep_alive) EXCLUDES(mutex_);

  // Nobody wants the rest. Doesn't wait; the worker is free within 100 ms.
  void Cancel() EXCLUDES(mutex_);
  Json About(int64_t now) const EXCLUDES(mutex_);

 private:
  Result<void> Produce(query::Queries& queries) EXCLUDES(mutex_);
  Result<void> ProduceRows(query::Query& query) EXCLUDES(mutex_);
  Result<void> ProduceFile(query::Query& query) EXCLUDES(mutex_);
  // Hands over what `bytes` holds, and empties it.
  void Give(std::string& bytes) EXCLUDES(mutex_);
  bool HasGiven() const EXCLUDES(mutex_);
  // kCancelled when nobody wants more.
  Result<void> WaitForRoom() EXCLUDES(mutex_);
  void Finish(std::optional<Error> error) EXCLUDES(mutex_);
  Result<http::StreamBody::Piece> Next() EXCLUDES(mutex_);

  const std::string id_;
  query::QueryRequest request_;  // constant after construction, but for its control's state
  const query::Format format_;
  const int64_t started_at_;
  const std::shared_ptr<http::Waker> waker_ = std::make_shared<http::Waker>();
  std::atomic<uint64_t> rows_{0};  // made

  mutable Mutex mutex_;
  CondVar changed_;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  std::vector<query::QueryTable> tables_ GUARDED_BY(mutex_);
  bool given_ GUARDED_BY(mutex_) = false;  // bytes
  bool begun_ GUARDED_BY(mutex_) = false;
  bool done_ GUARDED_BY(mutex_) = false;
  std::string ready_ GUARDED_BY(mutex_);
  // Before anything was given; or what cuts a stream that has no place for it.
  std::optional<Error> error_ GUARDED_BY(mutex_);
  std::optional<http::FileBody> file_ GUARDED_BY(mutex_);
};

}  // namespace caudal::api::admin
