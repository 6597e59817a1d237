// Sources over the admin API: what there is, and what stands in the way of one. Translation only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "capture/postgres/check.h"
#include "data/json.h"
#include "http/router.h"

namespace caudal::api {

struct SourceInfo {
  std::string name;
  std::string kind;   // "postgres"
  std::string place;  // host:port/database
  std::string dataset;
  std::string slot;
  std::string publication;
  std::string state;   // "stopped"
  std::string error;   // why; empty: nothing is wrong
  std::string remedy;  // what to do about it
};

// Functions are thread-safe.
struct SourceDependencies {
  std::function<std::vector<SourceInfo>()> list;
  // kNotFound for a name that isn't configured. Takes seconds.
  std::function<Result<capture::postgres::SourceReport>(const std::string& name)> check;
};

void AddSourceRoutes(http::Router& router, SourceDependencies dependencies);

// What a check answers, also where no server runs.
Json SourceReportJson(const std::string& name, const capture::postgres::SourceReport& report);

}  // namespace caudal::api
