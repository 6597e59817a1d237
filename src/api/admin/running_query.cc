#include "api/admin/running_query.h"

#include <algorithm>
#include <utility>

#include "data/timestamp.h"

namespace caudal::api::admin {
namespace {

constexpr size_t kReadyBytesMax = 1u << 20;
// A thread of the pool waits this long for bytes that may be just about to come, then no thread
// does.
constexpr std::chrono::milliseconds kPatience{5};
constexpr size_t kSqlShown = 1000;

}  // namespace

RunningQuery::RunningQuery(std::string id, query::QueryRequest request, query::Format format,
                           int64_t started)
    : id_(std::move(id)), request_(std::move(request)), format_(format), started_at_(started) {
  request_.control = std::make_shared<query::QueryControl>();
}

void RunningQuery::Work(query::Queries& queries) {
  Result<void> produced = Produce(queries);
  if (!produced.ok()) Finish(std::move(produced).error());
}

Result<void> RunningQuery::Produce(query::Queries& queries) {
  const std::unique_ptr<query::Query> query = TRY(queries.Run(request_));
  {
    MutexLock lock(mutex_);
    tables_ = query->tables();
  }
  TRY(format_ == query::Format::kParquet ? ProduceFile(*query) : ProduceRows(*query));
  // The client needn't wait until the worker is tidied up.
  Finish(std::nullopt);
  return {};
}

Result<void> RunningQuery::ProduceRows(query::Query& query) {
  const std::unique_ptr<query::ResultWriter> writer =
      TRY(query::ResultWriter::Make(format_, query.rows()));
  std::string bytes;
  TRY(writer->Begin(bytes));
  const auto add_all = [&]() -> Result<void> {
    while (true) {
      const std::optional<engine::Batch> batch = TRY(query.rows().Next());
      if (!batch) return {};
      TRY(writer->Add(*batch, bytes));
      rows_ = writer->rows();
      Give(bytes);
      TRY(WaitForRoom());
    }
  };
  Result<void> added = add_all();
  if (added.ok()) {
    writer->End(bytes);
    Give(bytes);
    return {};
  }
  Error error = std::move(added).error();
  // What a batch that failed left half done goes; nothing of it was given.
  bytes.clear();
  if (!HasGiven() || !writer->Fail(error, bytes)) return error;
  Give(bytes);
  return {};
}

Result<void> RunningQuery::ProduceFile(query::Query& query) {
  const engine::Output output = TRY(query.TakeFile());
  Result<os::File> file = os::File::Open(output.path, os::File::Mode::kRead);
  // Open files outlive their names.
  TRY(os::Remove(output.path));
  http::FileBody body;
  os::File opened = TRY(std::move(file));
  body.file = std::make_shared<os::File>(std::move(opened));
  body.length = output.bytes;
  MutexLock lock(mutex_);
  file_ = std::move(body);
  return {};
}

void RunningQuery::Give(std::string& bytes) {
  MutexLock lock(mutex_);
  if (ready_.empty()) {
    ready_.swap(bytes);
  } else {
    ready_ += bytes;
  }
  bytes.clear();
  given_ = true;
  begun_ = true;
  changed_.NotifyAll();
  waker_->Wake();
}

Result<void> RunningQuery::WaitForRoom() {
  MutexLock lock(mutex_);
  while (ready_.size() >= kReadyBytesMax && !cancelled_) changed_.Wait(mutex_);
  if (cancelled_) return query::QueryCancelled();
  return {};
}

bool RunningQuery::HasGiven() const {
  MutexLock lock(mutex_);
  return given_;
}

void RunningQuery::Finish(std::optional<Error> error) {
  MutexLock lock(mutex_);
  error_ = std::move(error);
  begun_ = true;
  done_ = true;
  changed_.NotifyAll();
  waker_->Wake();
}

bool RunningQuery::WaitForStart(std::chrono::milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  MutexLock lock(mutex_);
  while (!begun_ && changed_.WaitUntil(mutex_, deadline)) {
  }
  return begun_;
}

Result<http::Response> RunningQuery::Respond(std::shared_ptr<void> keep_alive) {
  http::Response response;
  response.headers.Set("Content-Type", std::string(query::ContentTypeOf(format_)));
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Caudal-Query-Id", id_);
  MutexLock lock(mutex_);
  if (error_ && !given_) return *error_;
  if (file_) {
    response.body = *std::exchange(file_, std::nullopt);
  } else {
    response.body = http::StreamBody{[this, keep_alive] { return Next(); }, waker_};
  }
  return response;
}

Result<http::StreamBody::Piece> RunningQuery::Next() {
  http::StreamBody::Piece piece;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  MutexLock lock(mutex_);
  while (ready_.empty() && !done_ && changed_.WaitUntil(mutex_, deadline)) {
  }
  if (!ready_.empty()) {
    piece.bytes = std::exchange(ready_, {});
    changed_.NotifyAll();
  } else if (done_ && error_) {
    return *error_;
  }
  piece.last = done_ && !error_;
  if (piece.bytes.empty()) piece.wait_ms = kUntilWoken_ms;
  return piece;
}

void RunningQuery::Cancel() {
  request_.control->Cancel();
  MutexLock lock(mutex_);
  cancelled_ = true;
  changed_.NotifyAll();
}

Json RunningQuery::About(int64_t now) const {
  Json json = {{"id", id_},
               {"sql", request_.sql.substr(0, kSqlShown)},
               {"format", query::NameOf(format_)},
               {"client", request_.client},
               {"started", FormatRfc3339(started_at_)},
               {"elapsed_ms", (now - started_at_) / 1000},
               {"rows", rows_.load()}};
  const engine::Progress progress = request_.control->progress();
  json["progress"] = progress.fraction;
  json["rows_processed"] = progress.rows;
  MutexLock lock(mutex_);
  json["state"] = cancelled_ ? "cancelled" : begun_ ? "sending" : "running";
  Json tables = Json::array();
  for (const query::QueryTable& table : tables_)
    tables.push_back({{"name", lake::TextOf(table.name)},
                      {"snapshot_id", std::to_string(table.snapshot_id)},
                      {"files", table.files},
                      {"files_pruned", table.files_pruned}});
  json["tables"] = std::move(tables);
  return json;
}

}  // namespace caudal::api::admin
