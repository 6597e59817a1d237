// A store over a temporary folder, for tests: reopened as after a clean stop or a crash.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "events/outbox.h"
#include "meta/database.h"
#include "objects/store.h"

namespace caudal::objects {

class StoreFixture : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/store-" + SystemRandom().Hex(6);
    ASSERT_TRUE(os::MakeDirs(folder_).ok());
    options_.folder = folder_ + "/objects";
    options_.disk_reserve_bytes = 0;
    options_.journaled_bytes_max = 128u << 10;
    Open();
  }
  void TearDown() override {
    Close();
    std::filesystem::remove_all(folder_);
  }

  void Open() {
    std::vector<meta::Migration> migrations;
    for (auto part : {Store::Migrations(), events::Outbox::Migrations()})
      migrations.insert(migrations.end(), part.begin(), part.end());
    const std::vector<meta::Migration> more = MoreMigrations();
    migrations.insert(migrations.end(), more.begin(), more.end());
    meta::DatabaseOptions database;
    database.path = folder_ + "/meta.db";
    database_ = meta::Database::Open(database, migrations).value();
    outbox_ = events::Outbox::Open(*database_, clock_, {}).value();
    store_ = Store::Open(options_, *database_, *outbox_, clock_, random_).value();
  }
  // Of modules above that are tested over a store.
  virtual std::vector<meta::Migration> MoreMigrations() { return {}; }
  void Close() {
    store_.reset();
    outbox_.reset();
    database_.reset();
  }
  void Reopen() {
    Close();
    Open();
  }

  WriteRequest To(const std::string& name) {
    WriteRequest request;
    request.bucket = "bucket";
    request.name = name;
    return request;
  }
  Object Put(const std::string& name, std::string_view bytes) {
    return store_->Put(To(name), bytes).value();
  }
  std::string Read(const std::string& name, std::optional<int64_t> generation = std::nullopt) {
    OpenedObject opened = store_->Open({"bucket", name, generation}).value();
    std::string bytes(opened.object.size, '\0');
    EXPECT_EQ(opened.file->ReadAt(0, bytes.data(), bytes.size()).value(), bytes.size());
    EXPECT_EQ(opened.file->Size().value(), bytes.size());
    EXPECT_EQ(Crc32c(bytes), opened.object.crc32c);
    return bytes;
  }
  void MakeBucket(BucketSettings settings = {}) {
    ASSERT_TRUE(store_->CreateBucket("bucket", settings).ok());
  }
  std::vector<events::Event> Events() { return outbox_->Follow({}, 0, 1000).value(); }
  size_t FilesOnDisk() {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.folder))
      files += entry.is_regular_file() ? 1 : 0;
    return files;
  }

  std::string folder_;
  StoreOptions options_;
  ManualClock clock_{1'700'000'000'000'000};
  SeededRandom random_{7};
  std::unique_ptr<meta::Database> database_;
  std::unique_ptr<events::Outbox> outbox_;
  std::unique_ptr<Store> store_;
};

}  // namespace caudal::objects
