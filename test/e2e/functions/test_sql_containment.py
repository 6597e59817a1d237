"""SQL that goes wrong costs its own run: the server, its uploads and other runs go on meanwhile."""
import threading

import pytest
from support.runs import wait_for_dead_letter, wait_for_run
from support.server import CaudalServer

FUNCTION = """
  {name}:
    kind: sql
    trigger: {{bucket: landing, prefix: "{name}/"}}
    inputs: {{raw: {{uri: $event, format: csv, columns: {{id: text}}}}}}
    sql: "CREATE TABLE t AS {sql}"
    outputs: [{{table: t, uri: "gs://out/{{name}}.parquet"}}]
    retry: {{window: 0}}
    timeout: {timeout}
    memory: 100MB
    temp: 20MB
"""
# What it does, its timeout, and what the run's error says.
WILD = {
    "crash": ("SELECT caudal_test_break('crash') AS x FROM raw", "60s", "signal"),
    "abort": ("SELECT caudal_test_break('abort') AS x FROM raw", "60s", "signal"),
    "hang": ("SELECT caudal_test_break('hang') AS x FROM raw", "2s", "timeout|longer"),
    "hoard": ("SELECT caudal_test_break('hoard') AS x FROM raw", "60s", "memory"),
    "loop": ("SELECT count(*) AS x FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 9", "2s", "timeout|longer"),
    "memory": ("SELECT list(a.range) AS x FROM range(100000000) a", "60s", "memory"),
    "temp": ("SELECT a.range AS x, random() AS r FROM range(30000000) a ORDER BY r", "60s", "temp|memory"),
    "files": ("SELECT * FROM read_text('/etc/passwd')", "60s", "read_text"),
    "network": ("SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')", "60s", "read_csv"),
    "tame": ("SELECT id FROM raw", "60s", None),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    config = "buckets: {landing: {}, out: {}}\nfunctions:" + "".join(
        FUNCTION.format(name=name, sql=sql, timeout=timeout) for name, (sql, timeout, _) in WILD.items())
    with CaudalServer(tmp_path_factory.mktemp("containment"), config) as running:
        yield running


def upload(server, name):
    answer = server.request("POST", f"/upload/storage/v1/b/landing/o?uploadType=media&name={name}", data=b"id\n1\n")
    assert answer.status_code == 200, answer.text


class Uploads:
    """Goes on uploading within `with`; all must be answered."""

    def __init__(self, server):
        self.server, self.count, self.problem = server, 0, None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.done.is_set():
                upload(self.server, f"other/{self.count}")
                self.count += 1
        except Exception as problem:  # pylint: disable=broad-exception-caught
            self.problem = problem

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


@pytest.mark.parametrize("what", [name for name in WILD if name != "tame"])
def test_the_rest_goes_on(server, what):
    pid = server.process.pid
    with Uploads(server) as uploads:
        upload(server, f"{what}/x")
        # Another run, beside the wild one.
        upload(server, f"tame/beside-{what}")
        assert wait_for_run(server, "tame", f"tame/beside-{what}")["status"] == "succeeded"
        run = wait_for_run(server, what, f"{what}/x")
    assert run["status"] == "failed" and run["outputs"] == [], run
    assert any(word in run["error"] for word in WILD[what][2].split("|")), run["error"]
    assert uploads.problem is None and uploads.count > 0
    wait_for_dead_letter(server, f"{what}/x")
    upload(server, f"tame/after-{what}")
    assert wait_for_run(server, "tame", f"tame/after-{what}")["status"] == "succeeded"
    assert server.process.pid == pid and server.process.poll() is None
    assert server.get(f"/storage/v1/b/out/o/{what}%2Fx.parquet").status_code == 404
