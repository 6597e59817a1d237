"""Events as webhooks and notification configs deliver them."""
import collections
import itertools
import threading

import pytest
import requests
from google.api_core import exceptions
from support.webhook import WebhookReceiver


def of(deliveries, bucket):
    return [one for one in deliveries if one.bucket == bucket.name]


def test_every_change_is_told_in_order(hook, bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    blob = bucket.blob("life")
    blob.upload_from_string("1")
    first = blob.generation
    blob.metadata = {"k": "v"}
    blob.patch()
    second = bucket.blob("life")
    second.upload_from_string("22")
    bucket.blob("life").delete()
    bucket.delete_blob("life", generation=first)
    got = of(hook.wait_for(lambda all_: len(of(all_, bucket)) >= 6), bucket)
    kinds = [one.type for one in got]
    assert kinds[:2] == ["finalized", "metadataUpdated"]
    assert sorted(kinds[2:4]) == ["archived", "finalized"]  # of one change
    assert kinds[4:] == ["archived", "deleted"]
    assert len({one.id for one in got}) == 6
    done = got[0]
    assert done.signed_with("hunter2hunter2")
    assert not done.signed_with("other")
    assert done.headers["ce-specversion"] == "1.0"
    assert done.headers["ce-source"] == f"//storage.googleapis.com/projects/_/buckets/{bucket.name}"
    assert done.headers["ce-subject"] == "objects/life"
    assert done.headers["ce-type"] == "google.cloud.storage.object.v1.finalized"
    assert done.data["size"] == "1"
    assert done.data["generation"] == str(first)
    assert done.data["md5Hash"] == blob.md5_hash


def test_compose_copy_and_move_are_told(hook, bucket):
    bucket.blob("a").upload_from_string("a")
    bucket.blob("b").compose([bucket.blob("a")])
    bucket.copy_blob(bucket.blob("a"), bucket, "c")
    bucket.move_blob(bucket.blob("c"), "d")
    got = of(hook.wait_for(lambda all_: len(of(all_, bucket)) >= 5), bucket)
    assert sorted((one.type, one.object) for one in got) == [
        ("deleted", "c"), ("finalized", "a"), ("finalized", "b"), ("finalized", "c"), ("finalized", "d")]


def test_notification_configs(client, topic, bucket):
    config = bucket.notification("changes", topic_project="e2e-project", event_types=["OBJECT_FINALIZE"],
                                 blob_name_prefix="in/", custom_attributes={"team": "data"},
                                 payload_format="JSON_API_V1")
    config.create()
    assert config.notification_id
    assert [one.notification_id for one in bucket.list_notifications()] == [config.notification_id]
    again = bucket.get_notification(config.notification_id)
    assert (again.event_types, again.blob_name_prefix) == (["OBJECT_FINALIZE"], "in/")
    assert [one.topic_name for one in bucket.list_notifications()] == ["changes"]
    bucket.blob("out/x").upload_from_string("no")
    blob = bucket.blob("in/x")
    blob.upload_from_string("yes")
    bucket.blob("in/x").delete()
    bucket.blob("in/last").upload_from_string("2")
    got = of(topic.wait_for(lambda all_: {"in/x", "in/last"} <= {one.object for one in of(all_, bucket)}), bucket)
    assert [(one.type, one.object) for one in sorted(got, key=lambda one: one.attributes["eventTime"])] == [
        ("OBJECT_FINALIZE", "in/x"), ("OBJECT_FINALIZE", "in/last")]
    told = next(one for one in got if one.object == "in/x")
    assert told.attributes["objectGeneration"] == str(blob.generation)
    assert told.attributes["payloadFormat"] == "JSON_API_V1"
    assert told.attributes["team"] == "data"
    assert told.data["name"] == "in/x"
    config.delete()
    assert not list(bucket.list_notifications())
    with pytest.raises(exceptions.NotFound):
        bucket.get_notification(config.notification_id)


def test_failing_events_hold_back_their_object_only(start, connect):
    refuse = threading.Event()
    refuse.set()
    receiver = WebhookReceiver(lambda one: 500 if one.object == "bad" and refuse.is_set() else 200)
    server = start(f"""
events:
  subscribers:
    - name: flaky
      webhook: {receiver.url}
      retry: {{first: 20ms, max: 50ms}}
""")
    bucket = connect(server.url).create_bucket("events-bucket")
    for text in ("1", "22", "333"):
        bucket.blob("bad").upload_from_string(text)
    bucket.blob("good").upload_from_string("x")
    receiver.wait_for(lambda all_: any(one.object == "good" for one in all_))
    receiver.wait_for(lambda all_: sum(one.object == "bad" for one in all_) >= 3)
    tried = [one for one in receiver.deliveries if one.object == "bad"]
    assert len({one.id for one in tried}) == 1, "a later event overtook the failing one"
    refuse.clear()
    receiver.wait_for(lambda all_: any(one.object == "bad" and one.status == 200 and one.data["size"] == "3"
                                       for one in all_))
    done = [one.data["size"] for one in receiver.deliveries if one.object == "bad" and one.status == 200 and
            one.type == "finalized"]
    assert [size for size, _ in itertools.groupby(done)] == ["1", "2", "3"]
    receiver.close()


def test_events_survive_a_kill(start, connect):
    """Nobody listens while the objects are made; the server dies; then somebody does."""
    receiver = WebhookReceiver()
    port = int(receiver.url.split(":")[2].split("/")[0])
    receiver.close()
    server = start(f"""
events:
  subscribers:
    - name: late
      webhook: http://127.0.0.1:{port}/events
      retry: {{first: 50ms, max: 200ms}}
""")
    bucket = connect(server.url).create_bucket("events-bucket")
    made = [f"o{i}" for i in range(50)]
    for name in made:
        bucket.blob(name).upload_from_string(name)
    late = WebhookReceiver(port=port)
    server.restart()
    late.wait_for_objects(made, "finalized")
    ids = collections.defaultdict(set)
    for one in late.deliveries:
        ids[one.object].add(one.id)
    assert all(len(of_one) == 1 for of_one in ids.values()), "the id of an event changed between attempts"
    late.close()


def test_dead_letters_are_listed_and_replayed(start, connect):
    refuse = threading.Event()
    refuse.set()
    receiver = WebhookReceiver(lambda one: 503 if refuse.is_set() else 200)
    server = start(f"""
events:
  subscribers:
    - name: picky
      webhook: {receiver.url}
      retry: {{first: 5ms, max: 10ms, window: 100ms}}
""")
    connect(server.url).create_bucket("events-bucket").blob("x").upload_from_string("x")
    dead = []
    wait = threading.Event()
    for _ in range(300):
        dead = server.get("/api/v1/deliveries?state=dead").json()["deliveries"]
        if dead:
            break
        wait.wait(0.1)
    assert dead[0]["subscriber"] == "picky"
    assert "503" in dead[0]["last_error"]
    refuse.clear()
    before = len(receiver.deliveries)
    answer = requests.post(server.url + "/api/v1/deliveries/replay", json={"subscriber": "picky"}, timeout=30)
    assert answer.status_code // 100 == 2, answer.text
    receiver.wait_for(lambda all_: any(one.status == 200 for one in all_[before:]))
    receiver.close()
