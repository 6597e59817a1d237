// The queries that clients wait for: started, listed, cancelled.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/result.h"
#include "data/json.h"
#include "query/query.h"
#include "query/result_writer.h"

namespace caudal::api {

namespace admin {
class RunningQuery;
}

// Thread-safe. All it is given must outlive it; its answers must be gone before it is.
class RunningQueries {
 public:
  RunningQueries(query::Queries& queries, Clock& clock, Random& random)
      : queries_(queries), clock_(clock), random_(random) {}
  // Cancels what runs and waits for it.
  ~RunningQueries();
  RunningQueries(const RunningQueries&) = delete;
  RunningQueries& operator=(const RunningQueries&) = delete;

  // `id` may be empty: then one is made. kAlreadyExists when a query of that id runs; kLimit when
  // too many run. Doesn't wait.
  Result<std::shared_ptr<admin::RunningQuery>> Start(query::QueryRequest request,
                                                     query::Format format, std::string id)
      EXCLUDES(mutex_);
  std::vector<Json> List() const EXCLUDES(mutex_);  // the oldest first
  Result<Json> Get(const std::string& id) const EXCLUDES(mutex_);
  Result<void> Cancel(const std::string& id) EXCLUDES(mutex_);

 private:
  struct Entry {
    std::shared_ptr<admin::RunningQuery> query;
    std::thread thread;
  };

  void Run(admin::RunningQuery& query) EXCLUDES(mutex_);
  Result<std::shared_ptr<admin::RunningQuery>> Find(const std::string& id) const EXCLUDES(mutex_);

  query::Queries& queries_;
  Clock& clock_;
  Random& random_;
  mutable Mutex mutex_;
  CondVar ended_;
  std::map<std::string, Entry> running_ GUARDED_BY(mutex_);
  std::vector<std::thread> over_ GUARDED_BY(mutex_);  // to be joined
};

}  // namespace caudal::api
