// caudal.yaml as typed values. Every default that users meet is a member initialiser here.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "events/event.h"
#include "events/subscriber.h"
#include "functions/spec.h"
#include "objects/types.h"

namespace caudal::app {

struct HostPort {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;

  bool operator==(const HostPort&) const = default;
};

struct PlatformConfig {
  std::string name = "caudal";
};

struct ServerConfig {
  HostPort listen;
  std::string public_url;  // empty: http://<listen>
  std::vector<std::string> allowed_hosts;
  bool trust_forwarded = false;
  int threads = 2;
  int pool_threads = 32;
  size_t connections_max = 4096;
  size_t header_bytes_max = 64u << 10;
  uint64_t buffered_bytes_max = 256u << 20;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds body_timeout{30'000};
  uint64_t body_bytes_per_second_min = 1024;
  std::chrono::milliseconds drain_timeout{6'000};
};

enum class AuthRequired : uint8_t { kAuto, kAlways, kNever };

struct AuthConfig {
  AuthRequired required = AuthRequired::kAuto;
};

struct StorageConfig {
  uint64_t disk_reserve = 256u << 20;
  uint64_t journaled_bytes_max = 128u << 10;
  uint64_t journal_bytes_max = 64u << 20;
  uint64_t object_bytes_max = 5ull << 40;
  std::chrono::seconds upload_keep{7 * 24 * 3600};
  int64_t uploads_open_max = 10'000;
  uint64_t read_cache = 64u << 20;
  std::chrono::seconds soft_delete{0};
  std::chrono::milliseconds maintenance_interval{60'000};
  std::chrono::milliseconds lifecycle_interval{3'600'000};
};

struct BucketConfig {
  bool versioning = false;
  std::optional<std::chrono::seconds> soft_delete;  // none: storage.soft_delete
  Json lifecycle = Json::array();                   // rules in Cloud Storage's form
  std::map<std::string, std::string> labels;
  std::chrono::seconds retention{0};
  std::string location = "LOCAL";
  std::string storage_class = "STANDARD";
};

struct WebhookConfig {
  std::string url;
  std::string secret;
  events::Webhook::Form form = events::Webhook::Form::kCloudEvent;
  std::chrono::milliseconds timeout{30'000};
};

struct RetryConfig {
  std::chrono::milliseconds first{10'000};
  std::chrono::milliseconds max{600'000};
  std::chrono::milliseconds window{24 * 3600 * 1000};
};

struct SubscriberConfig {
  std::string name;
  std::string bucket;
  std::string prefix;
  std::string glob;
  std::vector<events::EventType> types;
  WebhookConfig webhook;
  int concurrency = 8;
  RetryConfig retry;
};

struct EventsConfig {
  std::chrono::seconds keep{7 * 24 * 3600};
  int64_t events_max = 1'000'000;
  int64_t dead_letters_max = 100'000;
  std::vector<SubscriberConfig> subscribers;
  std::map<std::string, WebhookConfig> topics;
};

// A function; what is particular to its kind stands flat beside the rest in the file.
enum class FunctionKind : uint8_t { kHttp, kPython, kNode, kSql };

struct FunctionTriggerConfig {
  std::string bucket;
  std::string prefix;
  std::string glob;
  std::vector<events::EventType> types = {events::EventType::kFinalized};
};

struct HttpFunctionConfig {
  std::string url;
  std::string secret;
};

struct FrameworkFunctionConfig {
  std::string source;
  std::string target;
  functions::FrameworkPart::Signature signature = functions::FrameworkPart::Signature::kCloudEvent;
  std::string interpreter;
  bool install = true;
  int calls_max = 1000;
  std::chrono::milliseconds start_timeout{60'000};
};

struct SqlFunctionConfig {
  std::map<std::string, functions::SqlInput> inputs;  // by the table's name
  std::string sql;
  std::vector<functions::SqlExpectation> expect;
  std::vector<functions::SqlOutput> outputs;
  int threads = 2;
  uint64_t temp = 4ull << 30;
  uint64_t output = 16ull << 30;
};

struct FunctionConfig {
  FunctionKind kind = FunctionKind::kHttp;
  FunctionTriggerConfig trigger;
  std::chrono::milliseconds timeout{60'000};
  uint64_t memory = 512u << 20;
  int concurrency = 1;
  RetryConfig retry;
  std::map<std::string, std::string> environment;
  bool allow_loops = false;
  std::vector<std::string> writes;
  HttpFunctionConfig http;
  FrameworkFunctionConfig framework;
  SqlFunctionConfig sql;
};

enum class SourceKind : uint8_t { kPostgres };
enum class SourceTls : uint8_t { kDisable, kAllow, kPrefer, kRequire, kVerifyCa, kVerifyFull };

struct SourceColumnsConfig {
  std::vector<std::string> only;
  std::vector<std::string> exclude;
  std::vector<std::string> hash;
  std::vector<std::string> null;
  std::map<std::string, int64_t> truncate;
};

struct SourceSnapshotConfig {
  int64_t chunk_rows = 500'000;
  int connections = 2;
  int64_t rows_per_second = 0;
};

struct SlotGuardConfig {
  uint64_t warn = 1ull << 30;
  uint64_t drop = 0;
};

// A database whose changes are wanted.
struct SourceConfig {
  SourceKind kind = SourceKind::kPostgres;
  std::string host;
  std::optional<int> port;
  std::string database;
  std::string user;
  std::string password;
  std::string dsn;
  std::optional<SourceTls> sslmode;
  std::string sslrootcert;
  std::string sslcert;
  std::string sslkey;
  std::string application_name = "caudal";
  std::chrono::milliseconds connect_timeout{10'000};
  std::string dataset;      // empty: raw_<name>
  std::string slot;         // empty: caudal_<name>
  std::string publication;  // the same
  std::vector<std::string> tables = {"public.*"};
  std::vector<std::string> exclude;
  SourceColumnsConfig columns;
  std::map<std::string, std::string> filters;
  SourceSnapshotConfig snapshot;
  std::chrono::milliseconds heartbeat{10'000};
  SlotGuardConfig slot_guard;
};

struct LandingConfig {
  std::string bucket = "landing";
  uint64_t memory = 64u << 20;
  uint64_t batch_bytes = 256u << 20;
  std::chrono::milliseconds batch_interval{200};
  std::optional<std::chrono::seconds> keep;  // none: for ever
};

struct RunsConfig {
  std::chrono::seconds keep{30 * 24 * 3600};
  int64_t runs_max = 20'000;
  uint64_t log_bytes_max = 1u << 20;
  uint64_t logs_bytes_max = 1u << 30;
};

struct SnapshotsConfig {
  std::chrono::seconds all{60};
  std::chrono::seconds by_minute{3600};
  std::chrono::seconds by_hour{7 * 24 * 3600};
};

struct MaintenanceConfig {
  bool enabled = true;
  int64_t small_files = 32;
  std::chrono::seconds interval{60};
  std::chrono::seconds keep_removed{24 * 3600};
  std::chrono::seconds removal_interval{600};
};

struct LakeConfig {
  std::string bucket = "lake";
  uint64_t file_bytes = 128u << 20;
  SnapshotsConfig snapshots;
  MaintenanceConfig maintenance;
  uint64_t parquet_memory = 512u << 20;
  uint64_t manifest_cache = 64u << 20;
  uint64_t delete_cache = 64u << 20;
  uint64_t keys_memory = 256u << 20;
  uint64_t transaction_memory = 256u << 20;
};

struct QueryConfig {
  int running_max = 4;
  int waiting_max = 64;
  std::chrono::milliseconds wait_max{60'000};
  uint64_t memory = 1ull << 30;
  int threads = 2;
  uint64_t temp_space = 8ull << 30;
  std::chrono::milliseconds timeout{300'000};
  std::chrono::milliseconds timeout_max{3'600'000};
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogOptions::Format format = LogOptions::Format::kAuto;
  std::string file;  // empty: <data>/logs/caudal.log
  uint64_t file_bytes_max = 16u << 20;
  int files_max = 5;
};

struct LimitsConfig {
  size_t requests_waiting_max = 1024;
  int webhook_threads = 8;
  size_t deliveries_in_memory_max = 100'000;
  uint64_t metadata_cache = 16u << 20;
  int metadata_readers_max = 64;
  int functions_running_max = 16;
  int query_workers_max = 4;
};

struct Config {
  std::string file;  // the yaml, absolute
  PlatformConfig platform;
  std::string data;  // the data folder, absolute
  ServerConfig server;
  AuthConfig auth;
  StorageConfig storage;
  std::map<std::string, BucketConfig> buckets;
  EventsConfig events;
  std::map<std::string, FunctionConfig> functions;
  std::map<std::string, SourceConfig> sources;
  LandingConfig landing;
  RunsConfig runs;
  LakeConfig lake;
  QueryConfig query;
  LogConfig log;
  LimitsConfig limits;

  std::string log_file() const;
  std::string url() const;  // public_url, or http://<listen>
};

bool IsLoopback(const std::string& host);
// Whether a request needs a key under this configuration: `auto` asks for one unless the server
// listens on loopback and nothing speaks of a proxy in front.
bool AuthIsRequired(const Config& config);

}  // namespace caudal::app
