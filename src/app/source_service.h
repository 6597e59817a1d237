// The sources of the configuration, as the running server runs them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/admin/source_routes.h"
#include "app/config/config.h"
#include "app/data_folder.h"
#include "app/lake.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "capture/landing/landing.h"
#include "capture/landing/ledger.h"
#include "lake/upkeep/upkeep.h"
#include "meta/database.h"
#include "objects/store.h"
#include "pipeline/history_retention.h"
#include "pipeline/rebuild/rebuild.h"
#include "pipeline/source_pipeline.h"
#include "pipeline/source_task.h"
#include "pipeline/verify/verification.h"

namespace caudal::app {

// Thread-safe.
class SourceService final : public api::Sources, private lake::OtherFiles {
 public:
  // References must outlive it.
  static Result<std::unique_ptr<SourceService>> Open(const Config& config, const DataPaths& paths,
                                                     Lake& lake, objects::Store& store,
                                                     meta::Database& database, Clock& clock,
                                                     Random& random);
  ~SourceService() override;

  Result<void> Start();  // with the landing bucket, where there are sources
  void Stop();

  std::vector<api::SourceInfo> List() const override;
  Result<std::vector<pipeline::SourceTableStatus>> Tables(const std::string& name) const override;
  // kLimit while as many checks as may run do.
  Result<capture::postgres::SourceReport> Check(const std::string& name) const override;
  Result<void> Restart(const std::string& name) override;
  Result<void> ReadAnew(const std::string& name, const std::vector<std::string>& tables) override;
  // kConflict while one of this source runs.
  Result<std::shared_ptr<pipeline::Verification>> Verify(const std::string& name,
                                                         pipeline::VerifyRequest request) override;
  Result<std::shared_ptr<pipeline::Rebuild>> Rebuild(const lake::TableName& replica) override;

 private:
  static constexpr int kChecksMax = 4;

  struct Source {
    std::string dataset;
    pipeline::SourcePipeline::Options options;
    std::unique_ptr<pipeline::SourcePipeline> pipeline;
    std::unique_ptr<pipeline::SourceTasks<pipeline::Verification>> verifications;  // of it
    std::unique_ptr<pipeline::SourceTasks<pipeline::Rebuild>> rebuilds;            // the same

    void Stop();
  };
  SourceService(meta::Database& database, objects::Store& store, std::string bucket)
      : ledger_(database), store_(store), bucket_(std::move(bucket)) {}
  // Of the histories: change files that are older than they are to be kept.
  Result<void> Prepare() override;
  Result<std::vector<objects::ObjectRef>> ObjectsOf(const lake::LoadedTable& table) override;

  Result<const Source*> Find(const std::string& name) const REQUIRES(mutex_);
  Source MakeSource(pipeline::SourcePipeline::Options options) const;

  capture::Ledger ledger_;
  objects::Store& store_;
  const std::string bucket_;
  lake::Upkeep* upkeep_ = nullptr;  // that asks for files outside of tables' folders
  std::unique_ptr<capture::Landing> landing_;
  std::optional<pipeline::SourcePipeline::Parts> parts_;
  // Where change files go after a time: of each source.
  std::vector<std::unique_ptr<pipeline::HistoryRetention>> retentions_;
  mutable Mutex mutex_;
  std::map<std::string, Source> sources_ GUARDED_BY(mutex_);
  mutable std::atomic<int> checks_{0};
};

// The check of a source by configuration alone, for a command without a server.
Result<capture::postgres::SourceReport> CheckSourceOf(const Config& config,
                                                      const std::string& name);

}  // namespace caudal::app
