"""Ranges, conditions and the headers of downloads."""
import base64
import io

import google_crc32c
import pytest
import requests
from google.api_core import exceptions

DATA = bytes(range(256)) * 40


@pytest.fixture
def blob(bucket):
    one = bucket.blob("r/data.bin")
    one.upload_from_string(DATA)
    return one


@pytest.mark.parametrize("start, end", [(0, 0), (0, 99), (100, 199), (10_000, None), (10_239, 10_239), (5, 99_999)])
def test_ranges(blob, start, end):
    got = blob.download_as_bytes(start=start, end=end)
    assert got == DATA[start:None if end is None else end + 1]


def test_last_bytes_and_bad_ranges(server, bucket, blob):
    url = f"{server.url}/storage/v1/b/{bucket.name}/o/r%2Fdata.bin?alt=media"
    last = requests.get(url, headers={"Range": "bytes=-7"}, timeout=30)
    assert (last.status_code, last.content) == (206, DATA[-7:])
    assert last.headers["Content-Range"] == f"bytes {len(DATA) - 7}-{len(DATA) - 1}/{len(DATA)}"
    beyond = requests.get(url, headers={"Range": f"bytes={len(DATA)}-"}, timeout=30)
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(DATA)}"
    odd = requests.get(url, headers={"Range": "lines=1-2"}, timeout=30)
    assert (odd.status_code, odd.content) == (200, DATA)
    with pytest.raises(exceptions.RequestRangeNotSatisfiable):
        blob.download_as_bytes(start=len(DATA) + 5)


def test_chunked_download(bucket, blob):
    slow = bucket.blob("r/data.bin", chunk_size=256 << 10)
    out = io.BytesIO()
    slow.download_to_file(out)
    assert out.getvalue() == DATA
    with blob.open("rb", chunk_size=1000) as stream:
        stream.seek(300)
        assert stream.read(10) == DATA[300:310]
        assert stream.read() == DATA[310:]


def test_download_headers(server, bucket, blob):
    answer = requests.get(f"{server.url}/download/storage/v1/b/{bucket.name}/o/r%2Fdata.bin?alt=media", timeout=30)
    assert answer.content == DATA
    digest = base64.b64encode(google_crc32c.Checksum(DATA).digest()).decode()
    assert f"crc32c={digest}" in answer.headers["x-goog-hash"]
    assert f"md5={blob.md5_hash}" in answer.headers["x-goog-hash"]
    assert answer.headers["x-goog-generation"] == str(blob.generation)
    assert answer.headers["x-goog-metageneration"] == "1"
    assert answer.headers["x-goog-stored-content-length"] == str(len(DATA))
    assert answer.headers["x-goog-stored-content-encoding"] == "identity"
    assert answer.headers["x-goog-storage-class"] == "STANDARD"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"]


def test_links_lead_to_this_server(server, blob):
    assert blob.media_link.startswith(server.url + "/")
    assert blob.self_link.startswith(server.url + "/")
    assert requests.get(blob.media_link, timeout=30).content == DATA


def test_read_conditions(bucket, blob):
    assert blob.download_as_bytes(if_generation_match=blob.generation) == DATA
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("r/data.bin").download_as_bytes(if_generation_match=1)
    with pytest.raises(exceptions.NotModified):
        bucket.blob("r/data.bin").download_as_bytes(if_generation_not_match=blob.generation)
    with pytest.raises(exceptions.NotModified):
        bucket.get_blob("r/data.bin", if_metageneration_not_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("r/data.bin").reload(if_metageneration_match=2)


def test_etag_conditions(server, bucket, blob):
    url = f"{server.url}/storage/v1/b/{bucket.name}/o/r%2Fdata.bin?alt=media"
    etag = requests.get(url, timeout=30).headers["ETag"]
    assert requests.get(url, headers={"If-None-Match": etag}, timeout=30).status_code == 304
    assert requests.get(url, headers={"If-Match": '"other"'}, timeout=30).status_code == 412


def test_missing_objects(server, bucket):
    with pytest.raises(exceptions.NotFound):
        bucket.blob("none").download_as_bytes()
    assert bucket.get_blob("none") is None
    error = server.get(f"/storage/v1/b/{bucket.name}/o/none").json()["error"]
    assert error["code"] == 404
    assert error["errors"][0]["reason"] == "notFound"
    assert "none" in error["message"]
    lost = server.get("/storage/v1/b/no-such-bucket-here/o").json()["error"]
    assert "no-such-bucket-here" in lost["message"]


def test_a_reader_keeps_the_generation_it_began_with(server, bucket):
    big = b"a" * (24 << 20)
    bucket.blob("swap").upload_from_string(big)
    stream = requests.get(f"{server.url}/storage/v1/b/{bucket.name}/o/swap?alt=media", stream=True, timeout=60)
    got = stream.raw.read(1000)
    bucket.blob("swap").upload_from_string(b"b")
    bucket.blob("swap").delete()
    got += stream.raw.read()
    assert got == big
