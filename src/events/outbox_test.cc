#include "events/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/routes.h"
#include "events/test_events.h"

namespace caudal::events {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class OutboxTest : public EventsFixture {};

// Keeps what a dispatcher would get.
struct Recorder final : DeliverySink {
  void OnCommitted(std::shared_ptr<const Event> event,
                   const std::vector<RoutePtr>& matched) override {
    for (const RoutePtr& route : matched)
      got.push_back(route->subscriber + ":" + event->object + "#" +
                    std::to_string(event->sequence));
  }
  void OnNotificationRemoved(const std::string& subscriber) override { removed = subscriber; }
  std::vector<std::string> got;
  std::string removed;
};

TEST_F(OutboxTest, KeepsEventsInOrder) {
  Append("b", "one", EventType::kFinalized, R"({"a":1})");
  Event second = MakeEvent("b", "two", EventType::kArchived);
  second.overwritten_by_generation = 7;
  Append(second);
  Append("c", "three", EventType::kDeleted);
  const std::vector<Event> all = outbox_->Follow({}, 0, 10).value();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].sequence, 1);
  EXPECT_EQ(all[0].resource, R"({"a":1})");
  EXPECT_EQ(all[1].overwritten_by_generation, 7);
  EXPECT_FALSE(all[1].overwrote_generation);
  EXPECT_EQ(all[2].type, EventType::kDeleted);
  EXPECT_EQ(outbox_->LastSequence().value(), 3);

  EXPECT_THAT(Objects(outbox_->List({}, 0, 2).value()), ElementsAre("three", "two"));
  EXPECT_THAT(Objects(outbox_->List({}, 2, 2).value()), ElementsAre("one"));
  Filter filter;
  filter.bucket = "b";
  filter.glob = "t*";
  EXPECT_THAT(Objects(outbox_->List(filter, 0, 10).value()), ElementsAre("two"));
  filter.types = {EventType::kDeleted};
  EXPECT_THAT(outbox_->Follow(filter, 0, 10).value(), IsEmpty());
  filter.glob = "[";
  EXPECT_TRUE(outbox_->List(filter, 0, 10).error().Is(ErrorKind::kInvalid));
}

TEST_F(OutboxTest, IdsTellEventsApartAndNothingElse) {
  const Event event = MakeEvent("b", "one", EventType::kFinalized);
  Append(event);
  Append(event);
  Event other = event;
  other.metageneration = 2;
  Append(other);
  const std::vector<Event> all = outbox_->Follow({}, 0, 10).value();
  EXPECT_EQ(all[0].id, all[1].id);
  EXPECT_NE(all[0].id, all[2].id);
  EXPECT_EQ(all[0].id.size(), 32u);
}

TEST_F(OutboxTest, UndoneWithTheChange) {
  const Result<void> undone = db_->Write([&](meta::Tx& tx) -> Result<void> {
    TRY(outbox_->Append(tx, MakeEvent("b", "one", EventType::kFinalized)));
    return MakeError(ErrorKind::kConflict, "no");
  });
  EXPECT_FALSE(undone.ok());
  EXPECT_THAT(outbox_->Follow({}, 0, 10).value(), IsEmpty());
}

TEST_F(OutboxTest, NotificationsAreSubscribers) {
  Recorder sink;
  outbox_->routes().SetSink(&sink);
  Notification wanted;
  wanted.bucket = "b";
  wanted.topic = "//pubsub.googleapis.com/projects/p/topics/t";
  wanted.types = {EventType::kFinalized};
  wanted.object_name_prefix = "in/";
  wanted.attributes = {{"colour", "blue"}};
  const Notification made = outbox_->CreateNotification(wanted).value();
  EXPECT_EQ(made.topic, "projects/p/topics/t");
  Append("b", "in/x", EventType::kFinalized);
  Append("b", "in/x", EventType::kDeleted);
  Append("b", "out/x", EventType::kFinalized);
  Append("c", "in/x", EventType::kFinalized);
  EXPECT_THAT(sink.got, ElementsAre("notification/b/1:in/x#1"));

  Reopen();
  outbox_->routes().SetSink(&sink);
  const Notification kept = outbox_->GetNotification("b", made.id).value();
  EXPECT_EQ(kept.attributes, wanted.attributes);
  EXPECT_EQ(kept.types, wanted.types);
  EXPECT_TRUE(kept.json_payload);
  Append("b", "in/y", EventType::kFinalized);
  EXPECT_EQ(sink.got.size(), 2u);

  EXPECT_TRUE(outbox_->DeleteNotification("c", made.id).error().Is(ErrorKind::kNotFound));
  ASSERT_TRUE(outbox_->DeleteNotification("b", made.id).ok());
  EXPECT_EQ(sink.removed, "notification/b/1");
  Append("b", "in/z", EventType::kFinalized);
  EXPECT_EQ(sink.got.size(), 2u);
  // An id isn't used again: old deliveries would go to the wrong topic.
  EXPECT_EQ(outbox_->CreateNotification(wanted)->id, "2");
  ASSERT_TRUE(db_->Write([&](meta::Tx& tx) { return outbox_->ForgetBucket(tx, "b"); }).ok());
  EXPECT_THAT(outbox_->ListNotifications("b").value(), IsEmpty());
  outbox_->routes().SetSink(nullptr);
}

TEST_F(OutboxTest, RefusesBadNotifications) {
  Notification n;
  n.bucket = "b";
  for (const char* topic : {"", "t", "projects//topics/t", "projects/p/topics/", "projects/p"}) {
    n.topic = topic;
    EXPECT_TRUE(outbox_->CreateNotification(n).error().Is(ErrorKind::kInvalid)) << topic;
  }
}

}  // namespace
}  // namespace caudal::events
