"""Uploads that are cut, by the network and by the death of the server, and resumed."""
import hashlib
import base64
import io
import random
import threading

import pytest
import requests
from google.cloud.storage._media.requests import ResumableUpload
from support.cutting_proxy import CuttingProxy

MIB = 1 << 20
CHUNK = 8 * MIB
# The proxy has a port of its own, which clients name as the host.
PROXIED = "server: {allowed_hosts: [127.0.0.1]}\n"


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


@pytest.fixture(scope="module")
def data():
    return random.Random(7).randbytes(200 * MIB)


@pytest.mark.slow
def test_200_mb_through_a_bad_network(server, connect, bucket, data):
    """The client's own retries, unaided: four cuts in the middle of chunks."""
    with CuttingProxy(("127.0.0.1", server.port), cut_after=21 * MIB, cuts=4) as proxy:
        blob = connect(proxy.url).bucket(bucket.name).blob("big", chunk_size=CHUNK)
        blob.upload_from_file(io.BytesIO(data), size=len(data))
        assert proxy.cuts_made == 4
    assert bucket.get_blob("big").md5_hash == md5(data)
    digest = hashlib.md5()
    with bucket.blob("big").open("rb", chunk_size=32 * MIB) as stream:
        while piece := stream.read(32 * MIB):
            digest.update(piece)
    assert base64.b64encode(digest.digest()).decode() == md5(data)


@pytest.mark.slow
def test_200_mb_across_kills_of_the_server(start, connect, data):
    """The server is killed in the middle of a chunk, three times; the client goes on by itself."""
    server = start(PROXIED)
    connect(server.url).create_bucket("kill-bucket")
    with CuttingProxy(("127.0.0.1", server.port), cut_after=45 * MIB, cuts=3, on_cut=server.restart) as proxy:
        bucket = connect(proxy.url).bucket("kill-bucket")
        bucket.blob("big", chunk_size=CHUNK).upload_from_file(io.BytesIO(data), size=len(data))
        assert proxy.cuts_made == 3
    blob = connect(server.url).bucket("kill-bucket").get_blob("big")
    assert (blob.size, blob.md5_hash) == (len(data), md5(data))
    assert hashlib.md5(blob.download_as_bytes()).digest() == hashlib.md5(data).digest()


def test_recover_asks_where_the_upload_stands(start, connect, data):
    """As a client that lost everything but the upload's address does it."""
    data = data[:20 * MIB]
    server = start()
    client = connect(server.url)
    client.create_bucket("kill-bucket")
    upload = ResumableUpload(f"{server.url}/upload/storage/v1/b/kill-bucket/o?uploadType=resumable", 4 * MIB)
    stream = io.BytesIO(data)
    session = requests.Session()
    upload.initiate(session, stream, {"name": "r"}, "application/octet-stream", total_bytes=len(data))
    upload.transmit_next_chunk(session)
    upload.transmit_next_chunk(session)
    server.restart()
    assert client.bucket("kill-bucket").get_blob("r") is None, "an unfinished upload is visible"
    upload._make_invalid()
    upload.recover(session)
    assert upload.bytes_uploaded == 8 * MIB, "acknowledged bytes were lost"
    while not upload.finished:
        upload.transmit_next_chunk(session)
    assert client.bucket("kill-bucket").get_blob("r").md5_hash == md5(data)


