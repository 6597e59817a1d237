// A task whose answer is lines of JSON: {"progress": …} while it runs, and at the end {"report": …}
// or {"error": …}. Internal to api/admin.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/admin/handlers.h"
#include "http/message.h"

namespace caudal::api::admin {

inline constexpr int kTaskGlanceMs = 100;

// Its last copy's end cancels what runs: the client went.
template <class Task, class Progress, class Report>
class TaskLines {
 public:
  TaskLines(std::shared_ptr<Task> task, std::function<Json(const Progress&)> progress,
            std::function<Json(const Report&)> report)
      : task_(std::move(task)),
        progress_json_(std::move(progress)),
        report_json_(std::move(report)) {}
  ~TaskLines() { task_->Cancel(); }
  TaskLines(const TaskLines&) = delete;
  TaskLines& operator=(const TaskLines&) = delete;

  http::StreamBody::Piece Next() {
    http::StreamBody::Piece piece;
    if (const std::optional<Result<Report>> result = task_->result()) {
      piece.last = true;
      piece.bytes = Line(result->ok() ? Json{{"report", report_json_(**result)}}
                                      : ErrorJson(result->error()));
      return piece;
    }
    Progress progress = task_->progress();
    if (progress != shown_) piece.bytes = Line({{"progress", progress_json_(progress)}});
    shown_ = std::move(progress);
    piece.wait_ms = kTaskGlanceMs;
    return piece;
  }

 private:
  static std::string Line(const Json& json) { return DumpJson(json) + "\n"; }
  static Json ErrorJson(const Error& error) {
    return {
        {"error",
         {{"code", http::StatusOf(error)}, {"message", error.message}, {"reason", error.code}}}};
  }

  const std::shared_ptr<Task> task_;
  const std::function<Json(const Progress&)> progress_json_;
  const std::function<Json(const Report&)> report_json_;
  std::optional<Progress> shown_;
};

// The answer, from the task's beginning on.
template <class Progress, class Report, class Task>
http::Response AnswerTask(std::shared_ptr<Task> task, std::function<Json(const Progress&)> progress,
                          std::function<Json(const Report&)> report) {
  http::Response response;
  response.headers.Set("Content-Type", "application/x-ndjson");
  response.headers.Set("Cache-Control", "no-store");
  auto lines = std::make_shared<TaskLines<Task, Progress, Report>>(
      std::move(task), std::move(progress), std::move(report));
  response.body = http::StreamBody{
      [lines = std::move(lines)]() -> Result<http::StreamBody::Piece> { return lines->Next(); }};
  return response;
}

}  // namespace caudal::api::admin
