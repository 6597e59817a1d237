#include "lake/format/snapshot_list.h"

#include <gtest/gtest.h>

#include <thread>

namespace caudal::lake {
namespace {

Snapshot Of(int64_t id) {
  Snapshot snapshot;
  snapshot.id = id;
  snapshot.sequence_number = id;
  snapshot.timestamp_ms = 1'700'000'000'000 + id;
  snapshot.manifest_list = "gs://lake/\"" + std::to_string(id) + "\".avro";
  snapshot.summary = {{"operation", "append"}, {"note", "ñ\n"}};
  return snapshot;
}

std::string TextOf(const SnapshotList& list, int version) {
  std::string text;
  list.AppendText(text, version);
  return text;
}

TEST(SnapshotList, FindsAddsAndRemoves) {
  SnapshotList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.Find(1), nullptr);
  for (int64_t id = 1; id <= 5; ++id) list.Add(Of(id));
  const SnapshotList before = list;
  list.RemoveIf([](int64_t id) { return id % 2 == 0; });
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[1].id, 3);
  EXPECT_EQ(list.Find(2), nullptr);
  EXPECT_EQ(*list.Find(5), Of(5));
  // The other one stays as it was, and shares what both have.
  EXPECT_EQ(before.size(), 5u);
  EXPECT_EQ(before.Find(5), list.Find(5));
  EXPECT_NE(list, before);
  EXPECT_EQ(list, (SnapshotList{Of(1), Of(3), Of(5)}));
  EXPECT_NE(list, (SnapshotList{Of(1), Of(5), Of(3)}));
}

TEST(SnapshotList, WritesWhatEachSnapshotSays) {
  SnapshotList list;
  EXPECT_EQ(TextOf(list, 2), "[]");
  for (int64_t id = 1; id <= 3; ++id) list.Add(Of(id));
  for (const int version : {2, 1, 2, 3}) {
    Json expected = Json::array();
    for (const Snapshot& snapshot : list) expected.push_back(SnapshotToJson(snapshot, version));
    EXPECT_EQ(Json::parse(TextOf(list, version)), expected) << version;
  }
}

TEST(SnapshotList, IsWrittenByManyAtOnce) {
  SnapshotList list;
  for (int64_t id = 1; id <= 200; ++id) list.Add(Of(id));
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::string& text : texts) threads.emplace_back([&text, list] { list.AppendText(text, 2); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) EXPECT_EQ(text, texts[0]);
}

}  // namespace
}  // namespace caudal::lake
