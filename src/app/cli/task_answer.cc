#include "app/cli/task_answer.h"

#include <cstdio>
#include <utility>

#include "app/cli/admin_client.h"
#include "app/cli/query_watch.h"
#include "base/terminal.h"
#include "os/signals.h"

namespace caudal::app::cli {
namespace {

class Answer {
 public:
  Answer(const Context& context, const std::function<std::string(const Json&)>& progress)
      : progress_(progress), shows_(!context.json && IsTerminal(Stream::kError)) {}
  ~Answer() { Hide(); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  bool Take(std::string_view bytes) {
    rest_ += bytes;
    size_t begin = 0;
    for (size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      TakeLine(std::string_view(rest_).substr(begin, end - begin));
    rest_.erase(0, begin);
    return true;
  }
  Result<Json> Report() const {
    if (report_) return *report_;
    if (error_) return *error_;
    return MakeError(ErrorKind::kUnavailable, "the answer was cut off before its end",
                     "server.unreachable");
  }
  void Hide() {
    if (std::exchange(shown_, false)) std::fputs("\r\033[K", stderr);
  }

 private:
  void TakeLine(std::string_view line) {
    Result<Json> json = ParseJson(line, "line of the answer");
    if (!json.ok() || !json->is_object()) return;
    if (json->contains("report")) report_ = (*json)["report"];
    if (json->contains("error"))
      error_ = MakeError(ErrorKind::kUnavailable, Cell((*json)["error"], "message"),
                         Cell((*json)["error"], "reason"));
    if (!shows_ || !json->contains("progress")) return;
    std::fprintf(stderr, "\r\033[K%s", progress_((*json)["progress"]).c_str());
    shown_ = true;
  }

  const std::function<std::string(const Json&)>& progress_;
  const bool shows_;
  bool shown_ = false;
  std::string rest_;
  std::optional<Json> report_;
  std::optional<Error> error_;
};

}  // namespace

Result<Json> FollowTask(const Context& context, const std::string& path, const Json& body,
                        const std::function<std::string(const Json&)>& progress) {
  AdminClient client = TRY(AdminClient::Connect(context));
  os::BlockSignals();
  Answer answer(context, progress);
  const QueryWatch watch(false, [] { return std::optional<double>(); });
  const Result<void> sent = client.PostStream(
      path, body, [&](std::string_view bytes) { return answer.Take(bytes); }, watch.cancel());
  answer.Hide();
  if (watch.interrupted())
    return MakeError(ErrorKind::kCancelled, "it was interrupted", "interrupted");
  if (!sent.ok()) return sent.error();
  return answer.Report();
}

}  // namespace caudal::app::cli
