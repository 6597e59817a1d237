#include <algorithm>

#include "app/config/sections.h"
#include "app/config/values.h"
#include "objects/names.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kLive = Change::kLive;
constexpr auto kRestart = Change::kRestart;

const std::vector<Key<PlatformConfig>>& PlatformKeys() {
  static const std::vector<Key<PlatformConfig>> keys = {
      Field("name", &PlatformConfig::name, PlainText{}, kRestart,
            "Project id in the APIs, and part of the e-mail of service accounts: a-z, 0-9, '-'."),
  };
  return keys;
}

void ValidatePlatform(Reading& reading, const Node& node, PlatformConfig& platform) {
  const std::string& name = platform.name;
  const bool fine = !name.empty() && name.size() <= 63 && name.front() != '-' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (!fine)
    reading.Fail({node.yaml["name"], node.path + ".name"},
                 "a name has 1 to 63 of a-z, 0-9 and '-', and doesn't begin with '-'.");
}

const std::vector<Key<AuthConfig>>& AuthKeys() {
  static const std::vector<Key<AuthConfig>> keys = {
      Field("required", &AuthConfig::required,
            Choice<AuthRequired>{{{"auto", AuthRequired::kAuto},
                                  {"always", AuthRequired::kAlways},
                                  {"never", AuthRequired::kNever}}},
            kRestart,
            "Whether requests need a key. `auto`: not on loopback, as long as neither public_url, "
            "allowed_hosts nor trust_forwarded speak of a proxy. `never` is refused off loopback."),
  };
  return keys;
}

const std::vector<Key<LimitsConfig>>& LimitsKeys() {
  using C = LimitsConfig;
  static const std::vector<Key<C>> keys = {
      Field("requests_waiting_max", &C::requests_waiting_max, Whole{1, 1'000'000}, kRestart,
            "More requests that wait for a thread get 503 with Retry-After."),
      Field("webhook_threads", &C::webhook_threads, Whole{1, 256}, kRestart,
            "Webhooks called at once, over all subscribers."),
      Field("deliveries_in_memory_max", &C::deliveries_in_memory_max, Whole{100, 10'000'000},
            kRestart, "Due deliveries held in memory; the rest waits in the database."),
      Field("metadata_cache", &C::metadata_cache, Size{1 << 20, 4ull << 30}, kRestart,
            "Page cache of the metadata database's writer; each reader has an eighth."),
      Field("metadata_readers_max", &C::metadata_readers_max, Whole{4, 1000}, kRestart,
            "Read connections to the metadata database."),
      Field("functions_running_max", &C::functions_running_max, Whole{1, 256}, kRestart,
            "Runs of functions at once, over all of them; at least one each."),
      Field("query_workers_max", &C::query_workers_max, Whole{1, 64}, kRestart,
            "Processes that run SQL of functions at once; more runs wait for one."),
  };
  return keys;
}

const std::vector<Key<Config>>& Keys() {
  static const std::vector<Key<Config>> keys = {
      Field("platform", &Config::platform,
            Section<PlatformConfig>{&PlatformKeys, &ValidatePlatform}, kRestart, "The platform."),
      Field("data", &Config::data, Path{}, kRestart,
            "the data folder; relative to this file. Made when it doesn't exist.", true),
      Field("server", &Config::server, ServerSection(), kRestart, "The HTTP listener."),
      Field("auth", &Config::auth, Section<AuthConfig>{&AuthKeys}, kRestart, "Who may ask."),
      Field("storage", &Config::storage, StorageSection(), kRestart, "The object store."),
      Field("buckets", &Config::buckets, MapOf<Section<BucketConfig>>{BucketSection()}, kLive,
            "Buckets made at start when they don't exist. Those that do are left as they are."),
      Field("events", &Config::events, EventsSection(), kLive, "Events and their delivery."),
      Field("functions", &Config::functions, MapOf<Section<FunctionConfig>>{FunctionSection()},
            kLive, "Functions that events of buckets fire, by name: a-z, 0-9, '-'."),
      Field("sources", &Config::sources, MapOf<Section<SourceConfig>>{SourceSection()}, kRestart,
            "Databases whose changes come into tables, by name: a-z, 0-9, '_', '-'."),
      Field("landing", &Config::landing, LandingSection(), kRestart,
            "Where changes are safe before they are in tables."),
      Field("runs", &Config::runs, RunsSection(), kRestart, "Records of what functions did."),
      Field("lake", &Config::lake, LakeSection(), kRestart,
            "Tables, and their catalogue at /iceberg."),
      Field("query", &Config::query, QuerySection(), kRestart, "Queries over tables."),
      Field("log", &Config::log, LogSection(), kRestart, "Logs."),
      Field("limits", &Config::limits, Section<LimitsConfig>{&LimitsKeys}, kRestart,
            "Bounds of memory and threads."),
  };
  return keys;
}

void Validate(Reading& reading, const Node& node, Config& config) {
  if (config.auth.required != AuthRequired::kNever || IsLoopback(config.server.listen.host)) return;
  reading.Fail({node.yaml["auth"]["required"], "auth.required"},
               "'never' is allowed on loopback only, and the server listens on " +
                   HostAndPort{}.Show(config.server.listen) +
                   ". Use 'auto' and `caudal keys "
                   "create`, or listen on 127.0.0.1.");
}

}  // namespace

const Section<Config>& RootSection() {
  static const Section<Config> section{&Keys, &Validate};
  return section;
}

}  // namespace caudal::app
