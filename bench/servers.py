"""Servers under measurement: each starts on a free loopback port with an empty folder and is stopped by `stop`."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} did not listen on port {port} within {seconds} s")


class Server:
    """A process with a port. Subclasses say its command."""
    name = ""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.log = open(self.folder / "server.log", "wb")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=subprocess.STDOUT)
        wait_for_port(self.port, self.process)

    def command(self):
        raise NotImplementedError

    def pids(self):
        """The process and its children."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        payload = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{self.name}: {method} {path}: {answer.status} {payload[:300]!r}")
        return payload

    def make_bucket(self, name):
        self.request("POST", "/storage/v1/b?project=bench", {"name": name})


class Caudal(Server):
    name = "caudal"

    def __init__(self, folder, binary):
        self.binary = str(binary)
        subprocess.run([self.binary, "init", str(folder) + "-data"], check=True, stdout=subprocess.DEVNULL)
        self.config = str(folder) + "-data/caudal.yaml"
        super().__init__(folder)

    def command(self):
        return [self.binary, "up", "--config", self.config, "--listen", f"127.0.0.1:{self.port}"]


class FakeGcs(Server):
    """fake-gcs-server with its filesystem back end and default settings, but quiet: no log line a request."""
    name = "fake-gcs-server"

    def __init__(self, folder, binary):
        self.binary = str(binary)
        super().__init__(folder)

    def command(self):
        return [self.binary, "-backend", "filesystem", "-filesystem-root", str(self.folder / "storage"),
                "-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port), "-log-level", "error",
                "-public-host", f"127.0.0.1:{self.port}"]


NGINX = """
daemon off; master_process on; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/error.log;
{user}
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
  default_type application/octet-stream; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


class Nginx(Server):
    """Debian's nginx, sendfile on, no access log, one worker a core, serving the files of `<folder>/files`."""
    name = "nginx"

    def command(self):
        (self.folder / "files").mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder, port=self.port, user=user))
        return ["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]
