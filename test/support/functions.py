"""Functions of a server: their configuration for tests, and waiting for what they do."""
import os
import pathlib
import time
from urllib.parse import quote

CACHE = pathlib.Path(os.environ.get("CAUDAL_CACHE", pathlib.Path.home() / ".cache/caudal"))
SOURCES = pathlib.Path(__file__).resolve().parents[1] / "e2e/functions"
QUICK = "{first: 20ms, max: 100ms, window: 2s}"
ONCE = "{first: 20ms, max: 100ms, window: 0}"


def python_function(target, signature="event", more="", retry=QUICK):
    """YAML of a Python function that runs on the tests' own packages: nothing is installed."""
    return f"""
    kind: python
    trigger: {{bucket: in-bucket}}
    source: {SOURCES}/python
    target: {target}
    signature: {signature}
    interpreter: {CACHE}/python/bin/python
    install: false
    retry: {retry}
    {more}
"""


def node_function(target, signature="event", more="", retry=QUICK):
    return f"""
    kind: node
    trigger: {{bucket: in-bucket}}
    source: {SOURCES}/node
    target: {target}
    signature: {signature}
    install: false
    environment: {{NODE_PATH: {CACHE}/node/node_modules}}
    retry: {retry}
    {more}
"""


def config(**functions):
    """A configuration with these functions and their buckets."""
    text = "buckets: {in-bucket: {}, out-bucket: {}}\nfunctions:\n"
    for name, function in functions.items():
        text += f"  {name.replace('_', '-')}:{function}"
    return text


def wait_for(condition, what="it", timeout=90):
    """Asks until the answer is true; returns it."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout} s for {what}")


def function(server, name):
    return server.get(f"/api/v1/functions/{name}").json()


def runs(server, name, status=None):
    """Newest first."""
    return server.get(f"/api/v1/runs?kind=function&job={name}" + (f"&status={status}" if status else "")).json()["runs"]


def log(server, run):
    return server.get(f"/api/v1/runs/{run['id']}/logs").json()["text"]


def wait_ready(server, name):
    def ready():
        now = function(server, name)
        assert now["state"] != "broken", now["detail"]
        return now["state"] == "ready"

    wait_for(ready, f"{name} to be ready")


def wait_idle(server, name, count):
    """Until `count` runs have ended and nothing is due; returns the runs, newest first."""
    def done():
        now = function(server, name)
        return now["pending"] == 0 and now["running"] == 0 and len(runs(server, name)) >= count

    wait_for(done, f"{count} runs of {name}")
    return runs(server, name)


def upload(server, name, text="text", bucket="in-bucket"):
    answer = server.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}",
                            data=text.encode())
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(server, name, bucket="out-bucket"):
    answer = server.request("GET", f"/{bucket}/{name}")
    assert answer.status_code == 200, answer.text
    return answer.text
