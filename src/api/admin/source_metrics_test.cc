#include "api/admin/source_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caudal::api::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

class FakeSources final : public Sources {
 public:
  std::vector<SourceInfo> List() const override { return list; }
  Result<std::vector<pipeline::SourceTableStatus>> Tables(const std::string& name) const override {
    if (name != "shop") return Refused();
    return tables;
  }
  Result<capture::postgres::SourceReport> Check(const std::string&) const override {
    return Refused();
  }
  Result<void> Restart(const std::string&) override { return Refused(); }
  Result<void> ReadAnew(const std::string&, const std::vector<std::string>&) override {
    return Refused();
  }
  Result<std::shared_ptr<pipeline::Verification>> Verify(const std::string&,
                                                         pipeline::VerifyRequest) override {
    return Refused();
  }
  Result<std::shared_ptr<pipeline::Rebuild>> Rebuild(const lake::TableName&) override {
    return Refused();
  }

  static Error Refused() { return MakeError(ErrorKind::kUnavailable, "not here"); }
  std::vector<SourceInfo> list;
  std::vector<pipeline::SourceTableStatus> tables;
};

std::string MetricsOf(const Sources& sources) {
  MetricsText text;
  AddSourceMetrics(text, sources);
  return text.Take();
}

TEST(SourceMetrics, TellOfEachSource) {
  FakeSources sources;
  EXPECT_EQ(MetricsOf(sources), "");
  SourceInfo& shop = sources.list.emplace_back();
  shop.name = "shop";
  shop.status.capture.state = capture::postgres::CaptureState::kStreaming;
  shop.status.capture.rows = 12;
  shop.status.capture.retained_bytes = 4096;
  shop.status.rows_applied = 11;
  shop.status.visible = {7};
  shop.status.lag_bytes = 5;
  shop.status.committed_at = 1'500'000;
  sources.list.emplace_back().name = "odd \"name\"";
  sources.list.back().status.apply_stopped = true;
  const std::string text = MetricsOf(sources);
  EXPECT_THAT(text, HasSubstr("caudal_source_state{source=\"shop\",state=\"streaming\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("caudal_source_state{source=\"shop\",state=\"stopped\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("caudal_source_state{source=\"odd \\\"name\\\"\",state=\"stopped\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("caudal_source_changes_landed_total{source=\"shop\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("caudal_source_changes_applied_total{source=\"shop\"} 11\n"));
  EXPECT_THAT(text, HasSubstr("caudal_source_slot_bytes{source=\"shop\"} 4096\n"));
  EXPECT_THAT(text, HasSubstr("caudal_source_position_bytes{source=\"shop\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("caudal_source_lag_bytes{source=\"shop\"} 5\n"));
  EXPECT_THAT(text,
              HasSubstr("caudal_source_committed_timestamp_seconds{source=\"shop\"} 1.500000\n"));
  // What isn't known isn't told.
  EXPECT_THAT(text, Not(HasSubstr("caudal_source_lag_seconds{")));
}

TEST(SourceMetrics, SumUpTablesBeyondTheFirst) {
  FakeSources sources;
  sources.list.emplace_back().name = "shop";
  for (size_t i = 0; i < kTablesShown + 3; ++i) {
    pipeline::SourceTableStatus& table = sources.tables.emplace_back();
    table.captured.folder = "public.t" + std::to_string(i);
    table.captured.state = capture::TableState::kReading;
    table.changes_applied = 2;
  }
  const std::string text = MetricsOf(sources);
  const auto sample = [](const std::string& table, const char* value) {
    return "caudal_source_table_changes_applied_total{source=\"shop\",table=\"" + table + "\"} " +
           value + "\n";
  };
  EXPECT_THAT(text, HasSubstr(sample("public.t0", "2")));
  EXPECT_THAT(text, HasSubstr(sample("public.t199", "2")));
  EXPECT_THAT(text, Not(HasSubstr("public.t200")));
  EXPECT_THAT(text, HasSubstr(sample(kOtherTables, "6")));
  EXPECT_THAT(text,
              HasSubstr("caudal_source_table_reading{source=\"shop\",table=\"(other)\"} 3\n"));
}

}  // namespace
}  // namespace caudal::api::admin
