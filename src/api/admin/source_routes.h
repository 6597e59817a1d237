// Sources over the admin API: how they go, and what stands in the way of one. Translation only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/postgres/check.h"
#include "data/json.h"
#include "http/router.h"
#include "pipeline/rebuild/rebuild.h"
#include "pipeline/source_pipeline.h"
#include "pipeline/verify/verification.h"

namespace caudal::api {

struct SourceInfo {
  std::string name;
  std::string kind;   // "postgres"
  std::string place;  // host:port/database
  std::string dataset;
  std::string slot;
  std::string publication;
  pipeline::SourceStatus status;
  int64_t quarantined = 0;  // rows that are in the tables' quarantines
};

// Thread-safe. kNotFound for a name that isn't configured.
class Sources {
 public:
  virtual ~Sources() = default;
  virtual std::vector<SourceInfo> List() const = 0;
  virtual Result<std::vector<pipeline::SourceTableStatus>> Tables(
      const std::string& name) const = 0;
  // Takes seconds.
  virtual Result<capture::postgres::SourceReport> Check(const std::string& name) const = 0;
  // Tries again now.
  virtual Result<void> Restart(const std::string& name) = 0;
  // These tables ("public.payments"); none: all of them.
  virtual Result<void> ReadAnew(const std::string& name,
                                const std::vector<std::string>& tables) = 0;
  // Begins one, which goes on by itself. kConflict while another of this source runs.
  virtual Result<std::shared_ptr<pipeline::Verification>> Verify(
      const std::string& name, pipeline::VerifyRequest request) = 0;
  // Begins one of a replica, which goes on by itself. kNotFound when no source has it; kConflict
  // while another of this source runs.
  virtual Result<std::shared_ptr<pipeline::Rebuild>> Rebuild(const lake::TableName& replica) = 0;
};

// `sources` must outlive the router.
void AddSourceRoutes(http::Router& router, Sources& sources);

// Called by it: those of comparing, and of rebuilding.
void AddVerifyRoutes(http::Router& router, Sources& sources);
void AddRebuildRoutes(http::Router& router, Sources& sources);

// One of the list, without its tables.
Json SourceInfoJson(const SourceInfo& info);

// What a check answers, also where no server runs.
Json SourceReportJson(const std::string& name, const capture::postgres::SourceReport& report);

}  // namespace caudal::api
