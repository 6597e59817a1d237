#include "app/platform.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "api/admin/routes.h"
#include "api/admin/source_routes.h"
#include "api/admin/table_routes.h"
#include "api/gcs/routes.h"
#include "api/iceberg/routes.h"
#include "app/authorizer.h"
#include "app/backup.h"
#include "app/config/bucket_settings.h"
#include "app/config/function_spec.h"
#include "app/config/load.h"
#include "app/data_folder.h"
#include "app/fsck.h"
#include "app/function_runners.h"
#include "app/lake.h"
#include "app/migrations.h"
#include "app/query_service.h"
#include "app/server_file.h"
#include "app/source_service.h"
#include "app/sql_runners.h"
#include "app/subscribers.h"
#include "app/transfer_service.h"
#include "app/version.h"
#include "auth/keys.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mutex.h"
#include "data/timestamp.h"
#include "events/dispatcher.h"
#include "events/outbox.h"
#include "functions/functions.h"
#include "http/server.h"
#include "meta/database.h"
#include "objects/store.h"
#include "os/signals.h"
#include "sched/runs.h"

namespace caudal::app {
namespace {

constexpr std::chrono::milliseconds kRunDrain{1000};
constexpr std::chrono::milliseconds kDeliveryDrain{2500};  // longer than runs take to end

std::string HostOf(const std::string& url) {
  const size_t begin = url.find("://");
  const std::string rest = begin == std::string::npos ? url : url.substr(begin + 3);
  return rest.substr(0, rest.find('/'));
}

http::ServerOptions ServerOptionsOf(const Config& config) {
  const ServerConfig& server = config.server;
  http::ServerOptions options;
  options.host = server.listen.host;
  options.port = server.listen.port;
  options.io_threads = server.threads;
  options.pool_threads = server.pool_threads;
  options.pool_queue_max = config.limits.requests_waiting_max;
  options.connections_max = server.connections_max;
  options.header_bytes_max = server.header_bytes_max;
  options.buffered_bytes_max = server.buffered_bytes_max;
  options.header_timeout = server.header_timeout;
  options.idle_timeout = server.idle_timeout;
  options.body_timeout = server.body_timeout;
  options.body_bytes_per_second_min = server.body_bytes_per_second_min;
  options.drain_timeout = server.drain_timeout;
  options.allowed_hosts = server.allowed_hosts;
  options.trust_forwarded = server.trust_forwarded;
  if (!server.public_url.empty()) options.allowed_hosts.push_back(HostOf(server.public_url));
  return options;
}

objects::StoreOptions StoreOptionsOf(const Config& config, const DataPaths& paths) {
  const StorageConfig& storage = config.storage;
  objects::StoreOptions options;
  options.folder = paths.objects();
  options.journaled_bytes_max = storage.journaled_bytes_max;
  options.journal_bytes_max = storage.journal_bytes_max;
  options.object_bytes_max = storage.object_bytes_max;
  options.upload_keep = storage.upload_keep;
  options.uploads_open_max = storage.uploads_open_max;
  options.read_cache_bytes = storage.read_cache;
  options.disk_reserve_bytes = storage.disk_reserve;
  options.maintenance_interval = storage.maintenance_interval;
  options.lifecycle_interval = storage.lifecycle_interval;
  options.public_url = config.url();
  return options;
}

meta::DatabaseOptions DatabaseOptionsOf(const Config& config, const DataPaths& paths) {
  meta::DatabaseOptions options;
  options.path = paths.database();
  options.cache_kib = static_cast<int64_t>(config.limits.metadata_cache >> 10);
  options.readers_max = config.limits.metadata_readers_max;
  return options;
}

sched::RunsOptions RunsOptionsOf(const Config& config, const DataPaths& paths) {
  sched::RunsOptions options;
  options.log_folder = paths.run_logs();
  options.keep = std::chrono::duration_cast<std::chrono::hours>(config.runs.keep);
  options.runs_max = config.runs.runs_max;
  options.log_bytes_max = config.runs.log_bytes_max;
  options.logs_bytes_max = config.runs.logs_bytes_max;
  return options;
}

}  // namespace

// Members are in the order of their making: each refers only to those above it.
struct Platform::Impl {
  explicit Impl(DataFolder f) : folder(std::move(f)) {}

  DataFolder folder;
  Clock& clock = SystemClock();
  Random& random = SystemRandom();
  Micros started = clock.Now();
  std::atomic<bool> stopping{false};

