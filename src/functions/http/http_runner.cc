#include "functions/http/http_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/webhook_request.h"
#include "functions/functions.h"
#include "http/client.h"

namespace caudal::functions {
namespace {

constexpr size_t kAnswerBytesLogged = 4096;

class HttpRunner final : public Runner {
 public:
  HttpRunner(const FunctionSpec& spec, Clock& clock)
      : part_(std::get<HttpPart>(spec.part)), clock_(clock) {}

  Result<RunResult> Run(const RunContext& context) override {
    events::WebhookTarget target;
    target.webhook.url = part_.url;
    target.webhook.secret = part_.secret;
    target.webhook.timeout = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          context.deadline - std::chrono::steady_clock::now()),
                                      std::chrono::milliseconds(1));
    target.subscriber = SubscriberOf(context.function.name);
    http::ClientRequest request =
        events::MakeWebhookRequest(context.event, target, context.attempt, clock_.Now());
    request.cancel = context.cancel;
    const http::ClientResponse response = TRY(client_.Send(request));
    context.log.Note(fmt::format("answered HTTP {}", response.status));
    if (!response.body.empty())
      context.log.Write(response.body.substr(0, kAnswerBytesLogged) + "\n");
    if (response.status < 200 || response.status > 299)
      return MakeError(ErrorKind::kUnavailable,
                       fmt::format("the function answered HTTP {}", response.status),
                       "function.status");
    RunResult result;
    result.report["http_status"] = response.status;
    return result;
  }

 private:
  const HttpPart part_;
  Clock& clock_;
  http::Client client_;
};

}  // namespace

std::unique_ptr<Runner> MakeHttpRunner(const FunctionSpec& spec, Clock& clock) {
  return std::make_unique<HttpRunner>(spec, clock);
}

}  // namespace caudal::functions
