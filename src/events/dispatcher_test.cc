#include "events/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "data/digest.h"
#include "data/json.h"
#include "events/dispatcher_core.h"
#include "events/test_events.h"

namespace caudal::events {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// A subscriber in process that fails on command, and keeps what it got.
class Receiver {
 public:
  Callback callback() {
    return [this](const Event& event, const Attempt& attempt, Done done) {
      Take(event, attempt.number, done);
    };
  }
  // Objects in the order of their attempts: "a", failed ones "a!".
  std::vector<std::string> Attempts() {
    std::lock_guard lock(mutex_);
    return attempts_;
  }
  std::vector<std::string> WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(20), [&] { return attempts_.size() >= count; });
    return attempts_;
  }
  void Fail(const std::string& object, bool fail = true) {
    std::lock_guard lock(mutex_);
    failing_[object] = fail;
  }
  std::vector<int64_t> sequences() {
    std::lock_guard lock(mutex_);
    return sequences_;
  }
  std::vector<std::string> ids() {
    std::lock_guard lock(mutex_);
    return ids_;
  }
  int last_attempt() {
    std::lock_guard lock(mutex_);
    return last_attempt_;
  }

 private:
  void Take(const Event& event, int attempt, const Done& done) {
    bool fail = false;
    {
      std::lock_guard lock(mutex_);
      fail = failing_[event.object];
      attempts_.push_back(event.object + (fail ? "!" : ""));
      ids_.push_back(event.id);
      if (!fail) sequences_.push_back(event.sequence);
      last_attempt_ = attempt;
      changed_.notify_all();
    }
    done(fail ? Result<void>(MakeError(ErrorKind::kUnavailable, "told to fail")) : Result<void>());
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, bool> failing_;
  std::vector<std::string> attempts_;
  std::vector<std::string> ids_;
  std::vector<int64_t> sequences_;
  int last_attempt_ = 0;
};

class DispatcherTest : public EventsFixture {
 protected:
  ~DispatcherTest() override { dispatcher_.reset(); }

