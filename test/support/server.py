"""A private Caudal server in a folder of its own: start, kill, restart, stop."""
import json
import os
import pathlib
import re
import signal
import subprocess
import threading

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY = re.compile(r"caudal is ready at (http://\S+)")
START_SECONDS = 60


def binary() -> pathlib.Path:
    return (ROOT / os.environ.get("CAUDAL_BINARY", "build/dev/caudal")).resolve()


class StartError(Exception):
    """The server ended, or said nothing in time; the text holds its output."""


class CaudalServer:
    """`config` is YAML that is appended to what `caudal init` wrote, in place of keys of the same name."""

    def __init__(self, folder, config=None, env=None, listen="127.0.0.1:0"):
        self.folder = pathlib.Path(folder)
        self.config_file = self.folder / "caudal.yaml"
        self.env = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
        self.listen = listen
        self.url = None
        self.process = None
        self.output = []
        self._reader = None
        if not self.config_file.exists():
            self.run("init", str(self.folder))
        if config is not None:
            # A test says all that it wants, so that nothing hangs on what `init` suggests.
            self.config_file.write_text(f"data: {json.dumps(str(self.folder / 'data'))}\n" + config)

    # --- The command line

    def run(self, *arguments, check=True, timeout=60):
        """Runs another `caudal` command; returns the finished process, with text output."""
        done = subprocess.run([binary(), *arguments], env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout, check=False)
        if check and done.returncode:
            raise AssertionError(f"caudal {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def cli(self, *arguments, **options):
        """A command about this server's data."""
        return self.run(*arguments, "--config", str(self.config_file), **options)

    # --- The process

    def start(self):
        self.output = []
        listen = self.listen if self.url is None else self.url.removeprefix("http://")
        self.process = subprocess.Popen(
            [binary(), "up", "--config", str(self.config_file), "--listen", listen], env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, self.output, ready), daemon=True)
        self._reader.start()
        if not ready.wait(START_SECONDS) or self.url is None or self.process.poll() is not None:
            self.kill()
            raise StartError("".join(self.output) or "no output")
        return self

    def _read(self, process, output, ready):
        for line in process.stdout:
            output.append(line)
            if match := READY.search(line):
                self.url = match[1].rstrip("/")
                ready.set()
        ready.set()

    def kill(self):
        """As `kill -9`. Returns when the process is gone."""
        if self.process is None:
            return
        self.process.kill()
        self._gone()

    def stop(self, timeout=20):
        """As SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return self._gone()

    def _gone(self):
        code = self.process.wait(30)
        self._reader.join(10)
        self.process.stdout.close()
        self.process = None
        return code

    def restart(self):
        """Kills it without warning and starts it again at the same address."""
        self.kill()
        return self.start()

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def rss_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if self.process is not None:
                if self.process.poll() is not None:
                    code = self._gone()
                    raise AssertionError(f"the server died with {code}:\n" + "".join(self.output[-60:]))
                code = self.stop()
                if code and kind is None:
                    raise AssertionError(f"the server ended with {code}:\n" + "".join(self.output[-60:]))
        finally:
            self.kill()

    # --- Talking to it

    def get(self, path, **options):
        return requests.get(self.url + path, timeout=60, **options)

    def request(self, method, path, **options):
        return requests.request(method, self.url + path, timeout=60, **options)
