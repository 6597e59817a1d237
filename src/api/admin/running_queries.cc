#include "api/admin/running_queries.h"

#include <algorithm>

#include "api/admin/running_query.h"

namespace caudal::api {

using admin::RunningQuery;

namespace {

// Those that wait for a worker count too; the query module turns most of them away before.
constexpr size_t kRunningMax = 256;
constexpr size_t kIdBytesMax = 64;

Result<void> CheckId(const std::string& id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (id.size() <= kIdBytesMax && std::all_of(id.begin(), id.end(), allowed)) return {};
  return MakeError(ErrorKind::kInvalid,
                   "'query_id' must be up to 64 letters, digits, '-' and '_', not '" + id + "'");
}

}  // namespace

RunningQueries::~RunningQueries() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    for (auto& [id, entry] : running_) entry.query->Cancel();
    while (!running_.empty()) ended_.Wait(mutex_);
    threads = std::move(over_);
  }
  for (std::thread& thread : threads) thread.join();
}

Result<std::shared_ptr<RunningQuery>> RunningQueries::Start(query::QueryRequest request,
                                                            query::Format format, std::string id) {
  TRY(CheckId(id));
  if (id.empty()) id = random_.Hex(8);
  auto query = std::make_shared<RunningQuery>(id, std::move(request), format, clock_.Now());
  std::vector<std::thread> over;
  {
    MutexLock lock(mutex_);
    over = std::move(over_);
    over_.clear();
    if (running_.size() >= kRunningMax)
      return MakeError(ErrorKind::kLimit,
                       std::to_string(kRunningMax) + " queries run already; try again later",
                       "query.busy");
    const auto [entry, fresh] = running_.try_emplace(id);
    if (!fresh)
      return MakeError(ErrorKind::kAlreadyExists, "a query with the id '" + id + "' runs already",
                       "query.id_taken");
    entry->second.query = query;
    entry->second.thread = std::thread([this, query] { Run(*query); });
  }
  for (std::thread& thread : over) thread.join();
  return query;
}

void RunningQueries::Run(RunningQuery& query) {
  query.Work(queries_);
  MutexLock lock(mutex_);
  const auto entry = running_.find(query.id());
  over_.push_back(std::move(entry->second.thread));
  running_.erase(entry);
  ended_.NotifyAll();
}

Result<std::shared_ptr<RunningQuery>> RunningQueries::Find(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end())
    return MakeError(ErrorKind::kNotFound, "no query with the id '" + id + "' runs",
                     "query.not_found");
  return found->second.query;
}

std::vector<Json> RunningQueries::List() const {
  std::vector<std::shared_ptr<RunningQuery>> queries;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, entry] : running_) queries.push_back(entry.query);
  }
  std::vector<Json> list;
  list.reserve(queries.size());
  for (const auto& query : queries) list.push_back(query->About(clock_.Now()));
  std::sort(list.begin(), list.end(),
            [](const Json& a, const Json& b) { return a["started"] < b["started"]; });
  return list;
}

Result<Json> RunningQueries::Get(const std::string& id) const {
  const std::shared_ptr<RunningQuery> query = TRY(Find(id));
  return query->About(clock_.Now());
}

Result<void> RunningQueries::Cancel(const std::string& id) {
  const std::shared_ptr<RunningQuery> query = TRY(Find(id));
  query->Cancel();
  return {};
}

}  // namespace caudal::api
