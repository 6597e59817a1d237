"""Functions as their users have them: real frameworks, Google's clients, and programs that misbehave."""
import json
import os
import pathlib
import sys
import textwrap
import time

import pytest
from support.webhook import WebhookReceiver

PYTHON = f"""
  {{name}}:
    kind: python
    trigger: {{{{bucket: landing, prefix: "{{prefix}}"}}}}
    source: {{source}}
    target: {{target}}
    signature: {{signature}}
    interpreter: {json.dumps(sys.executable)}
    install: false
    timeout: {{timeout}}
    memory: {{memory}}
    retry: {{{{first: 50ms, max: 100ms, window: {{window}}}}}}
"""
GEN1 = """
    from google.cloud import storage

    def handle(data, context):
        client = storage.Client()
        text = client.bucket(data["bucket"]).blob(data["name"]).download_as_text()
        client.bucket("out").blob("gen1/" + data["name"]).upload_from_string(text.upper())
        print("event", context.event_id, context.event_type)
"""
GEN2 = """
    import functions_framework
    from google.cloud import storage

    @functions_framework.cloud_event
    def handle(event):
        storage.Client().bucket("out").blob("gen2/" + event.data["name"]).upload_from_string(event["id"])
        print("subject", event["subject"], event.data["size"])
"""
WILD = """
    import os, time

    def handle(data, context):
        name = data["name"]
        print("got " + name, flush=True)
        if "crash" in name:
            os._exit(7)
        if "hang" in name:
            time.sleep(600)
        if "eat" in name:
            eaten = []
            while True:
                eaten.append(bytearray(b"x") * (8 << 20))
        if "throw" in name:
            raise ValueError("no such thing as " + name)
"""
NODE = """
    const functions = require('@google-cloud/functions-framework');
    const {Storage} = require('@google-cloud/storage');
    functions.cloudEvent('handle', async event => {
      const storage = new Storage();
      await storage.bucket('out').file('node/' + event.data.name).save(event.id, {resumable: false});
      console.log('size', event.data.size);
    });
"""


def config(folder, functions):
    return "buckets: {landing: {}, out: {}}\nfunctions:" + functions


def python(folder, name, code, signature="event", target="handle", timeout="30s", memory="512MiB", window="0s"):
    source = folder / name
    source.mkdir()
    (source / "main.py").write_text(textwrap.dedent(code))
    return PYTHON.format(name=name, prefix=name + "/", source=json.dumps(str(source)), target=target,
                         signature=signature, timeout=timeout, memory=memory, window=window)


