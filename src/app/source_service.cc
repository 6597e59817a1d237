#include "app/source_service.h"

#include "app/config/source_spec.h"
#include "base/log.h"
#include "capture/postgres/check.h"

namespace caudal::app {
namespace {

namespace pg = capture::postgres;

Error NoSuchSource(const std::string& name) {
  return MakeError(ErrorKind::kNotFound, "there is no source '" + name + "' in the configuration",
                   "source.not_found");
}

}  // namespace

Result<std::unique_ptr<SourceService>> SourceService::Make(
    const std::map<std::string, SourceConfig>& sources) {
  auto service = std::make_unique<SourceService>();
  for (const auto& [name, config] : sources) {
    pg::SourceOptions options = TRY(SourceOptionsOf(name, config));
    api::SourceInfo info;
    info.name = name;
    info.kind = "postgres";
    info.place = pg::PlaceOf(options.connection);
    info.dataset = DatasetOf(name, config);
    info.slot = options.slot;
    info.publication = options.publication;
    info.state = "stopped";
    info.error = "this version can't copy from PostgreSQL yet";
    info.remedy = "caudal sources check " + name + " tells whether the source is ready for it";
    LogWarning("source not started",
               {{"source", name}, {"error", info.error}, {"remedy", info.remedy}});
    service->sources_.emplace(name, Source{std::move(info), std::move(options)});
  }
  return service;
}

std::vector<api::SourceInfo> SourceService::List() const {
  std::vector<api::SourceInfo> list;
  list.reserve(sources_.size());
  for (const auto& [name, source] : sources_) list.push_back(source.info);
  return list;
}

Result<pg::SourceReport> SourceService::Check(const std::string& name) const {
  const auto found = sources_.find(name);
  if (found == sources_.end()) return NoSuchSource(name);
  struct Place {
    std::atomic<int>& count;
    const int before = count.fetch_add(1);
    ~Place() { --count; }
  } place{checks_};
  if (place.before >= kChecksMax)
    return MakeError(ErrorKind::kLimit, "other checks of sources are running; try again",
                     "source.checks");
  return pg::CheckSource(found->second.options);
}

Result<pg::SourceReport> CheckSourceOf(const Config& config, const std::string& name) {
  const auto found = config.sources.find(name);
  if (found == config.sources.end()) return NoSuchSource(name);
  const pg::SourceOptions options = TRY(SourceOptionsOf(name, found->second));
  return pg::CheckSource(options);
}

}  // namespace caudal::app
