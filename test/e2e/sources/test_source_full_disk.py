"""A source whose server's disk is full: it waits, also over a restart, while what is there can be read."""
import time

import pytest
from support.full_disk import SmallDisk, can_mount
from support.server import CaudalServer

pytestmark = pytest.mark.skipif(not can_mount(), reason="needs root and loop devices")


def wait_until(holds, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_full_disk_is_waited_for(tmp_path, copied):
    shop = copied("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')", run=False)
    with SmallDisk(tmp_path, 160) as disk:
        shop.server = CaudalServer(disk.path / "server", "storage: {disk_reserve: 32MiB}\n" + shop.config())
        with shop.server:
            shop.wait()
            ballast = disk.fill(8 << 20)
            wait_until(lambda: shop.server.request("POST", "/upload/storage/v1/b/landing/o?uploadType=media&name=x", data=b"x").status_code == 507)
            shop.sql("INSERT INTO t VALUES (2, 'b')")
            shop.until(lambda status: status.get("error", {}).get("code") == "disk.full", "no error")
            shop.server.restart()
            assert shop.rows("SELECT id FROM raw_shop.t") == [[1]]
            shop.until(lambda status: status.get("error", {}).get("code") == "disk.full", "no error")
            ballast.unlink()
            shop.check()
