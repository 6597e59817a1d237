#include "api/admin/handlers.h"
#include "data/timestamp.h"

namespace caudal::api::admin {
namespace {

Json DeliveryJson(const events::DeliveryInfo& delivery) {
  Json json = {{"subscriber", delivery.subscriber},
               {"event", EventJson(delivery.event, false)},
               {"attempts", delivery.attempts},
               {"dead", delivery.dead},
               {"last_error", delivery.last_error}};
  if (delivery.first_attempt > 0) json["first_attempt"] = FormatRfc3339(delivery.first_attempt);
  if (delivery.next_attempt > 0) json["next_attempt"] = FormatRfc3339(delivery.next_attempt);
  return json;
}

Result<http::Response> List(const AdminDependencies& deps, const http::Request& request) {
  const std::string state = TextParameter(request, "state");
  if (!state.empty() && state != "pending" && state != "dead")
    return MakeError(ErrorKind::kInvalid, "the parameter 'state' must be pending or dead");
  const int64_t limit = TRY(IntParameter(request, "limit", 100, 1, 1000));
  Json list = Json::array();
  for (const events::DeliveryInfo& delivery : TRY(deps.dispatcher.ListDeliveries(
           state == "dead", TextParameter(request, "subscriber"), static_cast<int>(limit))))
    list.push_back(DeliveryJson(delivery));
  return JsonResponse({{"deliveries", std::move(list)}});
}

struct Choice {
  std::string subscriber;
  int64_t sequence = 0;
};

// Everything only when it is asked for: {} is a slip, not a wish.
Result<Choice> ChoiceOf(const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  Choice choice{TRY(TextMember(body, "subscriber")), 0};
  if (body.contains("sequence")) {
    if (!body["sequence"].is_number_integer() || body["sequence"].get<int64_t>() < 1)
      return MakeError(ErrorKind::kInvalid, "'sequence' must be a whole number from 1");
    choice.sequence = body["sequence"].get<int64_t>();
  }
  const bool all = body.contains("all") && body["all"] == true;
  if (!all && choice.subscriber.empty() && choice.sequence == 0)
    return MakeError(ErrorKind::kInvalid,
                     "say which dead letters: 'subscriber', 'sequence', or 'all': true");
  return choice;
}

}  // namespace

void AddDeliveryRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/api/v1/deliveries", "admin.deliveries.list",
      [deps = dependencies](http::Request& request) { return List(*deps, request); });
  Add(router, http::Method::kPost, "/api/v1/deliveries/replay", "admin.deliveries.replay",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        const Choice choice = TRY(ChoiceOf(request));
        const int64_t replayed = TRY(deps->dispatcher.Replay(choice.subscriber, choice.sequence));
        return JsonResponse({{"replayed", replayed}});
      });
  Add(router, http::Method::kPost, "/api/v1/deliveries/drop", "admin.deliveries.drop",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        const Choice choice = TRY(ChoiceOf(request));
        const int64_t dropped =
            TRY(deps->dispatcher.DropDeadLetters(choice.subscriber, choice.sequence));
        return JsonResponse({{"dropped", dropped}});
      });
}

}  // namespace caudal::api::admin
