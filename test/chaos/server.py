"""The program under test: started with failpoints armed or not, killed, stopped, checked."""
import contextlib
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import time

from oracle import Violation
from pauses import Deadline
from receiver import SECRET

CONFIG = """\
# Written by the crash loop.
platform: {{name: chaos}}
data: {data}
server: {{listen: "127.0.0.1:{port}"}}
storage: {{disk_reserve: 16MiB, maintenance_interval: 700ms}}
log: {{level: warning, file: {log}}}
"""


def subscriber(receiver_port):
    """A part of the configuration: the receiver gets all events."""
    return f"""\
events:
  subscribers:
    - name: chaos
      webhook: http://127.0.0.1:{receiver_port}/
      secret: {SECRET}
      timeout: 2s
      retry: {{first: 40ms, max: 300ms}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, binary, folder, data, more=""):
        """`more`: what the configuration says beside the usual."""
        self.binary, self.folder = str(binary), pathlib.Path(folder)
        self.port = free_port()
        self.config = self.folder / "caudal.yaml"
        self.config.write_text(CONFIG.format(data=data, port=self.port, log=self.folder / "caudal.log") + more)
        self.process = None

    def start(self, environment):
        """Returns once it started or died."""
        with open(self.folder / "server.out", "ab") as out:
            self.process = subprocess.Popen(
                [self.binary, "up", "--config", str(self.config)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, **environment})

    def wait_ready(self, seconds=90):
        """False when it died or was stopped by a failpoint before."""
        deadline = Deadline(seconds)
        while not deadline.passed():
            if self.gone:
                return False
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
                connection.request("GET", "/readyz")
                status = connection.getresponse().status
                connection.close()
                if status == 200:
                    return True
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.01)
        raise Violation(f"the server was not ready within {seconds} s")

    @property
    def alive(self):
        return self.process.poll() is None

    @property
    def gone(self):
        """Dead, or stopped at a failpoint, which is the moment for the power cut. One that stood still with this process isn't."""
        if self.alive and "T" in self.thread_states():
            time.sleep(0.1)
        return not self.alive or "T" in self.thread_states()

    def thread_states(self):
        states = set()
        for stat in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            try:
                states.add(stat.read_text().rpartition(")")[2].split()[0])
            except OSError:  # the thread ended
                pass
        return states

    def freeze(self):
        """No thread runs any more: nothing is acknowledged after this. One within a system call stays in it."""
        if self.alive:
            self.process.send_signal(signal.SIGSTOP)
        while self.alive and not self.thread_states() <= set("TtDZX"):
            time.sleep(0.001)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self, seconds=15):
        self.process.send_signal(signal.SIGTERM)
        deadline = Deadline(seconds)
        code = None
        while code is None:
            if deadline.passed():
                raise Violation(f"the server did not stop within {seconds} s of SIGTERM")
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.process.wait(1)
        if code != 0:
            raise Violation(f"the server stopped with exit code {code}: {self.last_words()}")

    def last_words(self):
        text = (self.folder / "server.out").read_text(errors="replace")
        return " | ".join(text.strip().splitlines()[-5:])

    def fsck(self):
        done = subprocess.run([self.binary, "fsck", "--config", str(self.config)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode != 0:
            raise Violation(f"fsck found something (exit code {done.returncode}): {done.stdout.strip()[-2000:]}")