  void Start() {
    dispatcher_ = MakeDispatcher(*db_, *outbox_, clock_, random_, options_,
                                 [this](const http::ClientRequest& r) { return Post(r); });
    dispatcher_->SetTopics(topics_);
    for (const Subscriber& subscriber : subscribers_) {
      const Result<void> done = dispatcher_->Subscribe(subscriber);
      ASSERT_TRUE(done.ok()) << done.error().message;
    }
    ASSERT_TRUE(dispatcher_->Start().ok());
  }
  void Restart() {
    dispatcher_.reset();
    Reopen();
    Start();
  }
  void AddReceiver(const std::string& name, Receiver& receiver) {
    Subscriber subscriber;
    subscriber.name = name;
    subscriber.target = receiver.callback();
    subscriber.retry.window = seconds(3600);
    subscribers_.push_back(std::move(subscriber));
  }
  void Put(const std::string& object) { Append("b", object, EventType::kFinalized); }
  void Advance(milliseconds by) {
    clock_.Advance(by);
    dispatcher_->Poke();
  }
  // Until nothing is open, or what is open has been recorded as `attempts` failed ones.
  void WaitUntil(const std::function<bool()>& condition) {
    for (int i = 0; i < 4000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(5));
    EXPECT_TRUE(condition());
  }
  // The same, for what is tried again only after a second: the clock goes on while it waits, since
  // nobody can tell from outside whether the attempt that fails has failed yet.
  void AdvanceUntil(const std::function<bool()>& condition) {
    WaitUntil([&] {
      Advance(seconds(1));
      return condition();
    });
  }
  size_t Open() { return dispatcher_->ListDeliveries(false, "", 10'000).value().size(); }
  size_t Dead() { return dispatcher_->ListDeliveries(true, "", 10'000).value().size(); }
  void WaitRecorded(int attempts) {
    WaitUntil([&] {
      const auto open = dispatcher_->ListDeliveries(false, "", 10).value();
      return !open.empty() && open[0].attempts == attempts;
    });
  }
  virtual Result<http::ClientResponse> Post(const http::ClientRequest& request) {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    posted_.notify_all();
    http::ClientResponse response;
    response.status = status_;
    return response;
  }
  http::ClientRequest WaitForPost(size_t count = 1) {
    std::unique_lock lock(mutex_);
    posted_.wait_for(lock, seconds(20), [&] { return requests_.size() >= count; });
    if (requests_.size() < count) {
      ADD_FAILURE() << "no request came";
      return {};
    }
    return requests_[count - 1];
  }

  SeededRandom random_{7};
  DispatcherOptions options_;
  std::map<std::string, Webhook> topics_;
  std::vector<Subscriber> subscribers_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<http::ClientRequest> requests_;
  int status_ = 200;
};

TEST_F(DispatcherTest, DeliversAtTheCommitAndForgets) {
  Receiver receiver;
  AddReceiver("one", receiver);
  Start();
  Put("a");
  Put("b");
  EXPECT_THAT(receiver.WaitFor(2), ElementsAre("a", "b"));
  WaitUntil([&] { return Open() == 0; });
  Restart();
  Put("c");
  EXPECT_THAT(receiver.WaitFor(3), ElementsAre("a", "b", "c"));
  WaitUntil([&] { return dispatcher_->Stats().at(0).delivered == 1; });
}

TEST_F(DispatcherTest, CommittedBeforeTheStartIsDelivered) {
  Receiver receiver;
  AddReceiver("one", receiver);
  Start();
  dispatcher_->Stop(seconds(1));
  Put("a");
  dispatcher_.reset();
  Put("b");
  Start();
  EXPECT_THAT(receiver.WaitFor(2), ElementsAre("a", "b"));
}

TEST_F(DispatcherTest, FailureHoldsItsObjectBackAndNoOther) {
  Receiver receiver;
  Receiver other;
  AddReceiver("one", receiver);
  AddReceiver("two", other);
  receiver.Fail("bad");
  Start();
  Put("bad");
  Put("good");
  Put("bad");
  Put("good");
  EXPECT_THAT(receiver.WaitFor(3), ElementsAre("bad!", "good", "good"));
  EXPECT_THAT(other.WaitFor(4), ElementsAre("bad", "good", "bad", "good"));
  WaitUntil([&] { return Open() == 2; });
  WaitRecorded(1);
  // Not before half of `first`, not after `first`.
  Advance(milliseconds(4999));
  Put("later");
  EXPECT_THAT(receiver.WaitFor(4), ElementsAre("bad!", "good", "good", "later"));
  receiver.Fail("bad", false);
  Advance(milliseconds(5001));
  EXPECT_THAT(receiver.WaitFor(6), ElementsAre("bad!", "good", "good", "later", "bad", "bad"));
  const std::vector<int64_t> sequences = receiver.sequences();
  EXPECT_LT(sequences[sequences.size() - 2], sequences.back());
  WaitUntil([&] { return Open() == 0; });
}

TEST_F(DispatcherTest, IdsStayAndAttemptsCount) {
  Receiver receiver;
  AddReceiver("one", receiver);
  receiver.Fail("a");
  Start();
  Put("a");
  receiver.WaitFor(1);
  WaitRecorded(1);
  Advance(seconds(10));
  receiver.WaitFor(2);
  WaitRecorded(2);
  Restart();
  EXPECT_EQ(receiver.Attempts().size(), 2u);
  Advance(seconds(20));
  receiver.WaitFor(3);
  EXPECT_EQ(receiver.last_attempt(), 3);
  const std::vector<std::string> ids = receiver.ids();
  EXPECT_THAT(ids, ElementsAre(ids[0], ids[0], ids[0]));
}

TEST_F(DispatcherTest, DeadLettersUnblockAndComeBack) {
  Receiver receiver;
  AddReceiver("one", receiver);
  subscribers_[0].retry.window = seconds(30);
  receiver.Fail("a");
  Start();
  Put("a");
  Put("a");
  size_t attempts = 0;
  for (int i = 0; i < 20 && Dead() == 0; ++i) {
    receiver.WaitFor(++attempts);
    WaitUntil([&] {
      const auto open = dispatcher_->ListDeliveries(false, "", 1).value();
      return Dead() > 0 || (!open.empty() && open[0].attempts == static_cast<int>(attempts));
    });
    if (Dead() > 0) break;
    Advance(seconds(30));
  }
  ASSERT_GE(Dead(), 1u);
  const DeliveryInfo dead = dispatcher_->ListDeliveries(true, "one", 10).value().at(0);
  EXPECT_EQ(dead.event.sequence, 1);
  EXPECT_EQ(dead.last_error, "told to fail");
  EXPECT_TRUE(dead.dead);
  // The second went on by itself.
  WaitUntil([&] {
    const auto open = dispatcher_->ListDeliveries(false, "", 1).value();
    return !open.empty() && open[0].event.sequence == 2 && open[0].attempts == 1;
  });

  receiver.Fail("a", false);
  EXPECT_EQ(dispatcher_->Replay("other", 0).value(), 0);
  EXPECT_EQ(dispatcher_->Replay("one", 1).value(), 1);
  WaitUntil([&] { return !receiver.sequences().empty(); });
  EXPECT_EQ(receiver.sequences().at(0), 1);
  WaitUntil([&] { return Open() <= 1 && Dead() == 0; });
  Advance(seconds(30));
  WaitUntil([&] { return Open() == 0; });
  EXPECT_THAT(receiver.sequences(), ElementsAre(1, 2));
}

TEST_F(DispatcherTest, ReplaysSurviveARestartAndDeadLettersCanBeDropped) {
  Receiver receiver;
  AddReceiver("one", receiver);
  subscribers_[0].retry.window = seconds(0);
  receiver.Fail("a");
  receiver.Fail("b");
  Start();
  Put("a");
  Put("b");
  WaitUntil([&] { return Dead() == 2; });
  EXPECT_EQ(dispatcher_->DropDeadLetters("", 2).value(), 1);
  dispatcher_->Stop(seconds(1));
  EXPECT_EQ(dispatcher_->Replay("", 0).value(), 1);
  receiver.Fail("a", false);
  Restart();
  WaitUntil([&] { return Open() == 0 && Dead() == 0; });
  EXPECT_THAT(receiver.sequences(), ElementsAre(1));
}

TEST_F(DispatcherTest, OverflowStaysInTheDatabaseInOrder) {
  Receiver receiver;
  AddReceiver("one", receiver);
  options_.ready_max = 5;
  for (const char* object : {"a", "b", "c", "d"}) receiver.Fail(object);
  Start();
  for (int i = 0; i < 40; ++i) Put(std::string(1, static_cast<char>('a' + i % 4)));
  for (const char* object : {"a", "b", "c", "d"}) receiver.Fail(object, false);
  for (int i = 0; i < 200 && Open() > 0; ++i) {
    Advance(seconds(10));
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(Open(), 0u);
  std::map<int64_t, int64_t> last;
  const std::vector<int64_t> sequences = receiver.sequences();
  EXPECT_EQ(sequences.size(), 40u);
  for (const int64_t sequence : sequences) {
    EXPECT_LT(last[sequence % 4], sequence);
    last[sequence % 4] = sequence;
  }
}

TEST_F(DispatcherTest, OneFailingObjectDoesNotFillTheMemory) {
  Receiver receiver;
  AddReceiver("one", receiver);
  options_.ready_max = 10;
  receiver.Fail("bad");
  Start();
  for (int i = 0; i < 50; ++i) Put("bad");
  Put("good");
  WaitUntil([&] { return receiver.sequences() == std::vector<int64_t>{51}; });
  receiver.Fail("bad", false);
  Advance(seconds(10));
  WaitUntil([&] { return Open() == 0; });
  std::vector<int64_t> sequences = receiver.sequences();
  ASSERT_EQ(sequences.size(), 51u);
  EXPECT_TRUE(std::is_sorted(sequences.begin() + 1, sequences.end()));
}

TEST_F(DispatcherTest, WallClockJumpsNeitherStallNorHammer) {
  Receiver receiver;
  AddReceiver("one", receiver);
  receiver.Fail("a");
  Start();
  Put("a");
  receiver.WaitFor(1);
  WaitRecorded(1);
  const Micros day = 24ll * 3600 * 1'000'000;
  clock_.SetNow(clock_.Now() + 400 * day);
  dispatcher_->Poke();
  Put("b");
  EXPECT_THAT(receiver.WaitFor(2), ElementsAre("a!", "b"));
  // Two years back, and a restart: the next attempt is never farther than the longest wait.
  clock_.SetNow(clock_.Now() - 1200 * day);
  Restart();
  Put("c");
  EXPECT_THAT(receiver.WaitFor(3), ElementsAre("a!", "b", "c"));
  receiver.Fail("a", false);
  Advance(seconds(600));
  EXPECT_THAT(receiver.WaitFor(4), ElementsAre("a!", "b", "c", "a"));
}

TEST_F(DispatcherTest, RemovedSubscribersKeepTheirDeliveries) {
  Receiver receiver;
  AddReceiver("one", receiver);
  receiver.Fail("a");
  Start();
  Put("a");
  receiver.WaitFor(1);
  WaitRecorded(1);
  ASSERT_TRUE(dispatcher_->Replace("one", std::nullopt).ok());
  EXPECT_TRUE(dispatcher_->Replace("one", std::nullopt).error().Is(ErrorKind::kNotFound));
  Put("b");
  Advance(seconds(10));
  EXPECT_EQ(Open(), 1u);
  receiver.Fail("a", false);
  ASSERT_TRUE(dispatcher_->Replace("one", subscribers_[0]).ok());
  EXPECT_THAT(receiver.WaitFor(2), ElementsAre("a!", "a"));

  WaitUntil([&] { return Open() == 0; });
  receiver.Fail("a");
  Put("a");
  receiver.WaitFor(3);
  WaitRecorded(1);
  subscribers_.clear();
  Restart();
  Advance(seconds(10));
  EXPECT_EQ(dispatcher_->ListDeliveries(false, "one", 10).value().size(), 1u);
}

TEST_F(DispatcherTest, DeliversAgainWhatWasNotRecorded) {
  Receiver receiver;
  AddReceiver("one", receiver);
  Start();
  ASSERT_TRUE(ArmFailpoints("events.record=error").ok());
  Put("a");
  receiver.WaitFor(1);
  Restart();
  EXPECT_THAT(receiver.WaitFor(2), ElementsAre("a", "a"));
  DisarmFailpoints();
  AdvanceUntil([&] { return Open() == 0; });

  for (const char* failpoint : {"events.deliver.before", "events.deliver.after"}) {
    ASSERT_TRUE(ArmFailpoints(std::string(failpoint) + "=error").ok());
    Put("b");
    WaitRecorded(1);
    DisarmFailpoints();
    Advance(seconds(10));
    WaitUntil([&] { return Open() == 0; });
  }
}

TEST_F(DispatcherTest, PostsCloudEvents) {
  Subscriber subscriber;
  subscriber.name = "hook";
  subscriber.target = Webhook{.url = "http://127.0.0.1:1/x", .secret = "s3cret"};
  subscribers_.push_back(subscriber);
  Start();
  Append("b", "d\xC3\xADr/100% \"x\".txt", EventType::kFinalized, R"({"kind":"storage#object"})");
  const http::ClientRequest request = WaitForPost();
  EXPECT_EQ(request.method, http::Method::kPost);
  EXPECT_EQ(request.url, "http://127.0.0.1:1/x");
  const auto header = [&](const char* name) {
    return std::string(request.headers.Get(name).value_or("(none)"));
  };
  EXPECT_EQ(header("ce-specversion"), "1.0");
  EXPECT_EQ(header("ce-type"), "google.cloud.storage.object.v1.finalized");
  EXPECT_EQ(header("ce-source"), "//storage.googleapis.com/projects/_/buckets/b");
  EXPECT_EQ(header("ce-subject"), "objects/d%C3%ADr/100%25%20%22x%22.txt");
  EXPECT_EQ(header("ce-time"), "2027-01-15T08:00:00.000000Z");
  EXPECT_EQ(header("ce-bucket"), "b");
  EXPECT_EQ(header("ce-id"), outbox_->Follow({}, 0, 1).value()[0].id);
  EXPECT_EQ(header("caudal-attempt"), "1");
  EXPECT_EQ(request.body, R"({"kind":"storage#object"})");
  EXPECT_EQ(header("caudal-signature"),
            "t=1800000000,v1=" + EncodeHex(HmacSha256("s3cret", "1800000000." + request.body)));
  WaitUntil([&] { return Open() == 0; });
}

TEST_F(DispatcherTest, WebhooksThatDontSayOkAreRetried) {
  Subscriber subscriber;
  subscriber.name = "hook";
  subscriber.target = Webhook{.url = "http://127.0.0.1:1/x"};
  subscribers_.push_back(subscriber);
  status_ = 302;
  Start();
  Put("a");
  EXPECT_FALSE(WaitForPost().headers.Get("caudal-signature"));
  WaitRecorded(1);
  EXPECT_THAT(dispatcher_->ListDeliveries(false, "", 1).value()[0].last_error,
              HasSubstr("HTTP 302"));
  status_ = 204;
  Advance(seconds(10));
  EXPECT_EQ(WaitForPost(2).headers.Get("caudal-attempt"), "2");
  WaitUntil([&] { return Open() == 0; });
}

TEST_F(DispatcherTest, NotificationsArePushed) {
  topics_["t"] = Webhook{.url = "http://127.0.0.1:1/push", .form = Webhook::Form::kPubSubPush};
  Start();
  EXPECT_TRUE(dispatcher_->HasTopic("projects/p/topics/t"));
  EXPECT_FALSE(dispatcher_->HasTopic("projects/p/topics/u"));
  Notification n;
  n.bucket = "b";
  n.topic = "projects/p/topics/t";
  n.attributes = {{"colour", "blue"}};
  n = outbox_->CreateNotification(n).value();
  Event event = MakeEvent("b", "x", EventType::kFinalized, R"({"name":"x"})");
  event.overwrote_generation = 99;
  Append(event);
  const Json push = ParseJson(WaitForPost().body, "push").value();
  EXPECT_EQ(push["subscription"], "projects/p/subscriptions/t");
  const Json& message = push["message"];
  EXPECT_EQ(DecodeBase64(message["data"].get<std::string>()).value(), R"({"name":"x"})");
  EXPECT_EQ(message["messageId"], outbox_->Follow({}, 0, 1).value()[0].id);
  const Json wanted = {{"colour", "blue"},
                       {"eventType", "OBJECT_FINALIZE"},
                       {"bucketId", "b"},
                       {"objectId", "x"},
                       {"objectGeneration", "100"},
                       {"eventTime", "2027-01-15T08:00:00.000000Z"},
                       {"notificationConfig", "projects/_/buckets/b/notificationConfigs/1"},
                       {"payloadFormat", "JSON_API_V1"},
                       {"overwroteGeneration", "99"}};
  EXPECT_EQ(message["attributes"], wanted);
  WaitUntil([&] { return Open() == 0; });

  // A topic without an endpoint: kept, and tried again.
  n.topic = "projects/p/topics/gone";
  const Notification gone = outbox_->CreateNotification(n).value();
  Put("y");
  WaitRecorded(1);
  EXPECT_THAT(dispatcher_->ListDeliveries(false, "", 1).value()[0].last_error,
              HasSubstr("topics/gone"));
  ASSERT_TRUE(outbox_->DeleteNotification("b", gone.id).ok());
  Advance(seconds(60));
  WaitUntil([&] { return Open() == 0; });
}

TEST_F(DispatcherTest, PrunesWhatIsOldAndDone) {
  Receiver receiver;
  AddReceiver("one", receiver);
  outbox_options_.keep = std::chrono::hours(1);
  outbox_options_.events_max = 3;
  Reopen();
  receiver.Fail("a");
  Start();
  Put("a");
  for (const char* object : {"b", "c", "d", "e", "f"}) Put(object);
  receiver.WaitFor(6);
  WaitUntil([&] { return Open() == 1; });
  Advance(seconds(60));
  // The three newest, and the one that is still to be delivered.
  WaitUntil([&] { return outbox_->Follow({}, 0, 10).value().size() == 4; });
  EXPECT_THAT(Objects(outbox_->Follow({}, 0, 10).value()), ElementsAre("a", "d", "e", "f"));
  receiver.Fail("a", false);
  Advance(seconds(3600));
  WaitUntil([&] { return Open() == 0; });
  Advance(seconds(60));
  WaitUntil([&] { return outbox_->Follow({}, 0, 10).value().empty(); });
  EXPECT_EQ(outbox_->LastSequence().value(), 6);
}

TEST_F(DispatcherTest, ManyWritersManySubscribers) {
  Receiver one;
  Receiver two;
  AddReceiver("one", one);
  AddReceiver("two", two);
  options_.ready_max = 50;
  Start();
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) Put("o" + std::to_string(w) + "-" + std::to_string(i % 5));
    });
  for (std::thread& writer : writers) writer.join();
  one.WaitFor(200);
  two.WaitFor(200);
  WaitUntil([&] { return Open() == 0; });
  for (Receiver* receiver : {&one, &two}) {
    std::vector<int64_t> sequences = receiver->sequences();
    std::ranges::sort(sequences);
    EXPECT_EQ(sequences.size(), 200u);
    EXPECT_EQ(std::ranges::adjacent_find(sequences), sequences.end());
  }
}

TEST_F(DispatcherTest, RefusesBadSubscribers) {
  Start();
  Receiver receiver;
  Subscriber good;
  good.name = "ok";
  good.target = receiver.callback();
  EXPECT_TRUE(dispatcher_->Subscribe(good).ok());
  EXPECT_TRUE(dispatcher_->Subscribe(good).error().Is(ErrorKind::kAlreadyExists));
  const auto refused = [&](const std::function<void(Subscriber&)>& spoil) {
    Subscriber bad = good;
    bad.name = "bad";
    spoil(bad);
    const auto result = dispatcher_->Subscribe(bad);
    return !result.ok() && result.error().Is(ErrorKind::kInvalid);
  };
  EXPECT_TRUE(refused([](Subscriber& s) { s.name = "Upper"; }));
  EXPECT_TRUE(refused([](Subscriber& s) { s.name = "notification/b/1"; }));
  EXPECT_TRUE(refused([](Subscriber& s) { s.filter.glob = "["; }));
  EXPECT_TRUE(refused([](Subscriber& s) { s.concurrency = 0; }));
  EXPECT_TRUE(refused([](Subscriber& s) { s.target = Webhook{.url = "ftp://x"}; }));
  EXPECT_TRUE(refused([](Subscriber& s) { s.target = Callback(); }));
  EXPECT_TRUE(refused([](Subscriber& s) { s.retry.first = milliseconds(0); }));
}

}  // namespace
}  // namespace caudal::events
