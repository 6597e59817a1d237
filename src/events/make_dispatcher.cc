#include <memory>

#include "events/dispatcher_core.h"
#include "http/client.h"

namespace caudal::events {

std::unique_ptr<Dispatcher> Dispatcher::Make(meta::Database& database, Outbox& outbox, Clock& clock,
                                             Random& random, DispatcherOptions options) {
  return MakeDispatcher(database, outbox, clock, random, options,
                        [client = std::make_shared<http::Client>()](
                            const http::ClientRequest& request) { return client->Send(request); });
}

}  // namespace caudal::events
