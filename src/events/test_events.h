// What the tests of events share.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/random.h"
#include "events/outbox.h"
#include "meta/database.h"

namespace caudal::events {

class EventsFixture : public testing::Test {
 protected:
  EventsFixture() {
    folder_ = std::filesystem::temp_directory_path() / ("caudal-events-" + SystemRandom().Hex(8));
    std::filesystem::create_directory(folder_);
    Reopen();
  }
  ~EventsFixture() override {
    DisarmFailpoints();
    outbox_.reset();
    db_.reset();
    std::filesystem::remove_all(folder_);
  }

  virtual void Reopen() {
    outbox_.reset();
    db_.reset();
    meta::DatabaseOptions options;
    options.path = folder_ / "meta.db";
    options.wal_bytes_initial = 0;
    auto db = meta::Database::Open(options, Outbox::Migrations());
    ASSERT_TRUE(db.ok()) << db.error().message;
    db_ = std::move(db).value();
    outbox_ = Outbox::Open(*db_, clock_, outbox_options_).value();
  }

  Event MakeEvent(const std::string& bucket, const std::string& object, EventType type,
                  std::string resource = "{}") {
    Event event;
    event.type = type;
    event.bucket = bucket;
    event.object = object;
    event.generation = 100;
    event.metageneration = 1;
    event.time = clock_.Now();
    event.resource = std::move(resource);
    return event;
  }
  void Append(const Event& event) {
    const Result<void> done = db_->Write([&](meta::Tx& tx) { return outbox_->Append(tx, event); });
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  void Append(const std::string& bucket, const std::string& object, EventType type,
              std::string resource = "{}") {
    Append(MakeEvent(bucket, object, type, std::move(resource)));
  }
  static std::vector<std::string> Objects(const std::vector<Event>& events) {
    std::vector<std::string> names;
    for (const Event& event : events) names.push_back(event.object);
    return names;
  }

  std::filesystem::path folder_;
  ManualClock clock_{1'800'000'000'000'000};
  OutboxOptions outbox_options_;
  std::unique_ptr<meta::Database> db_;
  std::unique_ptr<Outbox> outbox_;
};

}  // namespace caudal::events
