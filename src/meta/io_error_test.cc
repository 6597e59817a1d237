// Failing disks, through a thin layer over SQLite's file system interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>

#include "meta/test_database.h"

namespace caudal::meta {
namespace {

using testing::ElementsAre;

// The code that each write or sync of the log returns instead of doing its work; 0 for none.
std::atomic<int> log_write_error = 0;
std::atomic<int> log_sync_error = 0;

sqlite3_vfs* real_vfs = nullptr;
const sqlite3_io_methods* real_methods = nullptr;
sqlite3_io_methods failing_methods;

int FailingWrite(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  const int error = log_write_error;
  return error != 0 ? error : real_methods->xWrite(file, bytes, count, offset);
}

int FailingSync(sqlite3_file* file, int flags) {
  const int error = log_sync_error;
  return error != 0 ? error : real_methods->xSync(file, flags);
}

int OpenFailing(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
  if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) file->pMethods = &failing_methods;
  return code;
}

class IoErrorTest : public DatabaseFixture {
 protected:
  void SetUp() override {
    DatabaseFixture::SetUp();
    Open();  // makes SQLite ready, and the file
    db_.reset();
    static sqlite3_vfs failing = MakeFailing();
    ASSERT_EQ(sqlite3_vfs_register(&failing, 1), SQLITE_OK);
    Open();
    ASSERT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "before"); }).ok());
  }
  void TearDown() override {
    log_write_error = 0;
    log_sync_error = 0;
    db_.reset();
    sqlite3_vfs_register(real_vfs, 1);
    DatabaseFixture::TearDown();
  }

 private:
  // The methods of the log's files are one table, the same for all.
  sqlite3_vfs MakeFailing() {
    real_vfs = sqlite3_vfs_find(nullptr);
    std::vector<std::max_align_t> space(
        static_cast<size_t>(real_vfs->szOsFile) / sizeof(std::max_align_t) + 1);
    auto* file = reinterpret_cast<sqlite3_file*>(space.data());
    const std::string path = options_.path + "-wal";
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
    CAUDAL_CHECK(real_vfs->xOpen(real_vfs, path.c_str(), file, kFlags, nullptr) == SQLITE_OK,
                 "a probe opens");
    real_methods = file->pMethods;
    failing_methods = *real_methods;
    failing_methods.xWrite = FailingWrite;
    failing_methods.xSync = FailingSync;
    real_methods->xClose(file);
    sqlite3_vfs failing = *real_vfs;
    failing.zName = "failing";
    failing.xOpen = OpenFailing;
    return failing;
  }
};

TEST_F(IoErrorTest, NoRoomInTheCommitChangesNothing) {
  log_write_error = SQLITE_FULL;
  EXPECT_EQ(db_->Write([](Tx& tx) { return Insert(tx, "lost"); }).error().kind,
            ErrorKind::kDiskFull);
  log_write_error = 0;
  EXPECT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "after"); }).ok());
  EXPECT_THAT(Names(), ElementsAre("before", "after"));
}

TEST_F(IoErrorTest, SyncThatFailsEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        log_sync_error = SQLITE_IOERR_FSYNC;
        (void)db_->Write([](Tx& tx) { return Insert(tx, "x"); }).ok();
      },
      "fsync of .*meta.db failed");
}

TEST_F(IoErrorTest, WriteThatFailsInTheCommitEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        log_write_error = SQLITE_IOERR_WRITE;
        (void)db_->Write([](Tx& tx) { return Insert(tx, "x"); }).ok();
      },
      "metadata commit failed");
}

}  // namespace
}  // namespace caudal::meta