  std::unique_ptr<meta::Database> database;
  std::unique_ptr<events::Outbox> outbox;
  std::unique_ptr<auth::KeyStore> keys;
  std::unique_ptr<events::Dispatcher> dispatcher;
  std::unique_ptr<sched::Runs> runs;
  std::unique_ptr<functions::Functions> functions;
  std::unique_ptr<objects::Store> store;
  std::unique_ptr<Lake> lake;
  std::unique_ptr<QueryService> queries;
  std::unique_ptr<TransferService> transfers;
  std::unique_ptr<SourceService> sources;
  std::unique_ptr<SqlRunners> sql_runners;
  std::unique_ptr<FunctionRunners> runners;
  std::atomic<FunctionRunners*> known_runners{nullptr};  // as `serving`
  http::Router router;
  // Read by handlers that may run before Start has returned.
  std::atomic<http::Server*> serving{nullptr};
  std::unique_ptr<http::Server> server;
  std::string url;
  bool auth_required = true;  // as decided at start

  Mutex reload_mutex;  // one reload at a time; guards `config` after Start
  Config config;
  mutable Mutex url_mutex;
  std::string public_url GUARDED_BY(url_mutex);

  std::string PublicUrl() const {
    MutexLock lock(url_mutex);
    return public_url;
  }

  void ReloadStore() {
    objects::StoreOptions options = StoreOptionsOf(config, folder.paths());
    options.public_url = PublicUrl();
    store->Reload(options);
  }

