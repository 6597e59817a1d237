"""Metadata, compose, copies, moves, batches, deletes."""
import datetime

import pytest
import requests
from google.api_core import exceptions


@pytest.fixture
def blob(bucket):
    one = bucket.blob("src.txt")
    one.metadata = {"a": "1", "b": "2"}
    one.upload_from_string("hello", content_type="text/plain")
    return one


def test_patch_merges_and_update_replaces(bucket, blob):
    blob.metadata = {"a": "9", "c": "3"}
    blob.content_language = "es"
    blob.patch()
    again = bucket.get_blob("src.txt")
    assert again.metadata == {"a": "9", "b": "2", "c": "3"}
    assert again.metageneration == 2
    assert again.generation == blob.generation
    again.metadata = {"b": None}
    again.patch()
    assert bucket.get_blob("src.txt").metadata == {"a": "9", "c": "3"}
    last = bucket.get_blob("src.txt")
    last.content_disposition = "inline"
    last.custom_time = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    last.update()
    last = bucket.get_blob("src.txt")
    assert (last.content_disposition, last.content_language) == ("inline", "es")
    assert last.custom_time.year == 2026
    assert last.updated > last.time_created


def test_patch_preconditions(bucket, blob):
    blob.content_language = "en"
    with pytest.raises(exceptions.PreconditionFailed):
        blob.patch(if_metageneration_match=5)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.patch(if_generation_match=5)
    blob.patch(if_metageneration_match=1, if_generation_match=blob.generation)
    assert bucket.get_blob("src.txt").content_language == "en"


def test_deletes(bucket, blob):
    with pytest.raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=3)
    blob.delete(if_generation_match=blob.generation)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("src.txt").delete()
    bucket.delete_blobs([bucket.blob("gone")], on_error=lambda _: None)


def test_compose(bucket):
    parts = []
    for i in range(5):
        part = bucket.blob(f"part-{i}")
        part.upload_from_string(f"<{i}>" * 1000)
        parts.append(part)
    whole = bucket.blob("whole")
    whole.content_type = "text/html"
    whole.compose(parts)
    assert whole.component_count == 5
    assert whole.md5_hash is None
    assert whole.crc32c
    assert whole.content_type == "text/html"
    assert bucket.blob("whole").download_as_bytes() == b"".join(f"<{i}>".encode() * 1000 for i in range(5))
    more = bucket.blob("whole")
    more.reload()
    more.compose([more, parts[0]], if_generation_match=more.generation)
    assert more.component_count == 6
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("whole").compose(parts[:2], if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("x").compose(parts[:2], if_source_generation_match=[parts[0].generation, 5])
    with pytest.raises(exceptions.NotFound):
        bucket.blob("x").compose([bucket.blob("missing")])
    with pytest.raises(exceptions.BadRequest):
        bucket.blob("x").compose([parts[0]] * 33)


def test_copy_and_rewrite(client, bucket, bucket_name, blob):
    other = client.create_bucket(bucket_name + "-b")
    copied = bucket.copy_blob(blob, other, "copy.txt")
    assert copied.download_as_bytes() == b"hello"
    assert copied.metadata == {"a": "1", "b": "2"}
    assert copied.content_type == "text/plain"
    assert copied.generation != blob.generation
    target = other.blob("rewritten.txt")
    target.content_type = "text/other"
    token, done, total = target.rewrite(blob)
    assert (token, done, total) == (None, 5, 5)
    assert other.get_blob("rewritten.txt").content_type == "text/other"
    with pytest.raises(exceptions.PreconditionFailed):
        other.blob("rewritten.txt").rewrite(blob, if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        other.blob("n").rewrite(blob, if_source_generation_match=4)
    with pytest.raises(exceptions.NotFound):
        other.blob("n").rewrite(bucket.blob("missing"))
    copied.update_storage_class("NEARLINE")
    assert other.get_blob("copy.txt").storage_class == "NEARLINE"


def test_rename_and_move(bucket, blob):
    renamed = bucket.rename_blob(blob, "renamed.txt")
    assert renamed.download_as_bytes() == b"hello"
    assert bucket.get_blob("src.txt") is None
    moved = bucket.move_blob(bucket.blob("renamed.txt"), "moved.txt")
    assert moved.download_as_bytes() == b"hello"
    assert [one.name for one in bucket.list_blobs()] == ["moved.txt"]
    with pytest.raises(exceptions.NotFound):
        bucket.move_blob(bucket.blob("missing"), "x")


def test_batch(client, bucket):
    for i in range(30):
        bucket.blob(f"n{i:02d}").upload_from_string("x")
    with client.batch():
        for i in range(20):
            bucket.blob(f"n{i:02d}").delete()
    assert len(list(bucket.list_blobs())) == 10
    with client.batch():
        for i in range(20, 30):
            one = bucket.blob(f"n{i:02d}")
            one.metadata = {"i": str(i)}
            one.patch()
    assert bucket.get_blob("n25").metadata == {"i": "25"}
    with pytest.raises(exceptions.NotFound):
        with client.batch():
            bucket.blob("n20").delete()
            bucket.blob("missing").delete()
    assert bucket.get_blob("n20") is None
    futures = []
    with client.batch(raise_exception=False) as batch:
        bucket.blob("n21").delete()
        bucket.blob("missing").delete()
    futures = [answer.status_code for answer in batch._responses]
    assert futures == [204, 404]


def test_objects_over_the_xml_api(server, bucket):
    url = f"{server.url}/{bucket.name}/x/y.txt"
    assert requests.put(url, data=b"by xml", headers={"x-goog-meta-k": "v"}, timeout=30).status_code == 200
    assert bucket.get_blob("x/y.txt").metadata == {"k": "v"}
    head = requests.head(url, timeout=30)
    assert head.headers["Content-Length"] == "6"
    assert head.headers["x-goog-meta-k"] == "v"
    part = requests.get(url, headers={"Range": "bytes=3-5"}, timeout=30)
    assert (part.status_code, part.content) == (206, b"xml")
    assert requests.delete(url, timeout=30).status_code == 204
    missing = requests.get(url, timeout=30)
    assert missing.status_code == 404
    assert b"<Code>NoSuchKey</Code>" in missing.content
