#include "api/admin/source_metrics.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace caudal::api::admin {
namespace {

namespace pg = capture::postgres;
using pipeline::SourceTableStatus;

std::string Seconds(Micros time) { return std::to_string(static_cast<double>(time) / 1e6); }

void AddStates(MetricsText& text, const std::vector<SourceInfo>& all) {
  using pg::CaptureState;
  static constexpr std::array kStates = {CaptureState::kStarting, CaptureState::kSnapshot,
                                         CaptureState::kStreaming, CaptureState::kRetrying,
                                         CaptureState::kStopped};
  text.Head("caudal_source_state", "gauge", "1 for the state that a source is in.");
  for (const SourceInfo& info : all)
    for (const CaptureState state : kStates)
      text.Sample("caudal_source_state", {{"source", info.name}, {"state", pg::NameOf(state)}},
                  StateOf(info.status) == state ? "1" : "0");
}

// Nothing: it isn't known, and there is no sample.
struct SourceMetric {
  const char* name;
  const char* type;
  const char* help;
  std::optional<std::string> (*value)(const pipeline::SourceStatus&);
};

using Status = pipeline::SourceStatus;
using Value = std::optional<std::string>;

constexpr SourceMetric kSourceMetrics[] = {
    {"caudal_source_lag_bytes", "gauge", "Of the source's log, not visible to queries yet.",
     [](const Status& s) -> Value { return std::to_string(s.lag_bytes); }},
    {"caudal_source_lag_seconds", "gauge", "Age of what is visible; 0 when that is all there is.",
     [](const Status& s) -> Value {
       return s.lag_seconds ? Value(std::to_string(*s.lag_seconds)) : Value();
     }},
    {"caudal_source_changes_landed_total", "counter", "Rows of change files, since the start.",
     [](const Status& s) -> Value { return std::to_string(s.capture.rows); }},
    {"caudal_source_changes_applied_total", "counter", "Those of them that are in tables.",
     [](const Status& s) -> Value { return std::to_string(s.rows_applied); }},
    {"caudal_source_landed_bytes_total", "counter", "Bytes of change files, since the start.",
     [](const Status& s) -> Value { return std::to_string(s.capture.bytes); }},
    {"caudal_source_batches_total", "counter", "Batches that were landed, since the start.",
     [](const Status& s) -> Value { return std::to_string(s.capture.batches); }},
    {"caudal_source_batches_waiting", "gauge", "Batches that are landed and not in tables yet.",
     [](const Status& s) -> Value { return std::to_string(s.batches_landed); }},
    {"caudal_source_commits_total", "counter", "Commits of tables, since the start.",
     [](const Status& s) -> Value { return std::to_string(s.commits); }},
    {"caudal_source_position_bytes", "gauge",
     "Position in the source's log up to which every commit is visible, as a number.",
     [](const Status& s) -> Value { return std::to_string(s.visible.value); }},
    {"caudal_source_landed_position_bytes", "gauge", "The same of what is landed.",
     [](const Status& s) -> Value { return std::to_string(s.capture.landed.value); }},
    {"caudal_source_committed_timestamp_seconds", "gauge",
     "When the last visible transaction was committed, by the source's clock.",
     [](const Status& s) -> Value {
       return s.committed_at ? Value(Seconds(*s.committed_at)) : Value();
     }},
    {"caudal_source_applied_timestamp_seconds", "gauge", "When tables last changed.",
     [](const Status& s) -> Value {
       return s.applied_at ? Value(Seconds(*s.applied_at)) : Value();
     }},
    {"caudal_source_slot_bytes", "gauge", "Of its log, what the source keeps for its slot.",
     [](const Status& s) -> Value { return std::to_string(s.capture.retained_bytes); }},
    {"caudal_source_snapshot_chunks", "gauge", "Chunks of the snapshot that is being read.",
     [](const Status& s) -> Value {
       return std::to_string(s.capture.reading ? s.capture.reading->chunks : 0);
     }},
    {"caudal_source_snapshot_chunks_read", "gauge", "Those of them that are landed.",
     [](const Status& s) -> Value {
       return std::to_string(s.capture.reading ? s.capture.reading->chunks_read : 0);
     }},
};

// Of a table, or of several that are summed up.
struct TableNumbers {
  std::string table;
  int64_t changes_landed = 0;
  int64_t changes_applied = 0;
  int64_t rows_read = 0;
  int64_t chunks = 0;
  int64_t chunks_done = 0;
  int64_t reading = 0;  // tables
  int64_t quarantined = 0;