def wait(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def runs(server, name, count, ended=True):
    """Runs of a function, oldest first, once there are `count` that ended."""
    def there():
        got = server.get(f"/api/v1/runs?job={name}").json()["runs"]
        got = [run for run in got if run["status"] != "running" or not ended]
        return sorted(got, key=lambda run: run["id"]) if len(got) >= count else None
    return wait(there)


def ready(server, name):
    wait(lambda: server.get(f"/api/v1/functions/{name}").json()["state"] == "ready")


@pytest.mark.slow
def test_python_functions_of_both_generations(start, connect, tmp_path):
    server = start(config(tmp_path, python(tmp_path, "one", GEN1) +
                          python(tmp_path, "two", GEN2, signature="cloudevent")))
    client = connect(server.url)
    ready(server, "one"), ready(server, "two")
    client.bucket("landing").blob("one/é a.txt").upload_from_string("text")
    client.bucket("landing").blob("two/b").upload_from_string("12345")
    [one], [two] = runs(server, "one", 1), runs(server, "two", 1)
    assert (one["status"], two["status"]) == ("succeeded", "succeeded"), (one, two)
    assert client.bucket("out").blob("gen1/one/é a.txt").download_as_text() == "TEXT"
    [event] = server.get("/api/v1/events?bucket=landing&prefix=two/").json()["events"]
    assert client.bucket("out").blob("gen2/two/b").download_as_text() == event["id"]
    assert "google.storage.object.finalize" in server.get(f"/api/v1/runs/{one['id']}/logs").json()["text"]
    assert "subject objects/two/b 5" in server.cli("functions", "logs", "two").stdout
    # A success is not repeated by itself, only when somebody asks.
    server.restart()
    ready(server, "one")
    assert len(runs(server, "one", 1)) == 1
    server.cli("functions", "replay", str(one["id"]))
    assert [run["status"] for run in runs(server, "one", 2)] == ["succeeded"] * 2


@pytest.mark.slow
def test_a_node_function(start, connect, tmp_path):
    source = tmp_path / "node"
    source.mkdir()
    (source / "index.js").write_text(textwrap.dedent(NODE))
    (source / "package.json").write_text('{"name": "handle", "main": "index.js"}')
    cache = pathlib.Path(os.environ.get("CAUDAL_CACHE", pathlib.Path.home() / ".cache/caudal"))
    server = start(config(tmp_path, f"""
  node:
    kind: node
    trigger: {{bucket: landing}}
    source: {json.dumps(str(source))}
    target: handle
    install: false
    environment: {{NODE_PATH: {json.dumps(str(cache / "node/node_modules"))}}}
"""))
    client = connect(server.url)
    ready(server, "node")
    client.bucket("landing").blob("x").upload_from_string("123")
    [run] = runs(server, "node", 1)
    assert run["status"] == "succeeded", run
    [event] = server.get("/api/v1/events?bucket=landing").json()["events"]
    assert client.bucket("out").blob("node/x").download_as_text() == event["id"]
    assert "size 3" in server.cli("functions", "logs", "node").stdout


@pytest.mark.slow
@pytest.mark.parametrize("how, says", [
    ("crash", "the function's process"), ("hang", "timeout of 1 s"), ("eat", "memory"), ("throw", "no such thing")])
def test_a_wild_function_is_contained(start, connect, tmp_path, how, says):
    server = start(config(tmp_path, python(tmp_path, "wild", WILD, memory="200MiB",
                                           timeout="1s" if how == "hang" else "60s")))
    client = connect(server.url)
    ready(server, "wild")
    client.bucket("landing").blob("wild/" + how).upload_from_string("1")
    client.bucket("landing").blob("wild/fine").upload_from_string("1")
    got = {run["input"].split("/")[-1].split("#")[0]: run for run in runs(server, "wild", 2)}
    assert got[how]["status"] == "failed" and says in got[how]["error"], got[how]
    assert got["fine"]["status"] == "succeeded", got["fine"]
    assert "got wild/" + how in server.get(f"/api/v1/runs/{got[how]['id']}/logs").json()["text"]
    # No time to try again: a dead letter, which can be run again by hand.
    dead = wait(lambda: server.get("/api/v1/deliveries?state=dead").json()["deliveries"])
    assert [one["event"]["object"] for one in dead] == ["wild/" + how]
    if how == "throw":
        server.cli("functions", "replay", "wild", "--dead")
        assert len(runs(server, "wild", 3)) == 3


def test_a_function_behind_a_url(start, connect):
    answers = iter([503, 503, 204])
    with WebhookReceiver(answer=lambda delivery: next(answers)) as hook:
        server = start(config(None, f"""
  remote:
    kind: http
    trigger: {{bucket: landing, glob: "*.csv"}}
    url: {hook.url}
    secret: hunter2hunter2
    retry: {{first: 10ms, max: 20ms}}
"""))
        client = connect(server.url)
        client.bucket("landing").blob("a.csv").upload_from_string("1")
        client.bucket("landing").blob("a.txt").upload_from_string("1")
        got = runs(server, "remote", 3)
        assert [run["status"] for run in got] == ["failed", "failed", "succeeded"]
        assert [run["attempt"] for run in got] == [1, 2, 3]
        assert len({one.id for one in hook.deliveries}) == 1
        assert all(one.signed_with("hunter2hunter2") for one in hook.deliveries)


def test_a_loop_is_refused_at_start(start, tmp_path):
    server = start(config(tmp_path, ""))
    text = server.config_file.read_text() + python(tmp_path, "loop", GEN1) + '    writes: ["gs://landing/"]\n'
    server.config_file.write_text(text)
    done = server.cli("reload", check=False)
    assert done.returncode != 0 and "allow_loops" in done.stdout + done.stderr
