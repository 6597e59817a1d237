"""A server with functions, and what its runs tell."""
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse

import memory
import servers

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/payments"


class FunctionServer(servers.Server):
    """Caudal with a configuration of ours, in `folder`."""
    name = "caudal"

    def __init__(self, folder, binary, config):
        self.binary = str(binary)
        self.config = pathlib.Path(f"{folder}.yaml")
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(f"data: {json.dumps(str(folder) + '-data')}\n{config}")
        super().__init__(folder)

    def command(self):
        return [self.binary, "up", "--config", str(self.config), "--listen", f"127.0.0.1:{self.port}"]

    def upload(self, bucket, name, path):
        """Streams a file; returns when it is durable."""
        connection = servers.http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        with open(path, "rb") as body:
            connection.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name="
                               + urllib.parse.quote(name, safe=""), body,
                               {"Content-Type": "text/csv", "Content-Length": str(os.path.getsize(path))})
            answer = connection.getresponse()
            text = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"upload of {name}: {answer.status} {text[:300]!r}")

    def get(self, path):
        return json.loads(self.request("GET", path))

    def download(self, bucket, name):
        return self.request("GET", f"/download/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, safe='')}?alt=media")

    def runs(self, function, limit=1000):
        return self.get(f"/api/v1/runs?kind=function&job={function}&limit={limit}")["runs"]

    def wait_ready(self, function, seconds=300):
        deadline = time.monotonic() + seconds
        while self.get(f"/api/v1/functions/{function}")["state"] != "ready":
            if time.monotonic() > deadline:
                raise RuntimeError(f"the function {function} isn't ready after {seconds} s")
            time.sleep(0.05)

    def wait_run(self, function, name, seconds=3600):
        """The run for the object `name`, once it has succeeded."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for run in self.runs(function, 20):
                if f"/{name}#" in run["input"] and run["status"] != "running":
                    if run["status"] != "succeeded":
                        log = self.get(f"/api/v1/runs/{run['id']}/logs")["text"]
                        raise RuntimeError(f"{function} {run['status']}: {run.get('error')}\n{log[-2000:]}")
                    return run
            time.sleep(0.02)
        raise RuntimeError(f"no run of {function} for {name} within {seconds} s")

    def watch(self):
        return memory.Watch(self.process.pid)


def python_with_packages():
    """An interpreter that has what the functions import, so that nothing is installed."""
    done = subprocess.run([sys.executable, "-c", "import duckdb, functions_framework, pandas, pyarrow"], stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{sys.executable} lacks packages of the benchmarks (scripts/setup bench): {done.stderr[-300:]}")
    return sys.executable