  Result<void> OpenModules();
  Result<std::vector<std::string>> CreateBuckets(const Config& wanted);
  void AddAllRoutes(const std::string& admin_token);
  Result<void> StartFunctions();
  Result<void> Serve();
  Json About() const;
  Result<Json> Reload();
  Result<Json> RunBackup(const std::string& target);
  void Stop();
};

Result<void> Platform::Impl::OpenModules() {
  const DataPaths& paths = folder.paths();
  auth_required = AuthIsRequired(config);
  TRY(os::MakeDirs(paths.meta()));
  TRY(os::MakeDirs(paths.objects()));
  const std::vector<meta::Migration> migrations = AllMigrations();
  database = TRY(meta::Database::Open(DatabaseOptionsOf(config, paths), migrations));
  events::OutboxOptions outbox_options;
  outbox_options.keep = std::chrono::duration_cast<std::chrono::hours>(config.events.keep);
  outbox_options.events_max = config.events.events_max;
  outbox_options.dead_letters_max = config.events.dead_letters_max;
  outbox = TRY(events::Outbox::Open(*database, clock, outbox_options));
  keys = TRY(auth::KeyStore::Open(*database, clock, random, config.platform.name));
  if (auth_required && !IsLoopback(config.server.listen.host) && keys->empty())
    return MakeError(ErrorKind::kInvalid,
                     "listening on " + config.server.listen.host +
                         " needs a key, and there is none: make one with `caudal keys create "
                         "NAME`, or listen on 127.0.0.1",
                     "auth.no_keys");
  events::DispatcherOptions dispatcher_options;
  dispatcher_options.webhook_threads = config.limits.webhook_threads;
  dispatcher_options.ready_max = config.limits.deliveries_in_memory_max;
  dispatcher = events::Dispatcher::Make(*database, *outbox, clock, random, dispatcher_options);
  // Before the store opens: its upkeep may record events, and they are for these subscribers.
  for (events::Subscriber& subscriber : SubscribersOf(config.events))
    TRY(dispatcher->Subscribe(std::move(subscriber)));
  dispatcher->SetTopics(TopicsOf(config.events));
  runs = TRY(sched::Runs::Open(RunsOptionsOf(config, paths), *database, clock));
  functions::FunctionsOptions functions_options;
  functions_options.running_max = config.limits.functions_running_max;
  functions = functions::Functions::Make(functions_options, *dispatcher, *runs, clock);
  std::vector<functions::FunctionSpec> specs = TRY(SpecsOf(config.functions));
  TRY(functions->Configure(std::move(specs)));
  store =
      TRY(objects::Store::Open(StoreOptionsOf(config, paths), *database, *outbox, clock, random));
  lake = TRY(Lake::Open(config.lake, paths, *database, *store, clock, random));
  queries = TRY(QueryService::Open(config.query, paths, *lake, *store, clock, random));
  transfers = TransferService::Make(paths, *lake, *queries->queries, *store, clock);
  sources = TRY(SourceService::Open(config, paths, *lake, *store, *database, clock, random));
  return {};
}

Result<std::vector<std::string>> Platform::Impl::CreateBuckets(const Config& wanted) {
  std::vector<std::string> created;
  for (const auto& [name, bucket] : wanted.buckets) {
    Result<objects::Bucket> there = store->GetBucket(name);
    if (there.ok()) continue;
    if (!there.error().Is(ErrorKind::kNotFound)) return std::move(there).error();
    Result<objects::Bucket> made =
        store->CreateBucket(name, TRY(SettingsOf(bucket, wanted.storage)));
    if (!made.ok()) return std::move(made).error().Within("buckets." + name);
    created.push_back(name);
  }
  return created;
}

Json Platform::Impl::About() const {
  return {{"version", kVersion},
          {"platform", config.platform.name},
          {"url", PublicUrl()},
          {"pid", os::ProcessId()},
          {"data", folder.paths().folder},
          {"format", folder.version()},
          {"started", FormatRfc3339(started)},
          {"uptime_seconds", (clock.Now() - started) / 1'000'000},
          {"auth_required", auth_required}};
}

Result<Json> Platform::Impl::RunBackup(const std::string& target) {
  const BackupSource source{folder.paths(), *database, [this] { return store->Guard(); }, clock,
                            random};
  const BackupReport report = TRY(Backup(source, target, [this] { return stopping.load(); }));
  return Json{{"folder", target},
              {"files", report.files},
              {"bytes", report.bytes},
              {"files_copied", report.files_copied},
              {"bytes_copied", report.bytes_copied}};
}

void Platform::Impl::AddAllRoutes(const std::string& admin_token) {
  AuthorizerOptions options;
  options.required = auth_required;
  options.loopback = IsLoopback(config.server.listen.host);
  options.admin_token = admin_token;
  options.function_of = [this](const http::Request& request) -> std::optional<std::string> {
    FunctionRunners* known = known_runners.load();
    return known != nullptr ? known->FunctionOf(request) : std::nullopt;
  };
  router.SetAuthorizer(MakeAuthorizer(std::move(options), *keys, clock));

  api::AddRoutes(router,
                 api::AdminDependencies{
                     *database, *outbox, *dispatcher, *keys, *store, *functions, *runs, clock,
                     config.log_file(), [this] { return PublicUrl(); }, [this] { return About(); },
                     [this] {
                       const http::Server* running = serving.load();
                       return running ? running->stats() : http::ServerStats{};
                     },
                     [this] { return stopping.load(); }, [this] { return Reload(); },
                     [this](const std::string& target) { return RunBackup(target); },
                     [this](bool checksums) {
                       const objects::ReadGuard guard = store->Guard();
                       objects::CheckOptions check;
                       check.checksums = checksums;
                       return CheckData(*database, folder.paths().objects(), check, true);
                     },
                     queries->running.get(), sources.get()});
  api::AddTableRoutes(router, {*lake->catalog, *lake->manifests, *lake->upkeep, *transfers->loads,
                               *transfers->exporter});
  api::AddSourceRoutes(router, *sources);

  api::gcs::GcsOptions gcs;
  gcs.object_bytes_max = config.storage.object_bytes_max;
  gcs.default_soft_delete_seconds = config.storage.soft_delete.count();
  gcs.service_account_email = "storage@" + config.platform.name + ".caudal.local";
  api::gcs::AddRoutes(router, api::gcs::GcsDependencies{*store, *outbox, random,
                                                        [this](const std::string& topic) {
                                                          return dispatcher->HasTopic(topic);
                                                        },
                                                        std::move(gcs)});
  api::iceberg::AddRoutes(router, {*lake->catalog, *keys, clock, config.platform.name});
}

Result<void> Platform::Impl::Serve() {
  const std::string admin_token = "caudal-admin-" + random.Hex(24);
  AddAllRoutes(admin_token);
  TRY(dispatcher->Start());
  TRY(CreateBuckets(config));
  server = TRY(http::Server::Start(ServerOptionsOf(config), router));
  serving = server.get();
  // The real port, where the configuration left it open; a wildcard address is reached by loopback.
  config.server.listen.port = server->port();
  Config reached = config;
  reached.server.public_url.clear();
  if (reached.server.listen.host == "0.0.0.0") reached.server.listen.host = "127.0.0.1";
  if (reached.server.listen.host == "::") reached.server.listen.host = "::1";
  url = reached.url();
  {
    MutexLock lock(url_mutex);
    public_url = config.server.public_url.empty() ? url : config.server.public_url;
  }
  ReloadStore();
  TRY(StartFunctions());
  TRY(sources->Start());
  FAILPOINT("app.serving");
  return WriteServerFile(folder.paths().server_file(), {url, os::ProcessId(), admin_token});
}

// Functions reach the server at its own address, whatever name stands in front of it.
Result<void> Platform::Impl::StartFunctions() {
  std::vector<functions::FunctionSpec> specs = TRY(SpecsOf(config.functions));
  sql_runners = std::make_unique<SqlRunners>(folder.paths(), config.limits, *store);
  const auto sql = [this](const functions::FunctionSpec& spec) { return sql_runners->Make(spec); };
  runners = TRY(FunctionRunners::Make(
      {folder.paths(), url, config.platform.name, clock, random, sql}, specs));
  known_runners = runners.get();
  return functions->Start(runners->factory());
}

Result<Json> Platform::Impl::Reload() {
  MutexLock lock(reload_mutex);
  Config fresh = TRY(LoadValidConfig(config.file));
  // What the command line overrode stays so.
  fresh.server.listen = config.server.listen;
  Json applied = Json::array();
  Json restart = Json::array();
  for (const ChangedKey& key : CompareConfigs(config, fresh))
    (key.change == Change::kLive ? applied : restart).push_back(key.path);
  // A public name in front may mean that keys are needed from now on, which was decided at start.
  if (AuthIsRequired(fresh) != auth_required) restart.push_back("auth.required");

  std::vector<functions::FunctionSpec> specs = TRY(SpecsOf(fresh.functions));
  TRY(functions->Configure(std::move(specs)));
  config.functions = fresh.functions;
  TRY(ReplaceSubscribers(*dispatcher, config.events, fresh.events));
  config.events.subscribers = fresh.events.subscribers;
  config.events.topics = fresh.events.topics;
  SetLogLevel(fresh.log.level);
  config.log.level = fresh.log.level;
  config.storage.disk_reserve = fresh.storage.disk_reserve;
  config.storage.maintenance_interval = fresh.storage.maintenance_interval;
  config.storage.lifecycle_interval = fresh.storage.lifecycle_interval;
  config.server.public_url = fresh.server.public_url;
  {
    MutexLock url_lock(url_mutex);
    public_url = fresh.server.public_url.empty() ? url : fresh.server.public_url;
  }
  ReloadStore();
  const std::vector<std::string> created = TRY(CreateBuckets(fresh));
  config.buckets = fresh.buckets;
  LogInfo("configuration reloaded",
          {{"applied", applied.dump()}, {"needs_restart", restart.dump()}});
  return Json{{"applied", std::move(applied)},
              {"needs_restart", std::move(restart)},
              {"buckets_created", created}};
}

void Platform::Impl::Stop() {
  if (stopping.exchange(true)) return;
  LogInfo("stopping");
  // They drain at once: together they stay within the ten seconds that a stop may take. Functions
  // may still need the server.
  std::thread deliveries([this] {
    if (dispatcher) dispatcher->Stop(kDeliveryDrain);
  });
  if (sources) sources->Stop();
  if (transfers) transfers->loads->Stop();
  if (functions) functions->Stop(kRunDrain);
  if (server) server->Stop();
  deliveries.join();
  if (server) (void)os::Remove(folder.paths().server_file()).ok();
}

Platform::Platform(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Platform::~Platform() {
  Stop();
  // In the reverse order of their making.
  impl_->serving = nullptr;
  impl_->server.reset();
  impl_->functions.reset();
  impl_->runners.reset();
  impl_->sql_runners.reset();
  impl_->runs.reset();
  impl_->dispatcher.reset();
  if (impl_->lake) impl_->lake->upkeep->Stop();  // it may ask the sources
  impl_->sources.reset();
  impl_->transfers.reset();
  impl_->queries.reset();
  impl_->lake.reset();
  impl_->store.reset();
  impl_->keys.reset();
  impl_->outbox.reset();
  impl_->database.reset();
  LogInfo("stopped");
}

const std::string& Platform::url() const { return impl_->url; }

Result<Json> Platform::Reload() { return impl_->Reload(); }

void Platform::Stop() { impl_->Stop(); }

Result<std::unique_ptr<Platform>> Platform::Start(Config config) {
  DataFolder folder = TRY(DataFolder::Open(config.data, DataFolder::Missing::kCreate));
  auto impl = std::make_unique<Impl>(std::move(folder));
  impl->config = std::move(config);
  // Only now: a folder that is someone else's gets no log file.
  const std::string log_file = impl->config.log_file();
  TRY(os::MakeDirs(std::filesystem::path(log_file).parent_path().string()));
  const LogConfig& log = impl->config.log;
  TRY(StartLogs({log.level, log.format, log_file, log.file_bytes_max, log.files_max}));
  // Of a server that died: until the new one is there, nobody should ask the old URL.
  (void)os::Remove(impl->folder.paths().server_file()).ok();
  std::unique_ptr<Platform> platform(new Platform(std::move(impl)));
  TRY(platform->impl_->OpenModules());
  TRY(platform->impl_->Serve());
  return platform;
}

}  // namespace caudal::app
