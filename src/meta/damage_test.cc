// Damaged files, backups, and a log that is kept from shrinking.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "meta/open_connection.h"
#include "meta/test_database.h"

namespace caudal::meta {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class DamageTest : public DatabaseFixture {
 protected:
  void Overwrite(uint64_t offset, std::string_view bytes) {
    os::File file = os::File::Open(options_.path, os::File::Mode::kOpenOrCreate).value();
    ASSERT_TRUE(file.WriteAt(offset, bytes).ok());
  }
  Error OpenError() { return Database::Open(options_, kTestMigrations).error(); }
  uint64_t LogBytes() {
    return os::File::Open(options_.path + "-wal", os::File::Mode::kRead).value().Size().value();
  }
};

TEST_F(DamageTest, NotADatabase) {
  Overwrite(0, std::string(8192, 'x'));
  const Error error = OpenError();
  EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
  EXPECT_THAT(error.message, HasSubstr(options_.path));
}

TEST_F(DamageTest, DamagedPage) {
  Open();
  ASSERT_TRUE(db_->Write([](Tx& tx) -> Result<void> {
                   for (int i = 0; i < 2000; ++i) TRY(Insert(tx, "name " + std::to_string(i)));
                   return {};
                 })
                  .ok());
  db_.reset();
  for (uint64_t page = 8; page < 24; ++page) Overwrite(page * 4096, std::string(4096, '\xa5'));
  Open();
  {
    ReadTx tx = db_->Read().value();
    Statement q = tx.Prepare("SELECT sum(length(name)) FROM items NOT INDEXED").value();
    const Result<bool> row = q.Step();
    ASSERT_FALSE(row.ok());
    EXPECT_EQ(row.error().kind, ErrorKind::kCorrupt);
    EXPECT_THAT(row.error().message, HasSubstr(options_.path));
  }
  EXPECT_THAT(db_->CheckIntegrity().value(), Not(IsEmpty()));
}

TEST_F(DamageTest, LogWithoutItsDatabase) {
  os::File log = os::File::Open(options_.path + "-wal", os::File::Mode::kCreateNew).value();
  ASSERT_TRUE(log.WriteAt(0, std::string(5000, 'x')).ok());
  EXPECT_EQ(OpenError().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(os::Exists(options_.path + "-wal"));
}

TEST_F(DamageTest, AnotherProgramsDatabase) {
  {
    auto other = OpenConnection::Open(options_.path, OpenConnection::Role::kWriter, 100).value();
    ASSERT_TRUE(other->Execute("CREATE TABLE theirs (x)").ok());
  }
  const Error error = OpenError();
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("another program"));
}

TEST_F(DamageTest, MissingFolder) {
  options_.path = dir_ + "/none/meta.db";
  EXPECT_THAT(OpenError().message, HasSubstr(options_.path));
}

TEST_F(DamageTest, BackupWhileWriting) {
  constexpr int kPairsMax = 20'000;
  Open();
  ASSERT_TRUE(db_->Write([](Tx& tx) -> Result<void> {
                   for (int i = 0; i < 2000; ++i)
                     TRY(Insert(tx, "first " + std::to_string(i) + std::string(4000, 'x')));
                   return {};
                 })
                  .ok());
  std::atomic<bool> stop = false;
  std::atomic<int> pairs = 0;
  std::thread writer([&] {
    for (int i = 0; !stop && i < kPairsMax; ++i) {
      const Result<void> done = db_->Write([i](Tx& tx) -> Result<void> {
        TRY(Insert(tx, std::to_string(i) + "a"));
        return Insert(tx, std::to_string(i) + "b");
      });
      EXPECT_TRUE(done.ok());
      ++pairs;
      pairs.notify_all();
    }
  });
  pairs.wait(0);
  const int before = pairs;
  const std::string copy = dir_ + "/copy.db";
  const Result<void> backed_up = db_->BackupTo(copy);
  const int after = pairs;
  stop = true;
  writer.join();
  ASSERT_TRUE(backed_up.ok()) << backed_up.error().message;
  EXPECT_LT(after, kPairsMax);
  EXPECT_EQ(db_->BackupTo(copy).error().kind, ErrorKind::kAlreadyExists);
  EXPECT_FALSE(os::Exists(copy + ".partial"));
  EXPECT_THAT(db_->CheckIntegrity().value(), IsEmpty());
  options_.path = copy;
  Open();
  EXPECT_THAT(db_->CheckIntegrity().value(), IsEmpty());
  ReadTx tx = db_->Read().value();
  const int64_t rows = Count(tx) - 2000;
  EXPECT_EQ(rows % 2, 0);
  EXPECT_GE(rows, before * 2);
  EXPECT_LE(rows, (after + 1) * 2);
}

TEST_F(DamageTest, LogIsReusedFromItsStart) {
  options_.wal_bytes_initial = 0;
  options_.wal_bytes_max = 256 << 10;
  Open();
  const auto write = [&](int count) {
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(db_->Write([&](Tx& tx) -> Result<void> {
                       TRY(tx.Run("INSERT INTO items(name, note) VALUES (?, ?)",
                                  SystemRandom().Hex(8), std::string(3000, 'n')));
                       return {};
                     })
                      .ok());
  };
  write(300);
  EXPECT_GT(db_->stats().checkpoints, 3u);
  EXPECT_LT(LogBytes(), 2 * options_.wal_bytes_max);
  uint64_t held = 0;
  {
    ReadTx reader = db_->Read().value();
    const int64_t seen = Count(reader);
    write(200);  // goes on, the log grows
    held = LogBytes();
    EXPECT_GT(held, 2 * options_.wal_bytes_max);
    EXPECT_EQ(Count(reader), seen);
  }
  write(600);
  EXPECT_LT(LogBytes(), 2 * held);
  EXPECT_LT(db_->stats().wal_bytes, 2 * options_.wal_bytes_max);
}

}  // namespace
}  // namespace caudal::meta
