#include "lake/upkeep/retention.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace caudal::lake {
namespace {

constexpr int64_t kStart = 1'800'000'000'000;  // the first millisecond of a minute and an hour

// A commit each `every_ms`, the last at `end_ms` after the start.
TableMetadata History(int64_t every_ms, int64_t end_ms) {
  TableMetadata metadata;
  for (int64_t at = 0; at <= end_ms; at += every_ms) {
    Snapshot snapshot;
    snapshot.id = at;
    snapshot.sequence_number = at + 1;
    snapshot.timestamp_ms = kStart + at;
    metadata.snapshots.Add(std::move(snapshot));
    metadata.current_snapshot_id = at;
    metadata.refs["main"].snapshot_id = at;
  }
  return metadata;
}

std::vector<int64_t> Kept(TableMetadata& metadata, const Retention& retention) {
  const int64_t now = kStart + *metadata.current_snapshot_id;
  const std::vector<int64_t> gone = SnapshotsToExpire(metadata, retention, now);
  metadata.snapshots.RemoveIf([&](int64_t id) { return std::ranges::count(gone, id) > 0; });
  std::vector<int64_t> kept;
  for (const Snapshot& snapshot : metadata.snapshots) kept.push_back(snapshot.id);
  return kept;
}

TEST(Retention, AFewCommitsAllStay) {
  TableMetadata metadata = History(1000, 60'000);
  EXPECT_EQ(Kept(metadata, {}).size(), 61u);
}

TEST(Retention, OfManyTheYoungestAndTheLastOfEachSecondStay) {
  TableMetadata metadata = History(10, 59'990);
  const std::vector<int64_t> kept = Kept(metadata, {});
  // The youngest hundred are the last second's.
  ASSERT_EQ(kept.size(), 159u);
  for (int64_t second = 0; second < 59; ++second)
    EXPECT_EQ(kept[static_cast<size_t>(second)], second * 1000 + 990);
  EXPECT_EQ(kept[59], 59'000);
  EXPECT_EQ(Kept(metadata, {}), kept);  // what is kept once isn't dropped until it is older
}

TEST(Retention, OlderOnesThinOut) {
  TableMetadata metadata = History(10'000, 3 * 3'600'000 - 10'000);
  const std::vector<int64_t> kept = Kept(metadata, {});
  // Two hours of one each, an hour of one a minute, and the last minute.
  const auto of = [&](int64_t from, int64_t to) {
    return std::ranges::count_if(kept, [&](int64_t id) { return id >= from && id < to; });
  };
  EXPECT_EQ(of(0, 3'600'000), 1);
  EXPECT_EQ(of(3'600'000, 2 * 3'600'000), 1);
  EXPECT_EQ(of(2 * 3'600'000, 2 * 3'600'000 + 600'000), 10);
  EXPECT_EQ(of(3 * 3'600'000 - 60'000, 3 * 3'600'000), 6);
}

TEST(Retention, ABusyWeekFits) {
  // As the commits of a table come: each drops what is too much then.
  TableMetadata metadata = History(1, 0);
  size_t most = 0;
  for (int64_t at = 1; at <= 8 * 24 * 3'600; at += at < 7'200 ? 1 : 301) {
    for (int64_t i = 0; i < 5; ++i) {
      Snapshot snapshot;
      snapshot.id = at * 1000 + i * 10;
      snapshot.sequence_number = snapshot.id;
      snapshot.timestamp_ms = kStart + snapshot.id;
      metadata.current_snapshot_id = metadata.refs["main"].snapshot_id = snapshot.id;
      metadata.snapshots.Add(std::move(snapshot));
    }
    most = std::max(most, Kept(metadata, {}).size());
  }
  EXPECT_LE(most, 100u + 60 + 60 + 168);
}

TEST(Retention, WhatIsReferredToStays) {
  TableMetadata metadata = History(10'000, 7'200'000);
  metadata.refs["tag"].snapshot_id = 10'000;
  metadata.refs["tag"].tag = true;
  const std::vector<int64_t> kept = Kept(metadata, {});
  EXPECT_EQ(std::ranges::count(kept, 10'000), 1);
  EXPECT_EQ(std::ranges::count(kept, 20'000), 0);
  metadata.properties["history.expire.max-snapshot-age-ms"] = "1000";
  EXPECT_EQ(Kept(metadata, {}).size(), 2u);
}

}  // namespace
}  // namespace caudal::lake