class Session:
    """A resumable upload by hand."""

    def __init__(self, server, bucket, name, query="", **headers):
        answer = requests.post(f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name={name}{query}",
                               json={"contentType": "text/plain"}, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        self.url = answer.headers["Location"]

    def put(self, content_range, data=b"", method="PUT", **headers):
        return requests.request(method, self.url, data=data, headers={"Content-Range": content_range, **headers}, timeout=60)


def test_every_form_of_range(server, bucket):
    kib = 1 << 10
    data = bytes(range(256)) * 4 * 600  # 600 KiB
    session = Session(server, bucket, "ranges")
    empty = session.put("bytes */*")
    assert (empty.status_code, "Range" in empty.headers) == (308, False)
    first = session.put(f"bytes 0-{256 * kib - 1}/*", data[:256 * kib])
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{256 * kib - 1}")
    status = session.put(f"bytes */{len(data)}")
    assert (status.status_code, status.headers["Range"]) == (308, f"bytes=0-{256 * kib - 1}")
    assert bucket.get_blob("ranges") is None
    again = session.put(f"bytes 0-{512 * kib - 1}/{len(data)}", data[:512 * kib])  # half of it was there
    assert (again.status_code, again.headers["Range"]) == (308, f"bytes=0-{512 * kib - 1}")
    gap = session.put(f"bytes {560 * kib}-{len(data) - 1}/{len(data)}", data[560 * kib:])
    assert (gap.status_code, gap.headers["Range"]) == (308, f"bytes=0-{512 * kib - 1}"), "a gap was taken"
    status = session.put("bytes */*")
    assert status.headers["Range"] == f"bytes=0-{512 * kib - 1}"
    last = session.put(f"bytes {512 * kib}-{len(data) - 1}/{len(data)}", data[512 * kib:])
    assert last.status_code == 200
    assert last.json()["md5Hash"] == md5(data)
    after = session.put(f"bytes */{len(data)}")
    assert after.status_code == 200
    assert after.json()["name"] == "ranges"


def test_go_style_answers_without_308(server, bucket):
    session = Session(server, bucket, "go")
    answer = session.put(f"bytes 0-{(256 << 10) - 1}/*", b"x" * (256 << 10), **{"X-GUploader-No-308": "yes"})
    assert answer.status_code == 200
    assert answer.headers["X-Http-Status-Code-Override"] == "308"


def test_cancelled_upload(server, bucket):
    session = Session(server, bucket, "cancelled")
    session.put(f"bytes 0-{(256 << 10) - 1}/*", b"x" * (256 << 10))
    assert requests.delete(session.url, timeout=30).status_code == 499
    assert session.put("bytes */*").status_code in (404, 410, 499)
    assert bucket.get_blob("cancelled") is None


def test_preconditions_hold_until_the_end(server, bucket):
    session = Session(server, bucket, "race", "&ifGenerationMatch=0")
    bucket.blob("race").upload_from_string("faster")
    late = session.put("bytes 0-3/4", b"slow")
    assert late.status_code == 412
    assert bucket.blob("race").download_as_bytes() == b"faster"


def test_odd_chunks_are_refused(server, bucket):
    session = Session(server, bucket, "odd")
    assert session.put("bytes 0-999/*", b"x" * 1000).status_code == 400
    assert session.put("bytes 10-5/*", b"").status_code == 400
    assert session.put("bytes 0-10/5", b"x" * 11).status_code == 400
    assert session.put("lines 0-1/2", b"xx").status_code == 400


def test_unknown_upload(server, bucket):
    answer = requests.put(f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&upload_id=nope",
                          headers={"Content-Range": "bytes */*"}, timeout=30)
    assert answer.status_code in (404, 410)
    assert answer.json()["error"]["message"]


def test_killed_between_acknowledged_uploads(start, connect):
    """Four clients upload and overwrite; the server dies at some moment, five times over; nothing acknowledged is lost."""
    server = start()
    connect(server.url).create_bucket("kill-bucket")
    acknowledged, lock = {}, threading.Lock()
    seeded = random.Random(11)
    for round_ in range(5):
        stop = threading.Event()

        def work(worker, seed, stop=stop):
            mine = random.Random(seed)
            with requests.Session() as session:
                while not stop.is_set():
                    name, body = f"w{worker}/{mine.randrange(20)}", mine.randbytes(mine.choice([10, 5000, 200_000]))
                    try:
                        answer = session.post(f"{server.url}/upload/storage/v1/b/kill-bucket/o",
                                              params={"uploadType": "media", "name": name}, data=body, timeout=30)
                    except requests.RequestException:
                        with lock:
                            acknowledged.setdefault(name, []).append((None, md5(body)))
                        return
                    assert answer.status_code == 200, answer.text
                    with lock:
                        acknowledged.setdefault(name, []).append((answer.json()["generation"], md5(body)))

        workers = [threading.Thread(target=work, args=(i, seeded.random())) for i in range(4)]
        for worker in workers:
            worker.start()
        threading.Event().wait(0.1 + seeded.random())  # the moment of death is the point, not an event
        server.kill()
        stop.set()
        for worker in workers:
            worker.join()
        server.start()
        bucket = connect(server.url).bucket("kill-bucket")
        for name, history in acknowledged.items():
            blob = bucket.get_blob(name)
            certain = [one for one in history if one[0] is not None]
            if not certain and blob is None:
                continue
            assert blob is not None, f"{name} was acknowledged and is gone (round {round_})"
            # The last acknowledged, or one that was under way when the server died, after it.
            at = max((i for i, one in enumerate(history) if one[0] is not None), default=-1)
            assert blob.md5_hash in [one[1] for one in history[max(at, 0):]], f"{name} is not the last one (round {round_})"
            assert md5(blob.download_as_bytes()) == blob.md5_hash
            history[:] = [(str(blob.generation), blob.md5_hash)]
    server.kill()
    checked = server.cli("fsck", check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    server.start()
