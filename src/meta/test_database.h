// For meta's own tests: a database in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "meta/database.h"
#include "os/file.h"

namespace caudal::meta {

inline constexpr Migration kTestMigrations[] = {
    {"test", 1,
     "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER, note "
     "TEXT, body BLOB, CHECK (size <> -1)) STRICT;"
     "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES items(id) "
     "DEFERRABLE INITIALLY DEFERRED) STRICT"},
};

inline Result<void> Insert(Tx& tx, std::string_view name) {
  TRY(tx.Run("INSERT INTO items(name) VALUES (?)", name));
  return {};
}

inline int64_t Count(Connection& connection) {
  Statement q = connection.Prepare("SELECT count(*) FROM items").value();
  CAUDAL_CHECK(q.Step().value(), "count(*) has a row");
  return q.Int(0);
}

class DatabaseFixture : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::MakeDirs(dir_).ok());
    options_.path = dir_ + "/meta.db";
  }
  void TearDown() override {
    db_.reset();
    EXPECT_TRUE(os::RemoveTree(dir_).ok());
  }

  // Opens, or closes and opens again.
  void Open() {
    db_.reset();
    auto db = Database::Open(options_, kTestMigrations);
    ASSERT_TRUE(db.ok()) << db.error().message;
    db_ = std::move(db).value();
  }
  std::vector<std::string> Names() {
    ReadTx tx = db_->Read().value();
    Statement q = tx.Prepare("SELECT name FROM items ORDER BY id").value();
    std::vector<std::string> names;
    while (q.Step().value()) names.emplace_back(q.Text(0));
    return names;
  }

  const std::string dir_ = testing::TempDir() + "/meta-" + SystemRandom().Hex(6);
  DatabaseOptions options_;
  std::unique_ptr<Database> db_;
};

// Holds the writer inside a function, so that what is queued meanwhile becomes one batch.
class StalledWriter {
 public:
  explicit StalledWriter(Database& db) : db_(db) {
    // Shared with the writer thread, which may be the last to use them.
    auto running = std::make_shared<std::promise<void>>();
    std::shared_future<void> go = go_.get_future().share();
    db_.WriteAsync(
        [running, go](Tx& tx) -> Result<void> {
          running->set_value();
          go.wait();
          TRY(tx.Run("UPDATE items SET size = 0 WHERE id = -1"));
          return {};
        },
        [](const Result<void>&) {});
    running->get_future().wait();
  }
  ~StalledWriter() { Go(); }

  std::future<Result<void>> Queue(std::function<Result<void>(Tx&)> fn) {
    auto done = std::make_shared<std::promise<Result<void>>>();
    std::future<Result<void>> result = done->get_future();
    db_.WriteAsync(std::move(fn), [done](Result<void> r) { done->set_value(std::move(r)); });
    return result;
  }
  void Go() {
    if (!gone_) go_.set_value();
    gone_ = true;
  }

 private:
  Database& db_;
  std::promise<void> go_;
  bool gone_ = false;
};

}  // namespace caudal::meta
