"""Functions of every kind, run by the real functions-framework, with Google's own clients inside."""
import json
import pathlib
import re

import pytest
import requests
from support import functions as f
from support.webhook import WebhookReceiver


@pytest.mark.parametrize("make, first, second", [
    (f.python_function, "first_generation", "cloud_event"), (f.node_function, "firstGeneration", "cloudEvent")])
def test_both_generations_run_unmodified(start, make, first, second):
    server = start(f.config(first=make(first, more="environment: {GREETING: hello}" if make is f.python_function else ""),
                            second=make(second, "cloudevent")))
    f.wait_ready(server, "first")
    f.wait_ready(server, "second")
    # One after the other, since both write the same name.
    stored = f.upload(server, "a b/ñ.txt", "héllo")
    f.wait_idle(server, "second", 1)
    f.wait_idle(server, "first", 1)
    run = f.runs(server, "first")[0]
    assert run["status"] == "succeeded", run
    assert run["input"] == f"gs://in-bucket/a b/ñ.txt#{stored['generation']}"
    assert "read" in f.log(server, run)
    told = json.loads(f.read(server, "a b/ñ.txt.json"))
    assert told["text"] == "héllo"
    assert told["id"] == run["event"]
    assert told["type"] in ("google.storage.object.finalize", "google.cloud.storage.object.v1.finalized")


def test_the_context_of_the_first_generation(start):
    server = start(f.config(first=f.python_function("first_generation")))
    f.upload(server, "x.txt", "abc")
    f.wait_idle(server, "first", 1)
    told = json.loads(f.read(server, "x.txt.json"))
    assert told["type"] == "google.storage.object.finalize"
    assert told["resource"] == "projects/_/buckets/in-bucket/objects/x.txt"
    assert (told["name"], told["size"]) == ("x.txt", "3")


def test_pandas_reads_and_writes_buckets(start):
    server = start(f.config(frames=f.python_function("with_pandas")))
    f.wait_ready(server, "frames")
    f.upload(server, "t.csv", "a,b\n1,2\n3,4\n")
    run = f.wait_idle(server, "frames", 1)[0]
    assert run["status"] == "succeeded", f.log(server, run)
    assert f.read(server, "t.csv") == "a,b,total\n1,2,3\n3,4,7\n"
    assert run["duration_ms"] < 30_000, "gcsfs asked Google first"


def test_functions_work_where_keys_are_required(start):
    server = start("auth: {required: always}\n" + f.config(
        py=f.python_function("cloud_event", "cloudevent"), js=f.node_function("firstGeneration"),
        frames=f.python_function("with_pandas")))
    key = {"Authorization": "Bearer " + json.loads((server.folder / "data/run/server.json").read_text())["admin_token"]}
    assert server.get("/api/v1/functions").status_code == 401
    answer = requests.post(f"{server.url}/upload/storage/v1/b/in-bucket/o?uploadType=media&name=t.csv", data=b"a,b\n1,2\n",
                           headers=key, timeout=60)
    assert answer.status_code == 200

    def all_done():
        listed = server.get("/api/v1/runs", headers=key).json()["runs"]
        failed = [one for one in listed if one["status"] == "failed"]
        assert not failed, [server.get(f"/api/v1/runs/{one['id']}/logs", headers=key).text for one in failed]
        return sum(one["status"] == "succeeded" for one in listed) == 3

    f.wait_for(all_done, "the runs")


@pytest.mark.slow
@pytest.mark.parametrize("make, cases", [
    (f.python_function, {"raise": "HTTP 500: ValueError: no good", "exit": "broke off|ended with exit status",
                         "segfault": "broke off|ended with", "hang": "longer than its timeout of 3 s",
                         "eat": "more than its memory of 300 MiB", "fork": "processes; 64 are allowed"}),
    (f.node_function, {"raise": "HTTP 500: TypeError: no good", "exit": "HTTP 500: Error: Process exited with code 3",
                       "later": "RangeError: much later|broke off", "hang": "longer than its timeout of 3 s",
                       "spin": "longer than its timeout of 3 s", "eat": "more than its memory of 300 MiB|broke off|ended"}),
])
def test_what_misbehaves_is_contained(start, tmp_path, make, cases):
    server = start(f.config(bad=make("misbehave", more="timeout: 3s\n    memory: 300MiB", retry=f.ONCE)))
    f.wait_ready(server, "bad")
    for count, (what, error) in enumerate(cases.items(), 1):
        f.upload(server, f"{what}/x")
        f.wait_for(lambda: f.function(server, "bad")["dead"] == count, f"{what} to be a dead letter", timeout=120)
        run = f.runs(server, "bad")[0]
        assert run["status"] == "failed" and re.search(error, run["error"]), (what, run)
        # The next event is served.
        f.upload(server, f"good/after-{what}")
        f.wait_for(lambda: f.function(server, "bad")["pending"] == 0, f"the event after {what}")
        after = f.runs(server, "bad")[0]
        assert after["status"] == "succeeded" and "doing good" in f.log(server, after), (what, after)
    assert "doing raise" in f.log(server, next(one for one in f.runs(server, "bad") if "raise/" in one["input"]))
    dead = json.loads(server.cli("events", "dead", "--json").stdout)["deliveries"]
    assert {one["subscriber"] for one in dead} == {"function/bad"} and len(dead) == len(cases)
    assert server.get("/readyz").status_code == 200
    left = [path for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if b"sleep\x003600" in contents(path)]
    assert not left, "what the function started is still there"


