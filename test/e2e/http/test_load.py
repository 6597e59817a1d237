"""Idle, slow and busy clients all at once: nobody else suffers, and memory stays bounded."""
import os
import resource
import socket
import threading
import time

import pytest
import requests

pytestmark = pytest.mark.asan
SANITIZED = "asan" in os.environ.get("CAUDAL_BINARY", "")
MIB = 1 << 20


@pytest.fixture(autouse=True)
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect_raw(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def head(server, line, *more):
    """A request's head; the last header is followed by an empty line."""
    return "\r\n".join([line, f"Host: localhost:{server.port}", *more, "", ""]).encode()


def test_a_thousand_idle_and_fifty_busy_connections(start, connect):
    server = start("server: {idle_timeout: 5m}\n")
    connect(server.url).create_bucket("busy-bucket")
    before = server.rss_bytes()
    idle = [connect_raw(server) for _ in range(1000)]
    for one in idle[:500]:  # half of them have made a request
        one.sendall(head(server, "GET /healthz HTTP/1.1"))
    errors, done = [], []

    def work(number):
        body = os.urandom(64 << 10)
        try:
            with requests.Session() as session:
                for i in range(20):
                    name = f"{number}-{i % 5}"
                    put = session.post(f"{server.url}/upload/storage/v1/b/busy-bucket/o", timeout=120, data=body,
                                       params={"uploadType": "media", "name": name})
                    assert put.status_code == 200, put.text
                    got = session.get(f"{server.url}/storage/v1/b/busy-bucket/o/{name}?alt=media", timeout=120)
                    assert got.content == body
                    done.append(1)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(50)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors, errors[0]
    assert len(done) == 1000
    growth = server.rss_bytes() - before
    print(f"grew by {growth / MIB:.0f} MiB")
    if not SANITIZED:
        assert growth < 300 * MIB
    for one in idle[500:]:  # and the silent ones are still served
        one.sendall(head(server, "GET /healthz HTTP/1.1", "Connection: close"))
    for one in idle[500:]:
        assert one.recv(12) == b"HTTP/1.1 200"
    for one in idle:
        one.close()


def test_slow_headers_and_bodies_are_cut_and_hurt_nobody(start, connect):
    server = start("server: {header_timeout: 1s, body_timeout: 1s}\n")
    bucket = connect(server.url).create_bucket("slow-bucket")
    slow = []
    for i in range(300):
        one = connect_raw(server)
        if i % 2:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        else:
            one.sendall(head(server, "POST /upload/storage/v1/b/slow-bucket/o?uploadType=media&name=slow HTTP/1.1",
                             "Content-Length: 100000000") + b"abc")
        slow.append(one)
    started = time.monotonic()
    bucket.blob("fast").upload_from_string(b"x" * 100_000)
    assert bucket.blob("fast").download_as_bytes() == b"x" * 100_000
    assert time.monotonic() - started < 20
    for one in slow:  # each ends by itself: an answer (408) or a reset, then the end
        try:
            while one.recv(4096):
                pass
        except ConnectionResetError:
            pass
        one.close()
    assert bucket.get_blob("slow") is None


def test_drip_feeding_does_not_count_as_progress(start):
    """A header byte now and then keeps no connection alive: the time is for all of them together."""
    server = start("server: {header_timeout: 1s}\n")
    one = connect_raw(server)
    started = time.monotonic()
    try:
        for byte in b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 200:
            one.sendall(bytes([byte]))
            time.sleep(0.1)  # the drip is what is tested
    except (BrokenPipeError, ConnectionResetError):
        pass
    else:
        pytest.fail("the server listened to the end")
    assert time.monotonic() - started < 15


def test_readers_that_do_not_read(start, connect):
    server = start("server: {body_timeout: 2s}\n")
    bucket = connect(server.url).create_bucket("stuck-bucket")
    bucket.blob("big").upload_from_string(b"x" * (32 * MIB))
    before = server.rss_bytes()
    stuck = []
    for _ in range(100):
        one = connect_raw(server)
        one.sendall(head(server, "GET /storage/v1/b/stuck-bucket/o/big?alt=media HTTP/1.1"))
        stuck.append(one)
    assert all(one.recv(12) == b"HTTP/1.1 200" for one in stuck)
    assert bucket.blob("big").download_as_bytes(end=9) == b"x" * 10
    if not SANITIZED:
        assert server.rss_bytes() - before < 200 * MIB
    for one in stuck:
        one.close()


def test_more_connections_than_allowed(start):
    server = start("server: {connections_max: 50}\n")
    held = [connect_raw(server) for _ in range(50)]
    for one in held:
        one.sendall(head(server, "GET /healthz HTTP/1.1"))
        assert one.recv(12) == b"HTTP/1.1 200"
    extra = connect_raw(server)
    extra.sendall(head(server, "GET /healthz HTTP/1.1"))
    try:
        assert extra.recv(12) in (b"HTTP/1.1 503", b"")
    except ConnectionResetError:
        pass
    for one in held:
        one.close()
    extra.close()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if server.get("/healthz").status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.05)  # the server learns of closed connections in its own time
    pytest.fail("the server did not recover")


def test_large_uploads_do_not_live_in_memory(start, connect):
    server = start()
    bucket = connect(server.url).create_bucket("large-bucket")
    piece = os.urandom(MIB)
    before = server.rss_bytes()
    peak = [before]
    stop = threading.Event()

    def watch():
        while not stop.wait(0.05):
            peak[0] = max(peak[0], server.rss_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    uploads = [threading.Thread(target=lambda i=i: requests.post(
        f"{server.url}/upload/storage/v1/b/large-bucket/o", params={"uploadType": "media", "name": str(i)},
        data=(piece for _ in range(150)), timeout=200).raise_for_status()) for i in range(4)]
    for upload in uploads:
        upload.start()
    for upload in uploads:
        upload.join()
    stop.set()
    watcher.join()
    assert [one.size for one in bucket.list_blobs()] == [150 * MIB] * 4
    print(f"peak growth {(peak[0] - before) / MIB:.0f} MiB")
    if not SANITIZED:
        assert peak[0] - before < 400 * MIB
