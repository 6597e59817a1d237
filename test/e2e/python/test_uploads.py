"""Uploads in every form that Google's Python client has, and their checks."""
import base64
import gzip
import hashlib
import io
import json

import google_crc32c
import pytest
import requests
from google.api_core import exceptions


def crc32c(data):
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


@pytest.mark.parametrize("size", [0, 1, 4096, 131072, 131073, 3_000_000])
def test_multipart_upload_and_download(bucket, size):
    data = bytes(i * 31 % 251 for i in range(size % 1000)) * (size // max(1, size % 1000) + 1)
    data = data[:size].ljust(size, b"x")
    blob = bucket.blob("a/b.bin")
    blob.metadata = {"k": "v", "ключ": "значение"}
    blob.cache_control = "no-store"
    blob.upload_from_string(data, content_type="application/x-thing")
    assert blob.size == size
    assert blob.crc32c == crc32c(data)
    assert blob.md5_hash == md5(data)
    again = bucket.get_blob("a/b.bin")
    assert (again.size, again.content_type, again.cache_control) == (size, "application/x-thing", "no-store")
    assert again.metadata == {"k": "v", "ключ": "значение"}
    assert again.generation == blob.generation > 0
    assert again.metageneration == 1
    assert again.download_as_bytes() == data


@pytest.mark.parametrize("size", [256 << 10, (256 << 10) + 1, (1 << 20) - 1, 20 << 20])
def test_resumable_upload_in_chunks(bucket, size):
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    blob = bucket.blob("big.bin", chunk_size=max(256 << 10, (size // 4) // (256 << 10) * (256 << 10)))
    blob.upload_from_file(io.BytesIO(data), size=size, content_type="text/plain")
    assert blob.md5_hash == md5(data)
    assert bucket.get_blob("big.bin").content_type == "text/plain"
    assert bucket.blob("big.bin").download_as_bytes() == data


def test_resumable_upload_of_unknown_size(bucket):
    data = b"abc" * 300_000
    blob = bucket.blob("stream", chunk_size=256 << 10)
    with blob.open("wb", content_type="text/csv", chunk_size=256 << 10) as stream:
        for at in range(0, len(data), 70_000):
            stream.write(data[at:at + 70_000])
    again = bucket.get_blob("stream")
    assert again.md5_hash == md5(data)
    assert again.content_type == "text/csv"


def test_files_go_up_and_down(bucket, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("a,b\n1,2\n")
    bucket.blob("in.csv").upload_from_filename(str(source))
    bucket.blob("in.csv").download_to_filename(str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_bytes() == source.read_bytes()
    assert bucket.get_blob("in.csv").content_type == "text/csv"


@pytest.mark.parametrize("checksum", ["md5", "crc32c"])
def test_client_checksums_are_accepted(bucket, checksum):
    bucket.blob("c").upload_from_string(b"data" * 1000, checksum=checksum)
    assert bucket.blob("c").download_as_bytes(checksum=checksum) == b"data" * 1000


@pytest.mark.parametrize("wrong", [{"crc32c": crc32c(b"other")}, {"md5Hash": md5(b"other")}])
def test_wrong_checksum_leaves_nothing(server, bucket, wrong):
    parts = {"name": "bad", **wrong}
    body = (b'--xx\r\nContent-Type: application/json\r\n\r\n' + json.dumps(parts).encode() +
            b'\r\n--xx\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xx--')
    answer = requests.post(f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart", data=body,
                           headers={"Content-Type": "multipart/related; boundary=xx"}, timeout=30)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 400
    assert bucket.get_blob("bad") is None


def test_media_upload_by_header(server, bucket):
    answer = requests.post(f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=m%2F1",
                           data=b"hello", headers={"Content-Type": "text/x"}, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["name"] == "m/1"
    assert answer.json()["size"] == "5"
    assert bucket.blob("m/1").download_as_bytes() == b"hello"
    wrong = requests.post(f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=m2", data=b"hello",
                          headers={"Content-Type": "text/x", "x-goog-hash": "md5=" + md5(b"no")}, timeout=30)
    assert wrong.status_code == 400
    assert bucket.get_blob("m2") is None


def test_upload_preconditions(bucket):
    blob = bucket.blob("p")
    blob.upload_from_string(b"1", if_generation_match=0)
    first = blob.generation
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("p").upload_from_string(b"2", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("p", chunk_size=256 << 10).upload_from_file(io.BytesIO(b"3" * 600_000), if_generation_match=0)
    again = bucket.blob("p")
    again.upload_from_string(b"4", if_generation_match=first)
    assert again.generation > first
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("p").upload_from_string(b"5", if_generation_match=first)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("p").upload_from_string(b"5", if_metageneration_match=9)
    assert bucket.blob("p").download_as_bytes() == b"4"


NAMES = ["a/../b", "..", "a//b", "/lead", "trail/", "dir", "dir/file", "emoji-🦆", "100%2F", "a b+c&d=e?f#g", "o/x",
         "é" * 512, "x" * 1024, "tab\tname", "'\"<>;"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_just_a_name(bucket, name):
    from google.cloud.storage import Blob

    data = name.encode()
    if ".." not in name:  # urllib3 folds such paths: test_malformed sends those itself
        bucket.blob(name).upload_from_string(data)
        assert bucket.blob(name).download_as_bytes() == data
        assert bucket.get_blob(name).name == name
    else:
        blob = Blob(name, bucket)
        blob.upload_from_string(data)
    assert [one.name for one in bucket.list_blobs()] == [name]
    assert bucket.list_blobs().__next__().size == len(data)


@pytest.mark.parametrize("name", ["x" * 1025, "new\nline", "cr\r"])
def test_names_that_cloud_storage_refuses(bucket, name):
    with pytest.raises(exceptions.BadRequest):
        bucket.blob(name).upload_from_string(b"")


def test_gzip_is_decompressed_unless_accepted(server, bucket):
    text = b"hello " * 1000
    blob = bucket.blob("z")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(text), content_type="text/plain")
    assert bucket.blob("z").download_as_bytes() == text
    assert gzip.decompress(bucket.blob("z").download_as_bytes(raw_download=True)) == text
    url = f"{server.url}/storage/v1/b/{bucket.name}/o/z?alt=media"
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=30)
    assert plain.content == text
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["x-goog-stored-content-encoding"] == "gzip"
    packed = requests.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read(decode_content=False)) == text
