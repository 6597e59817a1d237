// The sources of the configuration, as the running server knows them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/admin/source_routes.h"
#include "app/config/config.h"
#include "capture/postgres/options.h"

namespace caudal::app {

// Thread-safe. So far sources are only checked: each is stopped, and says why.
class SourceService {
 public:
  // Logs that nothing is copied from them yet.
  static Result<std::unique_ptr<SourceService>> Make(
      const std::map<std::string, SourceConfig>& sources);

  std::vector<api::SourceInfo> List() const;
  // kLimit while as many checks as may run do.
  Result<capture::postgres::SourceReport> Check(const std::string& name) const;

 private:
  static constexpr int kChecksMax = 4;

  struct Source {
    api::SourceInfo info;
    capture::postgres::SourceOptions options;
  };
  std::map<std::string, Source> sources_;
  mutable std::atomic<int> checks_{0};
};

// The check of a source by configuration alone, for a command without a server.
Result<capture::postgres::SourceReport> CheckSourceOf(const Config& config,
                                                      const std::string& name);

}  // namespace caudal::app