def contents(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_failures_are_tried_again_and_replayed(start, tmp_path):
    server = start(f.config(flaky=f.python_function(
        "misbehave", more=f"environment: {{MARKERS: {tmp_path}}}", retry="{first: 20ms, max: 50ms, window: 60s}")))
    f.upload(server, "once/a")
    first, second = reversed(f.wait_idle(server, "flaky", 2))
    assert (first["status"], first["attempt"], second["status"], second["attempt"]) == ("failed", 1, "succeeded", 2)
    assert first["event"] == second["event"]
    assert "not at first" in f.log(server, first)
    # Once more, because somebody asks.
    server.cli("functions", "replay", str(second["id"]))
    third = f.wait_idle(server, "flaky", 3)[0]
    assert (third["trigger"], third["status"]) == ("replay", "succeeded")
    answer = server.request("POST", "/api/v1/functions/flaky/replay", json={"sequence": third["sequence"]})
    assert answer.json() == {"replayed": 1}
    f.wait_idle(server, "flaky", 4)
    assert server.request("POST", "/api/v1/functions/flaky/replay", json={}).status_code == 400
    assert server.request("POST", "/api/v1/runs/9999/replay").status_code == 404


def test_a_kill_in_the_middle_of_a_run(start, tmp_path):
    server = start(f.config(slow=f.python_function("misbehave", more=f"environment: {{MARKERS: {tmp_path}}}\n    timeout: 60s")))
    f.upload(server, "wait/a")
    f.wait_for((tmp_path / "waiting").exists, "the run to begin")
    workers = [one["pid"] for one in f.function(server, "slow")["facts"]["workers"]]
    server.kill()
    (tmp_path / "go").touch()
    server.start()
    listed = f.wait_idle(server, "slow", 2)
    assert [one["status"] for one in listed] == ["succeeded", "interrupted"]
    # A zombie, that nobody has waited for, has no command line.
    assert not any(contents(pathlib.Path(f"/proc/{pid}/cmdline")) for pid in workers)


def test_a_stop_ends_what_runs(start, tmp_path):
    server = start(f.config(slow=f.python_function("misbehave", more=f"environment: {{MARKERS: {tmp_path}}}\n    timeout: 60s")))
    f.upload(server, "wait/a")
    f.wait_for((tmp_path / "waiting").exists, "the run to begin")
    assert server.stop() == 0
    (tmp_path / "go").touch()
    server.start()
    listed = f.wait_idle(server, "slow", 2)
    # Cut short is not failed: it is the first attempt again.
    assert [(one["status"], one["attempt"]) for one in listed] == [("succeeded", 1), ("interrupted", 1)]


def test_long_output_is_kept_at_both_ends(start):
    server = start(f.config(chatty=f.python_function("misbehave")) + "runs: {log_bytes_max: 64KiB}\n")
    f.upload(server, "print/a")
    run = f.wait_idle(server, "chatty", 1)[0]
    text = f.log(server, run)
    assert text.startswith("doing print") and "line 99999" in text and "bytes are left out here" in text
    assert len(text) < 70_000


def test_http_functions_are_signed(start):
    answers = iter([500, 204])
    with WebhookReceiver(lambda one: next(answers)) as receiver:
        server = start(f"""
buckets: {{in-bucket: {{}}}}
functions:
  web:
    kind: http
    trigger: {{bucket: in-bucket, prefix: in/}}
    url: {receiver.url}
    secret: hunter2hunter2
    retry: {f.QUICK}
""")
        f.upload(server, "out/x")
        f.upload(server, "in/x")
        receiver.wait_for(lambda all_: len(all_) == 2)
        second, first = f.wait_idle(server, "web", 2)
        assert (first["status"], second["status"]) == ("failed", "succeeded")
        assert "HTTP 500" in first["error"]
        assert {one.id for one in receiver.deliveries} == {first["event"]}
        assert all(one.signed_with("hunter2hunter2") and one.object == "in/x" for one in receiver.deliveries)
        assert "hunter2" not in server.get("/api/v1/functions").text


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_deploys_into_private_environments(start, tmp_path):
    """Needs the package registries."""
    server = start(f"""
buckets: {{in-bucket: {{}}}}
functions:
  py: {{kind: python, trigger: {{bucket: in-bucket}}, source: {f.SOURCES}/deployed_python, target: f, signature: event}}
  js: {{kind: node, trigger: {{bucket: in-bucket}}, source: {f.SOURCES}/deployed_node, target: f, signature: event}}
""")
    f.upload(server, "early.txt")
    assert f.function(server, "py")["state"] == "deploying"
    for name, step in (("py", "$ pip install -r requirements.txt"), ("js", "$ npm install")):
        f.wait_for(lambda: f.function(server, name)["state"] != "deploying", f"{name} to be deployed", timeout=600)
        assert f.function(server, name)["state"] == "ready", f.function(server, name)["detail"]
        assert step in server.get(f"/api/v1/functions/{name}/deploy").text
    # Events waited meanwhile.
    assert "🌊 early.txt" in f.log(server, f.wait_idle(server, "py", 1)[0])
    assert "60000 early.txt" in f.log(server, f.wait_idle(server, "js", 1)[0])
    # What is in place is used at the next start.
    server.restart()
    f.wait_ready(server, "py")
    assert "pip install" not in server.get("/api/v1/functions/py/deploy").text
    done = server.cli("functions", "deploy", "js", timeout=600)
    assert "$ npm install" in done.stdout and "js is ready" in done.stdout
