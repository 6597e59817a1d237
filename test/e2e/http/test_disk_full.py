"""A full disk: uploads are refused clearly, reads go on, nothing acknowledged is lost, and it recovers by itself."""
import os

import pytest
import requests
from support.full_disk import SmallDisk, can_mount
from support.server import CaudalServer

pytestmark = [pytest.mark.asan, pytest.mark.skipif(not can_mount(), reason="needs root and loop devices")]
MIB = 1 << 20


def put(server, name, body):
    return requests.post(f"{server.url}/upload/storage/v1/b/full-bucket/o", data=body, timeout=60,
                         params={"uploadType": "media", "name": name})


def wait_for_space(server, seconds=60):
    """The server looks at the disk from time to time."""
    import time

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if put(server, "again", b"x" * 1000).status_code == 200:
            return
        time.sleep(0.1)
    raise AssertionError("uploads did not resume after space was freed")


def check_all(server, kept):
    for name, body in kept.items():
        answer = server.get(f"/storage/v1/b/full-bucket/o/{name}?alt=media")
        assert answer.status_code == 200, f"{name}: {answer.text}"
        assert answer.content == body, name


def test_uploads_stop_and_resume(tmp_path, connect):
    with SmallDisk(tmp_path, 160) as disk:
        with CaudalServer(disk.path / "data", "storage: {disk_reserve: 32MiB}\n") as server:
            connect(server.url).create_bucket("full-bucket")
            kept, refused = {}, 0
            for i in range(400):
                body = os.urandom(MIB if i % 2 else 3000)
                answer = put(server, f"o{i}", body)
                if answer.status_code == 200:
                    kept[f"o{i}"] = body
                    continue
                assert answer.status_code == 507, answer.text
                error = answer.json()["error"]
                assert "space" in error["message"] or "disk" in error["message"]
                refused += 1
                if refused == 20:
                    break
            assert refused == 20, "the disk never filled"
            assert disk.free_bytes() > 8 * MIB, "the reserve was used up"
            check_all(server, kept)
            # Deleting needs metadata only: it goes on, and makes room.
            for name in list(kept)[:60]:
                assert server.request("DELETE", f"/storage/v1/b/full-bucket/o/{name}").status_code == 204
                del kept[name]
            wait_for_space(server)
            check_all(server, kept)
            server.restart()
            check_all(server, kept)


def test_a_disk_filled_by_somebody_else(tmp_path, connect):
    with SmallDisk(tmp_path, 160) as disk:
        with CaudalServer(disk.path / "data", "storage: {disk_reserve: 32MiB}\n") as server:
            bucket = connect(server.url).create_bucket("full-bucket")
            kept = {"a": os.urandom(100_000)}
            assert put(server, "a", kept["a"]).status_code == 200
            begun = requests.post(f"{server.url}/upload/storage/v1/b/full-bucket/o?uploadType=resumable&name=r", timeout=30)
            half = os.urandom(MIB)
            at = requests.put(begun.headers["Location"], data=half, timeout=30,
                              headers={"Content-Range": f"bytes 0-{MIB - 1}/{2 * MIB}"})
            assert at.status_code == 308
            ballast = disk.fill(leave_bytes=64 << 10)
            import time

            deadline = time.monotonic() + 30
            while put(server, "b", b"x" * 200_000).status_code != 507:
                assert time.monotonic() < deadline
            rest = requests.put(begun.headers["Location"], data=half, timeout=30,
                                headers={"Content-Range": f"bytes {MIB}-{2 * MIB - 1}/{2 * MIB}"})
            assert rest.status_code in (507, 503)
            assert server.get("/healthz").status_code == 200
            check_all(server, kept)
            server.restart()
            check_all(server, kept)
            ballast.unlink()
            wait_for_space(server)
            where = requests.put(begun.headers["Location"], headers={"Content-Range": "bytes */*"}, timeout=30)
            assert where.status_code == 308
            start = int(where.headers["Range"].split("-")[1]) + 1 if "Range" in where.headers else 0
            assert start >= MIB, "acknowledged bytes of the upload were lost"
            whole = half + half
            done = requests.put(begun.headers["Location"], data=whole[start:], timeout=30,
                                headers={"Content-Range": f"bytes {start}-{2 * MIB - 1}/{2 * MIB}"})
            assert done.status_code == 200
            assert bucket.blob("r").download_as_bytes() == whole
            check_all(server, kept)
