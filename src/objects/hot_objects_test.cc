#include "objects/hot_objects.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/failpoint.h"
#include "base/random.h"
#include "objects/store_fixture.h"

namespace caudal::objects {
namespace {

class HotObjectsTest : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    MakeBucket();
  }
  std::string Content(const std::string& name, std::optional<int64_t> generation = {}) {
    Result<ObjectContent> content = store_->Read({"bucket", name, generation});
    if (!content.ok()) return content.error().code;
    return content->bytes ? *content->bytes : "in a file";
  }
  // Read twice, so that the second time it comes from memory.
  std::string Warm(const std::string& name) {
    Content(name);
    return Content(name);
  }
  // Where its bytes are looked for, unless they are in memory.
  void LoseFile(const std::string& name) {
    const OpenedObject opened = store_->Open({"bucket", name}).value();
    ASSERT_TRUE(os::Remove(opened.path).ok());
  }
};

TEST_F(HotObjectsTest, SmallOnesNeedNoFileOnceRead) {
  Put("small", "abc");
  Put("empty", "");
  Put("large", std::string(100'000, 'x'));
  EXPECT_EQ(Content("small"), "abc");
  EXPECT_EQ(Content("empty"), "");
  EXPECT_EQ(Warm("large"), "in a file");
  LoseFile("small");
  EXPECT_EQ(Content("small"), "abc");
  EXPECT_EQ(store_->Stat({"bucket", "small"}).value().size, 3u);
}

TEST_F(HotObjectsTest, WhatIsStoredCompressedKeepsItsFile) {
  WriteRequest request = To("packed");
  request.metadata.content_encoding = "gzip";
  ASSERT_TRUE(store_->Put(request, "abc").ok());
  EXPECT_EQ(Warm("packed"), "in a file");
}

TEST_F(HotObjectsTest, EveryChangeIsSeenAtOnce) {
  const int64_t first = Put("o", "one").generation;
  EXPECT_EQ(Warm("o"), "one");
  const int64_t second = Put("o", "two").generation;
  EXPECT_EQ(Warm("o"), "two");
  EXPECT_EQ(Content("o", first), "object.not_found");
  EXPECT_EQ(Content("o", second), "two");

  ASSERT_TRUE(store_
                  ->Update({"bucket", "o"}, {},
                           [](ObjectMetadata& metadata) -> Result<void> {
                             metadata.content_type = "text/x";
                             return {};
                           })
                  .ok());
  EXPECT_EQ(store_->Read({"bucket", "o"}).value().object.metadata.content_type, "text/x");
  EXPECT_EQ(store_->Stat({"bucket", "o"}).value().metageneration, 2);

  Put("p", "other");
  Warm("p");
  CopyRequest move;
  move.source = {"bucket", "o", {}};
  move.destination = To("p");
  move.remove_source = true;
  ASSERT_TRUE(store_->Copy(move).ok());
  EXPECT_EQ(Warm("p"), "two");
  EXPECT_EQ(Content("o"), "object.not_found");

  ASSERT_TRUE(store_->Delete({"bucket", "p"}).ok());
  EXPECT_EQ(Content("p"), "object.not_found");
}

TEST_F(HotObjectsTest, PreconditionsAreCheckedInMemoryToo) {
  const Object object = Put("o", "one");
  Warm("o");
  Preconditions other;
  other.generation_match = object.generation + 1;
  EXPECT_EQ(store_->Read({"bucket", "o"}, other).error().code, "condition_not_met");
  Preconditions same;
  same.generation_not_match = object.generation;
  EXPECT_EQ(store_->Stat({"bucket", "o"}, same).error().code, "not_modified");
}

TEST_F(HotObjectsTest, TheBucketsPolicyOfTheMomentCounts) {
  Put("o", "one");
  Warm("o");
  EXPECT_FALSE(store_->Stat({"bucket", "o"}).value().retention_expires);
  ASSERT_TRUE(store_
                  ->UpdateBucket("bucket", {},
                                 [](BucketSettings& settings) -> Result<void> {
                                   settings.retention_seconds = 60;
                                   return {};
                                 })
                  .ok());
  EXPECT_TRUE(store_->Stat({"bucket", "o"}).value().retention_expires);
  EXPECT_TRUE(store_->Read({"bucket", "o"}).value().object.retention_expires);
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(HotObjectsTest, AChangeThatFailsLeavesTheOldOne) {
  Put("o", "one");
  Warm("o");
  ASSERT_TRUE(ArmFailpoints("objects.publish=error").ok());
  EXPECT_FALSE(store_->Put(To("o"), "two").ok());
  DisarmFailpoints();
  EXPECT_EQ(Warm("o"), "one");
  LoseFile("o");
  EXPECT_EQ(Content("o"), "one") << "it is kept again after the failure";
}
#endif

TEST_F(HotObjectsTest, TheLeastRecentlyReadGoFirst) {
  Close();
  options_.read_cache_bytes = 16 * 40'000;  // shards hold a few objects each
  Open();
  const std::string bytes(5000, 'x');
  for (int i = 0; i < 400; ++i) {
    Put(std::to_string(i), bytes);
    Warm(std::to_string(i));
    EXPECT_EQ(Content("0"), bytes);
  }
  int in_memory = 0;
  for (int i = 0; i < 400; ++i) {
    LoseFile(std::to_string(i));
    in_memory += Content(std::to_string(i)) == bytes ? 1 : 0;
  }
  EXPECT_EQ(Content("0"), bytes);
  EXPECT_LE(in_memory, 16 * 8);
  EXPECT_GE(in_memory, 16);
}

// A reader never sees an older state than what it, or anyone before it, was told of.
TEST_F(HotObjectsTest, ConcurrentReadersNeverGoBack) {
  Put("o", "0");
  std::atomic<int> acknowledged{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      int seen = 0;
      while (!stop) {
        const int least = std::max(seen, acknowledged.load());
        const int now = std::stoi(Content("o"));
        EXPECT_GE(now, least);
        seen = now;
      }
    });
  for (int i = 1; i <= 300; ++i) {
    Put("o", std::to_string(i));
    acknowledged = i;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace caudal::objects
