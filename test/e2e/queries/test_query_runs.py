"""Queries that fail, run long, are left alone or cancelled."""
import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import time

import requests
from support.server import binary

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b"


def ask(server, sql, **more):
    return requests.post(f"{server.url}/api/v1/query", json={"sql": sql, **more}, timeout=60)


def running(server, sql=None):
    """The queries that run; with `sql`, those of them. An earlier test's may still be ending."""
    queries = requests.get(f"{server.url}/api/v1/queries", timeout=10).json()["queries"]
    return [query for query in queries if sql in (None, query["sql"])]


@contextlib.contextmanager
def started(*command):
    """A client that runs; killed when the test ends before it."""
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        try:
            yield client
        finally:
            client.kill()


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def test_errors_before_the_first_row(server, space):
    for status, part, sql, more in [
            (400, "syntax", "SELEC 1", {}), (400, "'sql' is missing", "", {}), (404, "nothing", f"SELECT * FROM {space}.nothing", {}),
            (504, "engine.time", ENDLESS, {"timeout_ms": 200}), (400, "'format'", "SELECT 1", {"format": "xml"})]:
        answer = ask(server, sql, **more)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["code"] == status
        assert part in answer.text


def test_an_error_after_the_first_rows(server):
    sql = "SELECT (CASE WHEN i = 900000 THEN 'x' ELSE '1' END)::INTEGER AS a FROM range(1000000) t(i)"
    lost = "run it again to see it"  # DuckDB may tell of a thread that was stopped in place of the one that failed
    for _ in range(5):
        answer = ask(server, sql)
        last = json.loads(answer.text.splitlines()[-1])
        assert answer.status_code == 200
        if lost not in last["error"]["message"]:
            break
    assert "Could not convert" in last["error"]["message"]
    for name in ("csv", "arrow"):
        try:
            assert not ask(server, sql, format=name).content
        except requests.exceptions.ChunkedEncodingError:
            pass
    for name, part in [("jsonl", "Could not convert"), ("csv", "cut off"), ("table", "Could not convert")]:
        for _ in range(5):
            done = server.cli("query", sql, "--format", name, check=False)
            assert done.returncode == 1
            if lost not in done.stderr:
                break
        assert part in done.stderr


def test_a_client_that_leaves(server):
    with requests.post(f"{server.url}/api/v1/query", json={"sql": "SELECT i FROM range(1000000000) t(i)", "query_id": "left"}, stream=True,
                       timeout=60) as answer:
        next(answer.iter_content(1000))
        assert "left" in [query["id"] for query in running(server)]
    start = time.monotonic()
    wait_for(lambda: not running(server))
    assert time.monotonic() - start < 5
    try:
        requests.post(f"{server.url}/api/v1/query", json={"sql": ENDLESS}, timeout=0.5)
    except requests.exceptions.ReadTimeout:
        pass
    wait_for(lambda: not running(server), 5)


def test_memory_is_bounded(server):
    def resident():
        status = open(f"/proc/{server.process.pid}/status", encoding="utf-8").read()
        return int(status.split("VmRSS:")[1].split()[0])

    before = resident()
    total = 0
    with requests.post(f"{server.url}/api/v1/query", json={"sql": "SELECT i, i::VARCHAR || 'x' AS t FROM range(5000000) t(i)"}, stream=True,
                       timeout=120) as answer:
        for piece in answer.iter_content(1 << 20):
            total += len(piece)
    assert total > 100 << 20
    assert resident() - before < 64 << 10


def test_cancel_by_id(server):
    with started(binary(), "query", ENDLESS, "--config", server.config_file) as client:
        query = wait_for(lambda: running(server, ENDLESS))[0]
        assert requests.delete(f"{server.url}/api/v1/queries/{query['id']}", timeout=10).status_code == 200
        assert client.wait(30) == 1
    assert requests.delete(f"{server.url}/api/v1/queries/{query['id']}", timeout=10).status_code == 404


def test_control_c(server):
    with started(binary(), "query", ENDLESS, "--config", server.config_file) as client:
        wait_for(lambda: running(server, ENDLESS))
        client.send_signal(signal.SIGINT)
        assert client.wait(30) == 130
        assert client.stdout.read() == ""
    wait_for(lambda: not running(server), 5)


def test_readers_that_have_enough_and_full_disks(server):
    for name in ("csv", "jsonl", "table", "json"):
        command = [str(binary()), "query", "SELECT i FROM range(10000000) t(i)", "--format", name, "--config", str(server.config_file)]
        with started(*command) as client:
            client.stdout.read(10)
            client.stdout.close()
            assert client.wait(30) == 1
            assert client.stderr.read() == ""
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        assert done.returncode == 1
        assert "No space left" in done.stderr
    wait_for(lambda: not running(server), 5)


def test_parameters_and_input(server, space):
    def query(*arguments, **options):
        return server.cli("query", *arguments, "--format", "csv", **options).stdout.splitlines()[1:]

    assert query(f"SELECT text FROM {space}.everything WHERE id = $id", "--param", "id:int=4") == ["NULL"]
    assert query("SELECT $a, $b, $c, $d", "--param", "a=x=y", "--param", "b:float=1.5", "--param", "c:bool=true", "--param",
                 "d:null=") == ["x=y,1.5,true,"]
    done = subprocess.run([binary(), "query", "-", "--config", str(server.config_file)], input="SELECT 1 AS a -- of a file\n", text=True,
                          capture_output=True, check=True, timeout=60)
    assert done.stdout.split() == ["a", "1"]
    for wrong in (["SELECT 1", "--format", "xml"], ["SELECT $a", "--param", "a"], ["SELECT $a", "--param", "a:int=x"], [""]):
        assert server.cli("query", *wrong, check=False).returncode == 2
    assert "Examples" in server.run("query", "--help").stdout


def on_terminal(server, *arguments, columns=60):
    """Standard output and errors of the command on a terminal of that width."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    with subprocess.Popen([binary(), *arguments, "--config", str(server.config_file)], stdin=its, stdout=its, stderr=its,
                          env={**os.environ, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}) as client:
        os.close(its)
        out = b""
        while True:
            try:
                piece = os.read(mine, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            out += piece
        code = client.wait(30)
    os.close(mine)
    return code, out.decode().replace("\r\n", "\n")


def test_a_table_on_a_terminal(server):
    code, out = on_terminal(server, "query", "SELECT i AS n, repeat('ñ', 200) AS long, NULL AS nothing FROM range(9, 11) t(i)")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["n", "long", "nothing"]
    assert lines[1].startswith(" 9  ñññ") and lines[2].startswith("10  ñññ")
    assert all(len(line) <= 60 for line in lines)
    assert "…" in lines[1] and lines[1].endswith("NULL")
    assert lines[3].startswith("(2 rows, ")


def test_a_bar_on_a_terminal(server):
    sql = "SELECT count(*) AS n FROM range(200000) a, range(200000) b WHERE a.range + b.range = -1"
    code, out = on_terminal(server, "query", sql, "--timeout", "4")
    assert "%" in out and "[" in out
    assert code in (0, 1)
    code, _ = on_terminal(server, "query", "SELECT 1", "--format", "parquet")
    assert code == 2