  void Add(const SourceTableStatus& table) {
    changes_landed += table.changes_landed;
    changes_applied += table.changes_applied;
    rows_read += table.captured.rows_read;
    chunks += table.captured.chunks;
    chunks_done += table.captured.chunks_done;
    quarantined += table.quarantined;
    reading += table.captured.state == capture::TableState::kRead ? 0 : 1;
  }
};

struct TableMetric {
  const char* name;
  const char* type;
  const char* help;
  int64_t TableNumbers::*value;
};

constexpr TableMetric kTableMetrics[] = {
    {"caudal_source_table_changes_landed_total", "counter",
     "Rows of a table's change files, since the start.", &TableNumbers::changes_landed},
    {"caudal_source_table_changes_applied_total", "counter", "Those of them that are in tables.",
     &TableNumbers::changes_applied},
    {"caudal_source_table_reading", "gauge", "1 while a table's first rows are to be read.",
     &TableNumbers::reading},
    {"caudal_source_table_rows_read", "gauge", "Rows that were read of it in its last snapshot.",
     &TableNumbers::rows_read},
    {"caudal_source_table_quarantined_rows", "gauge",
     "Rows in a table's quarantine: they can't be applied.", &TableNumbers::quarantined},
    {"caudal_source_table_chunks", "gauge", "Chunks of a table that is being read.",
     &TableNumbers::chunks},
    {"caudal_source_table_chunks_done", "gauge", "Those of them that are landed.",
     &TableNumbers::chunks_done},
};

std::vector<TableNumbers> NumbersOf(const std::vector<SourceTableStatus>& tables) {
  std::vector<TableNumbers> numbers;
  for (const SourceTableStatus& table : tables) {
    if (numbers.size() < kTablesShown) {
      numbers.emplace_back().table = table.captured.folder;
    } else if (numbers.size() == kTablesShown) {
      numbers.emplace_back().table = kOtherTables;
    }
    numbers.back().Add(table);
  }
  return numbers;
}

}  // namespace

void AddSourceMetrics(MetricsText& text, const Sources& sources) {
  const std::vector<SourceInfo> all = sources.List();
  if (all.empty()) return;
  AddStates(text, all);
  for (const SourceMetric& metric : kSourceMetrics) {
    text.Head(metric.name, metric.type, metric.help);
    for (const SourceInfo& info : all)
      if (const Value value = metric.value(info.status))
        text.Sample(metric.name, {{"source", info.name}}, *value);
  }
  text.Head("caudal_source_quarantined_rows", "gauge",
            "Rows in quarantines of a source's tables: they can't be applied.");
  for (const SourceInfo& info : all)
    text.Sample("caudal_source_quarantined_rows", {{"source", info.name}},
                std::to_string(info.quarantined));
  std::vector<std::pair<std::string, std::vector<TableNumbers>>> tables;
  for (const SourceInfo& info : all) {
    // What can't be told now is told the next time.
    const Result<std::vector<SourceTableStatus>> of_source = sources.Tables(info.name);
    if (of_source.ok()) tables.emplace_back(info.name, NumbersOf(*of_source));
  }
  for (const TableMetric& metric : kTableMetrics) {
    text.Head(metric.name, metric.type, metric.help);
    for (const auto& [source, numbers] : tables)
      for (const TableNumbers& one : numbers)
        text.Sample(metric.name, {{"source", source}, {"table", one.table}},
                    std::to_string(one.*metric.value));
  }
}

}  // namespace caudal::api::admin
