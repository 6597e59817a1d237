// The admin API (/api/v1), the token endpoint, health, metrics and the home page. Translation only:
// what it does is done by the modules below and by the functions in AdminDependencies.
#pragma once

#include <functional>
#include <string>

#include "api/admin/running_queries.h"
#include "auth/keys.h"
#include "base/clock.h"
#include "data/json.h"
#include "events/dispatcher.h"
#include "events/outbox.h"
#include "functions/functions.h"
#include "http/router.h"
#include "http/server.h"
#include "meta/database.h"
#include "objects/store.h"
#include "sched/runs.h"

namespace caudal::api {

class Sources;

// All of it must outlive the router. The functions are thread-safe.
struct AdminDependencies {
  meta::Database& database;
  events::Outbox& outbox;
  events::Dispatcher& dispatcher;
  auth::KeyStore& keys;
  objects::Store& store;
  functions::Functions& functions;
  sched::Runs& runs;
  Clock& clock;
  std::string log_file;
  std::function<std::string()> url;               // how clients reach this server
  std::function<Json()> about;                    // version, platform, data folder, start…
  std::function<http::ServerStats()> http_stats;  // zeros before the server has started
  std::function<bool()> stopping;                 // streams end when it turns true
  std::function<Result<Json>()> reload;
  std::function<Result<Json>(const std::string& folder)> backup;
  std::function<Result<Json>(bool checksums)> check;  // fsck beside the running store
  RunningQueries* queries = nullptr;                  // null: no queries here
  Sources* sources = nullptr;                         // null: none here
};

void AddRoutes(http::Router& router, AdminDependencies dependencies);

}  // namespace caudal::api
