// What happens when the disk has no room, on a small file system of the test's own where it may
// mount one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "meta/test_database.h"

namespace caudal::meta {
namespace {

using testing::ElementsAre;

Result<void> InsertLarge(Tx& tx, std::string_view name, size_t bytes) {
  TRY(tx.Run("INSERT INTO items(name, note) VALUES (?, ?)", name, std::string(bytes, 'n')));
  return {};
}

using PageLimitTest = DatabaseFixture;

// SQLite itself gives the whole transaction up here; nothing may run outside of it afterwards.
TEST_F(PageLimitTest, FailsTheBatchEvenWhenTheErrorIsIgnored) {
  Open();
  ASSERT_TRUE(db_->Write([](Tx& tx) -> Result<void> {
                   TRY(tx.Run("PRAGMA max_page_count = 30"));
                   return Insert(tx, "before");
                 })
                  .ok());
  {
    StalledWriter stall(*db_);
    std::vector<std::future<Result<void>>> done;
    done.push_back(stall.Queue([](Tx& tx) { return Insert(tx, "a"); }));
    done.push_back(stall.Queue([](Tx& tx) -> Result<void> {
      EXPECT_FALSE(InsertLarge(tx, "b", 1 << 20).ok());
      EXPECT_EQ(Insert(tx, "stray").error().kind, ErrorKind::kDiskFull);
      return {};
    }));
    done.push_back(stall.Queue([](Tx& tx) { return Insert(tx, "c"); }));
    stall.Go();
    for (auto& d : done) EXPECT_EQ(d.get().error().kind, ErrorKind::kDiskFull);
  }
  EXPECT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "after"); }).ok());
  EXPECT_THAT(Names(), ElementsAre("before", "after"));
}

class DiskFullTest : public DatabaseFixture {
 protected:
  void SetUp() override {
    DatabaseFixture::SetUp();
    if (::mount("tmpfs", dir_.c_str(), "tmpfs", 0, "size=2m") != 0)
      GTEST_SKIP() << "needs the right to mount a small file system (root)";
    mounted_ = true;
  }
  void TearDown() override {
    db_.reset();
    if (mounted_) {
      EXPECT_EQ(::umount(dir_.c_str()), 0);
    }
    DatabaseFixture::TearDown();
  }
  bool mounted_ = false;
};

TEST_F(DiskFullTest, FailsTheBatchChangesNothingAndGoesOn) {
  Open();
  ASSERT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "before"); }).ok());
  bool called = false;
  {
    StalledWriter stall(*db_);
    std::vector<std::future<Result<void>>> done;
    done.push_back(stall.Queue([&](Tx& tx) {
      tx.AfterCommit([&] { called = true; });
      return Insert(tx, "small");
    }));
    done.push_back(stall.Queue([](Tx& tx) { return InsertLarge(tx, "large", 3 << 20); }));
    stall.Go();
    for (auto& d : done) EXPECT_EQ(d.get().error().kind, ErrorKind::kDiskFull);
  }
  EXPECT_FALSE(called);
  EXPECT_THAT(Names(), ElementsAre("before"));
  EXPECT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "after"); }).ok());
  Open();
  EXPECT_THAT(Names(), ElementsAre("before", "after"));
}

TEST_F(DiskFullTest, ResumesWhenThereIsRoom) {
  Open();
  int good = 0;
  for (;; ++good) {
    const Result<void> done = db_->Write(
        [&](Tx& tx) { return InsertLarge(tx, std::to_string(good), size_t{100} << 10); });
    if (done.ok()) {
      ASSERT_LT(good, 100);
      continue;
    }
    EXPECT_EQ(done.error().kind, ErrorKind::kDiskFull) << done.error().message;
    break;
  }
  EXPECT_GT(good, 3);
  EXPECT_EQ(Names().size(), static_cast<size_t>(good));
  ASSERT_EQ(::mount("tmpfs", dir_.c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0);
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertLarge(tx, "x", size_t{100} << 10); }).ok());
  Open();
  EXPECT_EQ(Names().size(), static_cast<size_t>(good) + 1);
  EXPECT_TRUE(db_->CheckIntegrity().value().empty());
}

}  // namespace
}  // namespace caudal::meta
