#include <string>

#include "api/admin/handlers.h"
#include "api/admin/metrics_text.h"
#include "api/admin/source_metrics.h"

namespace caudal::api::admin {
namespace {

void AddSubscribers(MetricsText& text, const std::vector<events::SubscriberStats>& all) {
  using Stats = events::SubscriberStats;
  struct Metric {
    const char* name;
    const char* type;
    const char* help;
    std::string (*value)(const Stats&);
  };
  static constexpr Metric kMetrics[] = {
      {"caudal_deliveries_total", "counter", "Events delivered.",
       [](const Stats& s) { return std::to_string(s.delivered); }},
      {"caudal_delivery_failures_total", "counter", "Attempts that failed.",
       [](const Stats& s) { return std::to_string(s.failed_attempts); }},
      {"caudal_deliveries_pending", "gauge", "Events not delivered yet.",
       [](const Stats& s) { return std::to_string(s.pending); }},
      {"caudal_deliveries_dead", "gauge", "Dead letters.",
       [](const Stats& s) { return std::to_string(s.dead); }},
      {"caudal_delivery_start_p50_seconds", "gauge",
       "Commit of the change to start of delivery, median of the last ones.",
       [](const Stats& s) { return std::to_string(static_cast<double>(s.start_p50_us) / 1e6); }},
      {"caudal_delivery_start_p99_seconds", "gauge",
       "Commit of the change to start of delivery, 99th percentile of the last ones.",
       [](const Stats& s) { return std::to_string(static_cast<double>(s.start_p99_us) / 1e6); }},
  };
  for (const Metric& metric : kMetrics) {
    text.Head(metric.name, metric.type, metric.help);
    for (const Stats& stats : all)
      text.Sample(metric.name, {{"subscriber", stats.name}}, metric.value(stats));
  }
}

void AddFunctions(MetricsText& text, const std::vector<functions::FunctionInfo>& all) {
  using Info = functions::FunctionInfo;
  struct Metric {
    const char* name;
    const char* type;
    const char* help;
    std::string (*value)(const Info&);
  };
  static constexpr Metric kMetrics[] = {
      {"caudal_function_ready", "gauge", "0 while a function's events wait for it to be deployed.",
       [](const Info& f) {
         return std::to_string(f.status.state == functions::RunnerStatus::State::kReady ? 1 : 0);
       }},
      {"caudal_function_runs_running", "gauge", "Runs that are going on.",
       [](const Info& f) { return std::to_string(f.running); }},
      {"caudal_function_runs_queued", "gauge", "Runs that wait for a thread.",
       [](const Info& f) { return std::to_string(f.queued); }},
      {"caudal_function_runs_succeeded_total", "counter", "Runs that succeeded.",
       [](const Info& f) { return std::to_string(f.succeeded); }},
      {"caudal_function_runs_failed_total", "counter", "Runs that failed.",
       [](const Info& f) { return std::to_string(f.failed); }},
      {"caudal_function_run_p50_seconds", "gauge", "Time of a run, median of the last ones.",
       [](const Info& f) { return std::to_string(static_cast<double>(f.run_p50_us) / 1e6); }},
      {"caudal_function_run_p99_seconds", "gauge",
       "Time of a run, 99th percentile of the last ones.",
       [](const Info& f) { return std::to_string(static_cast<double>(f.run_p99_us) / 1e6); }},
  };
  if (all.empty()) return;
  for (const Metric& metric : kMetrics) {
    text.Head(metric.name, metric.type, metric.help);
    for (const Info& info : all)
      text.Sample(metric.name, {{"function", info.spec.name}}, metric.value(info));
  }
}

http::Response Metrics(const AdminDependencies& deps) {
  MetricsText text;
  const http::ServerStats http = deps.http_stats();
  text.Gauge("caudal_http_connections", "Open connections.", http.connections_open);
  text.Counter("caudal_http_connections_total", "Connections taken.", http.connections_accepted);
  text.Counter("caudal_http_connections_refused_total", "Connections over the limit.",
               http.connections_refused);
  text.Counter("caudal_http_requests_total", "Requests.", http.requests);
  text.Counter("caudal_http_responses_4xx_total", "Answers 400 to 499.", http.responses_4xx);
  text.Counter("caudal_http_responses_5xx_total", "Answers from 500.", http.responses_5xx);
  text.Counter("caudal_http_received_bytes_total", "Bytes received.", http.bytes_in);
  text.Counter("caudal_http_sent_bytes_total", "Bytes sent.", http.bytes_out);
  text.Gauge("caudal_http_requests_waiting", "Requests that wait for a thread.", http.pool_queue);

  const objects::StoreStats store = deps.store.Stats();
  text.Gauge("caudal_buckets", "Buckets.", store.buckets);
  text.Gauge("caudal_objects", "Live objects.", store.objects);
  text.Gauge("caudal_objects_bytes", "Bytes of live objects.", store.bytes);
  text.Gauge("caudal_journal_bytes", "Bytes of small objects not yet trimmed from the journal.",
             store.journal_bytes);
  text.Gauge("caudal_uploads_open", "Unfinished uploads.", store.uploads_open);
  text.Gauge("caudal_garbage_files", "Files that wait to be removed.", store.garbage);
  text.Gauge("caudal_disk_full", "1 while uploads are refused for want of space.",
             store.disk_full ? 1 : 0);

  const meta::DatabaseStats meta = deps.database.stats();
  text.Counter("caudal_metadata_commits_total", "Commits of the metadata database.", meta.commits);
  text.Counter("caudal_metadata_writes_total", "Changes in those commits.", meta.writes);
  text.Counter("caudal_metadata_commit_seconds_total", "Time spent in commits.",
               static_cast<double>(meta.commit_micros_total) / 1e6);
  text.Counter("caudal_metadata_checkpoints_total", "Checkpoints.", meta.checkpoints);
  text.Gauge("caudal_metadata_wal_bytes", "Size of the write-ahead log.", meta.wal_bytes);
  AddSubscribers(text, deps.dispatcher.Stats());
  AddFunctions(text, deps.functions.List());
  if (deps.sources != nullptr) AddSourceMetrics(text, *deps.sources);
  return http::Response::Text(200, text.Take(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace

void AddMetricsRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/metrics", "metrics.read",
      [deps = dependencies](http::Request&) -> Result<http::Response> { return Metrics(*deps); });
}

}  // namespace caudal::api::admin
