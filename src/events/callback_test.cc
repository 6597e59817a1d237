// What in-process subscribers can say: try again, give up, not now; and what can be asked for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/mutex.h"
#include "events/dispatcher.h"
#include "events/test_events.h"

namespace caudal::events {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class CallbackTest : public EventsFixture {
 protected:
  ~CallbackTest() override { dispatcher_.reset(); }

  struct Call {
    std::string object;
    int number = 0;
    bool replayed = false;
    bool operator==(const Call&) const = default;
  };

  void Start() {
    dispatcher_ = Dispatcher::Make(*db_, *outbox_, clock_, random_, {});
    Subscriber subscriber;
    subscriber.name = "one";
    subscriber.retry = {milliseconds(100), milliseconds(100), seconds(3600)};
    subscriber.target = [this](const Event& event, const Attempt& attempt, const Done& done) {
      Result<void> answer;
      {
        MutexLock lock(mutex_);
        calls_.push_back({event.object, attempt.number, attempt.replayed});
        if (error_) answer = MakeError(*error_, "as told");
      }
      done(answer);
    };
    ASSERT_TRUE(dispatcher_->Subscribe(subscriber).ok());
    if (held_) dispatcher_->Hold("one", true);
    ASSERT_TRUE(dispatcher_->Start().ok());
  }
  void Restart() {
    dispatcher_.reset();
    Reopen();
    Start();
  }
  void Answer(std::optional<ErrorKind> error) {
    MutexLock lock(mutex_);
    error_ = error;
  }
  std::vector<Call> Calls() {
    MutexLock lock(mutex_);
    return calls_;
  }
  void Put(const std::string& object) { Append("b", object, EventType::kFinalized); }
  size_t Open() { return dispatcher_->ListDeliveries(false, "", 100).value().size(); }
  size_t Dead() { return dispatcher_->ListDeliveries(true, "", 100).value().size(); }
  // Moves time until it holds.
  void WaitUntil(const std::function<bool()>& condition, milliseconds step = milliseconds(0)) {
    for (int i = 0; i < 4000 && !condition(); ++i) {
      clock_.Advance(step);
      dispatcher_->Poke();
      std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_TRUE(condition());
  }

  bool held_ = false;
  SeededRandom random_{1};
  std::unique_ptr<Dispatcher> dispatcher_;
  Mutex mutex_;
  std::optional<ErrorKind> error_ GUARDED_BY(mutex_);
  std::vector<Call> calls_ GUARDED_BY(mutex_);
};

TEST_F(CallbackTest, WhatNoRetryHelpsIsADeadLetterAtOnce) {
  Answer(ErrorKind::kInvalid);
  Start();
  Put("bad");
  WaitUntil([&] { return Dead() == 1; });
  EXPECT_THAT(Calls(), ElementsAre(Call{"bad", 1, false}));
  EXPECT_EQ(dispatcher_->ListDeliveries(true, "one", 1).value()[0].last_error, "as told");
  // Others go on.
  Answer(std::nullopt);
  Put("good");
  WaitUntil([&] { return Open() == 0; });
  EXPECT_EQ(Dead(), 1u);
}

TEST_F(CallbackTest, WhatMayPassIsTriedAgain) {
  Answer(ErrorKind::kTimeout);
  Start();
  Put("slow");
  WaitUntil([&] { return Calls().size() == 3; }, milliseconds(200));
  EXPECT_EQ(Calls()[2].number, 3);
  EXPECT_EQ(Dead(), 0u);
}

TEST_F(CallbackTest, WhatWasCancelledIsNoAttempt) {
  Answer(ErrorKind::kCancelled);
  Start();
  Put("later");
  WaitUntil([&] { return Calls().size() == 3; }, milliseconds(1000));
  EXPECT_THAT(Calls()[2], (Call{"later", 1, false}));
  EXPECT_EQ(dispatcher_->Stats()[0].failed_attempts, 0u);
  // The window hasn't begun either: it isn't dead after it.
  clock_.Advance(seconds(4000));
  Answer(ErrorKind::kUnavailable);
  WaitUntil([&] { return dispatcher_->Stats()[0].failed_attempts == 1; }, milliseconds(1000));
  EXPECT_EQ(Dead(), 0u);
  Answer(ErrorKind::kCancelled);
  Restart();
  Answer(std::nullopt);
  WaitUntil([&] { return Open() == 0; }, milliseconds(1000));
}

TEST_F(CallbackTest, WhileHeldEverythingWaits) {
  held_ = true;
  Start();
  Put("a");
  Put("b");
  WaitUntil([&] { return Open() == 2; });
  clock_.Advance(seconds(10));
  dispatcher_->Poke();
  EXPECT_TRUE(Calls().empty());
  dispatcher_->Hold("one", false);
  WaitUntil([&] { return Open() == 0; });
  EXPECT_EQ(Calls().size(), 2u);
}

TEST_F(CallbackTest, AnythingKeptCanBeDeliveredAgain) {
  Start();
  Put("done");
  WaitUntil([&] { return Open() == 0 && Calls().size() == 1; });
  const int64_t sequence = outbox_->LastSequence().value();
  const auto redeliver = [&](int64_t event) {
    return dispatcher_->Redeliver("one", event,
                                  [](meta::Tx& tx, const Event& told) -> Result<void> {
                                    EXPECT_EQ(told.object, "done");
                                    TRY(tx.Run("CREATE TABLE IF NOT EXISTS witness(x)"));
                                    return {};
                                  });
  };
  ASSERT_TRUE(redeliver(sequence).ok());
  WaitUntil([&] { return Open() == 0 && Calls().size() == 2; });
  EXPECT_THAT(Calls()[1], (Call{"done", 1, true}));
  EXPECT_TRUE(db_->Read().value().Prepare("SELECT x FROM witness").ok());
  EXPECT_EQ(redeliver(sequence + 1).error().code, "event.not_found");
  // Not twice at once; a dead letter too.
  dispatcher_->Hold("one", true);
  ASSERT_TRUE(redeliver(sequence).ok());
  EXPECT_EQ(redeliver(sequence).error().code, "event.in_delivery");
  Answer(ErrorKind::kInvalid);
  dispatcher_->Hold("one", false);
  WaitUntil([&] { return Dead() == 1; });
  Answer(std::nullopt);
  ASSERT_TRUE(redeliver(sequence).ok());
  WaitUntil([&] { return Dead() == 0 && Open() == 0; });
  EXPECT_EQ(Calls().size(), 4u);
}

}  // namespace
}  // namespace caudal::events
