#include "app/source_service.h"

#include <utility>

#include "app/config/source_spec.h"
#include "capture/postgres/check.h"

namespace caudal::app {
namespace {

namespace pg = capture::postgres;

Error NoSuchSource(const std::string& name) {
  return MakeError(ErrorKind::kNotFound, "there is no source '" + name + "' in the configuration",
                   "source.not_found");
}

pg::CaptureLimits LimitsOf(const LandingConfig& config) {
  pg::CaptureLimits limits;
  limits.memory = config.memory;
  limits.batch_bytes = config.batch_bytes;
  limits.batch_interval = config.batch_interval;
  return limits;
}

}  // namespace

Result<std::unique_ptr<SourceService>> SourceService::Open(const Config& config,
                                                           const DataPaths& paths, Lake& lake,
                                                           objects::Store& store,
                                                           meta::Database& database, Clock& clock,
                                                           Random& random) {
  std::unique_ptr<SourceService> service(new SourceService(database, store, config.landing.bucket));
  capture::LandingOptions options;
  options.bucket = config.landing.bucket;
  options.folder = paths.landing();
  service->landing_ = TRY(capture::Landing::Open(std::move(options), store, service->ledger_,
                                                 *lake.parquet, clock, random));
  service->parts_.emplace(pipeline::SourcePipeline::Parts{*lake.catalog, *lake.writer, store,
                                                          *lake.parquet, *service->landing_,
                                                          service->ledger_, database, clock});
  for (const auto& [name, source] : config.sources) {
    pipeline::SourcePipeline::Options one;
    one.source = TRY(SourceOptionsOf(name, source));
    one.limits = LimitsOf(config.landing);
    one.apply.source = name;
    one.dataset = DatasetOf(name, source);
    if (config.landing.keep) {
      const pipeline::RetentionOptions retention{
          name, one.dataset, config.landing.bucket,
          std::chrono::microseconds(*config.landing.keep).count()};
      service->retentions_.push_back(std::make_unique<pipeline::HistoryRetention>(
          retention, pipeline::HistoryRetention::Parts{*lake.catalog, *lake.writer, store,
                                                       service->ledger_, clock}));
    }
    MutexLock lock(service->mutex_);
    service->sources_.emplace(name, service->MakeSource(std::move(one)));
  }
  if (!service->retentions_.empty()) {
    service->upkeep_ = lake.upkeep.get();
    service->upkeep_->SetOtherFiles(service.get());
  }
  return service;
}

Result<void> SourceService::Prepare() {
  for (const auto& retention : retentions_) TRY(retention->Cut());
  return {};
}

Result<std::vector<objects::ObjectRef>> SourceService::ObjectsOf(const lake::LoadedTable& table) {
  for (const auto& retention : retentions_) {
    std::vector<objects::ObjectRef> old = TRY(retention->OldObjects(table));
    if (!old.empty()) return old;
  }
  return std::vector<objects::ObjectRef>();
}

SourceService::~SourceService() {
  if (upkeep_ != nullptr) upkeep_->SetOtherFiles(nullptr);
  Stop();
}

SourceService::Source SourceService::MakeSource(pipeline::SourcePipeline::Options options) const {
  Source source;
  source.dataset = options.dataset;
  source.options = options;
  source.pipeline = std::make_unique<pipeline::SourcePipeline>(std::move(options), *parts_);
  source.verifications =
      std::make_unique<pipeline::SourceTasks<pipeline::Verification>>(*source.pipeline);
  source.rebuilds = std::make_unique<pipeline::SourceTasks<pipeline::Rebuild>>(*source.pipeline);
  return source;
}

void SourceService::Source::Stop() {
  pipeline->Stop();  // first: a verification may wait for it
  verifications->Stop();
  rebuilds->Stop();
}

Result<void> SourceService::Start() {
  MutexLock lock(mutex_);
  if (sources_.empty()) return {};
  // On a full disk nothing is made: reads and deletes go on there, also after a start.
  Result<objects::Bucket> there = store_.GetBucket(bucket_);
  if (!there.ok() && there.error().Is(ErrorKind::kNotFound))
    there = store_.CreateBucket(bucket_, {});
  if (!there.ok()) return std::move(there).error();
  for (auto& [name, source] : sources_) source.pipeline->Start();
  return {};
}

void SourceService::Stop() {
  MutexLock lock(mutex_);
  for (auto& [name, source] : sources_) source.Stop();
}

Result<const SourceService::Source*> SourceService::Find(const std::string& name) const {
  const auto found = sources_.find(name);
  if (found == sources_.end()) return NoSuchSource(name);
  return &found->second;
}

std::vector<api::SourceInfo> SourceService::List() const {
  std::vector<api::SourceInfo> list;
  MutexLock lock(mutex_);
  list.reserve(sources_.size());
  for (const auto& [name, source] : sources_) {
    const pg::SourceOptions& options = source.options.source;
    api::SourceInfo& info = list.emplace_back();
    info.name = name;
    info.kind = "postgres";
    info.place = pg::PlaceOf(options.connection);
    info.dataset = source.dataset;
    info.slot = options.slot;
    info.publication = options.publication;
    info.status = source.pipeline->status();
    const Result<int64_t> quarantined = source.pipeline->quarantined();
    if (quarantined.ok()) info.quarantined = *quarantined;
  }
  return list;
}

Result<std::vector<pipeline::SourceTableStatus>> SourceService::Tables(
    const std::string& name) const {
  MutexLock lock(mutex_);
  const Source* source = TRY(Find(name));
  return source->pipeline->tables();
}

Result<void> SourceService::Restart(const std::string& name) {
  MutexLock lock(mutex_);
  const Source* source = TRY(Find(name));
  source->pipeline->Restart();
  return {};
}

Result<void> SourceService::ReadAnew(const std::string& name,
                                     const std::vector<std::string>& tables) {
  MutexLock lock(mutex_);
  TRY(Find(name));
  Source* found = &sources_.at(name);
  found->Stop();
  const Result<void> done = found->pipeline->ReadAnew(tables);
  // Another object, with what the ledger says now; also after an error.
  Source next = MakeSource(found->options);
  next.pipeline->Start();
  sources_[name] = std::move(next);
  return done;
}

Result<std::shared_ptr<pipeline::Verification>> SourceService::Verify(
    const std::string& name, pipeline::VerifyRequest request) {
  MutexLock lock(mutex_);
  const Source* source = TRY(Find(name));
  return source->verifications->Start(std::make_shared<pipeline::Verification>(std::move(request)));
}

Result<std::shared_ptr<pipeline::Rebuild>> SourceService::Rebuild(const lake::TableName& replica) {
  MutexLock lock(mutex_);
  for (auto& [name, source] : sources_)
    for (const pipeline::SourceTableStatus& table : TRY(source.pipeline->tables()))
      if (table.tables.replica == replica)
        return source.rebuilds->Start(std::make_shared<pipeline::Rebuild>(replica));
  return MakeError(ErrorKind::kNotFound, "no source has the table '" + lake::TextOf(replica) + "'",
                   "source.table_not_found");
}

Result<pg::SourceReport> SourceService::Check(const std::string& name) const {
  pg::SourceOptions options;
  {
    MutexLock lock(mutex_);
    const Source* source = TRY(Find(name));
    options = source->options.source;
  }
  struct Place {
    std::atomic<int>& count;
    const int before = count.fetch_add(1);
    ~Place() { --count; }
  } place{checks_};
  if (place.before >= kChecksMax)
    return MakeError(ErrorKind::kLimit, "other checks of sources are running; try again",
                     "source.checks");
  return pg::CheckSource(options);
}

Result<pg::SourceReport> CheckSourceOf(const Config& config, const std::string& name) {
  const auto found = config.sources.find(name);
  if (found == config.sources.end()) return NoSuchSource(name);
  const pg::SourceOptions options = TRY(SourceOptionsOf(name, found->second));
  return pg::CheckSource(options);
}

}  // namespace caudal::app
