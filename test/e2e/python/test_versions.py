"""Versioning, soft delete, holds, retention, lifecycle."""
import datetime
import time

import pytest
from google.api_core import exceptions

UTC = datetime.timezone.utc


def test_old_generations_stay_readable(bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    first = bucket.blob("v")
    first.upload_from_string("one")
    second = bucket.blob("v")
    second.upload_from_string("two")
    assert bucket.blob("v").download_as_bytes() == b"two"
    assert bucket.blob("v", generation=first.generation).download_as_bytes() == b"one"
    bucket.blob("v").delete()
    assert bucket.get_blob("v") is None
    assert bucket.blob("v", generation=second.generation).download_as_bytes() == b"two"
    restored = bucket.copy_blob(bucket.blob("v"), bucket, "v", source_generation=first.generation)
    assert restored.download_as_bytes() == b"one"
    bucket.delete_blob("v", generation=first.generation)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("v", generation=first.generation).download_as_bytes()


def test_soft_deleted_objects_are_restored(client, bucket_name):
    bucket = client.bucket(bucket_name)
    bucket.soft_delete_policy.retention_duration_seconds = 7 * 86400
    bucket.create()
    blob = bucket.blob("s")
    blob.upload_from_string("keep me")
    blob.delete()
    assert bucket.get_blob("s") is None
    gone = list(bucket.list_blobs(soft_deleted=True))
    assert [(one.name, one.generation) for one in gone] == [("s", blob.generation)]
    assert gone[0].soft_delete_time is not None
    assert gone[0].hard_delete_time - gone[0].soft_delete_time == datetime.timedelta(days=7)
    found = bucket.get_blob("s", generation=blob.generation, soft_deleted=True)
    assert found.size == 7
    restored = bucket.restore_blob("s", generation=blob.generation)
    assert restored.generation > blob.generation
    assert bucket.blob("s").download_as_bytes() == b"keep me"


@pytest.mark.parametrize("hold", ["temporary_hold", "event_based_hold"])
def test_held_objects_stay(bucket, hold):
    blob = bucket.blob("h")
    blob.upload_from_string("1")
    setattr(blob, hold, True)
    blob.patch()
    with pytest.raises(exceptions.Forbidden):
        bucket.blob("h").delete()
    with pytest.raises(exceptions.Forbidden):
        bucket.blob("h").upload_from_string("2")
    setattr(blob, hold, False)
    blob.patch()
    bucket.blob("h").delete()


def test_default_event_based_hold(bucket):
    bucket.default_event_based_hold = True
    bucket.patch()
    blob = bucket.blob("h")
    blob.upload_from_string("1")
    assert bucket.get_blob("h").event_based_hold is True


def test_retention_policy(client, bucket):
    bucket.retention_period = 3600
    bucket.patch()
    blob = bucket.blob("r")
    blob.upload_from_string("1")
    again = bucket.get_blob("r")
    assert again.retention_expiration_time - again.time_created == datetime.timedelta(hours=1)
    with pytest.raises(exceptions.Forbidden):
        again.delete()
    with pytest.raises(exceptions.Forbidden):
        bucket.blob("r").upload_from_string("2")
    bucket.retention_period = None
    bucket.patch()
    bucket.blob("r").delete()


def test_locked_retention_only_grows(client, bucket):
    bucket.retention_period = 100
    bucket.patch()
    bucket.lock_retention_policy()
    assert client.get_bucket(bucket.name).retention_policy_locked
    bucket.reload()
    bucket.retention_period = 50
    with pytest.raises(exceptions.Forbidden):
        bucket.patch()
    bucket.reload()
    bucket.retention_period = 200
    bucket.patch()
    assert client.get_bucket(bucket.name).retention_period == 200


def test_object_retention(client, bucket_name):
    bucket = client.create_bucket(bucket_name, enable_object_retention=True)
    blob = bucket.blob("r")
    blob.upload_from_string("1")
    blob.retention.mode = "Unlocked"
    blob.retention.retain_until_time = datetime.datetime.now(UTC) + datetime.timedelta(hours=1)
    blob.patch()
    with pytest.raises(exceptions.Forbidden):
        bucket.blob("r").delete()
    blob.retention.mode = None
    blob.retention.retain_until_time = None
    blob.patch(override_unlocked_retention=True)
    bucket.blob("r").delete()


@pytest.mark.slow
def test_lifecycle_removes_old_versions(start, connect):
    """The rule acts by itself, at the interval that the configuration sets."""
    server = start("storage: {lifecycle_interval: 200ms}\n")
    client = connect(server.url)
    bucket = client.bucket("lifecycle-bucket")
    bucket.versioning_enabled = True
    bucket.add_lifecycle_delete_rule(number_of_newer_versions=2, is_live=False)
    bucket.create()
    for text in "abcd":
        bucket.blob("v").upload_from_string(text)
    bucket.blob("other").upload_from_string("x")
    deadline = time.monotonic() + 60
    while len(list(bucket.list_blobs(versions=True))) > 3 and time.monotonic() < deadline:
        time.sleep(0.1)  # lifecycle deletions can only be seen by looking
    left = [(one.name, one.download_as_bytes()) for one in bucket.list_blobs(versions=True)]
    assert left == [("other", b"x"), ("v", b"c"), ("v", b"d")]
