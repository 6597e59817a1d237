"""A private PostgreSQL in a folder of its own: from Debian's packages, or the one whose programs are in CAUDAL_PG_BIN."""
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def programs():
    """The folder of the server's programs, or None."""
    other = os.environ.get("CAUDAL_PG_BIN")
    return pathlib.Path(other) if other else clients()


def clients():
    """That of Debian's newest PostgreSQL, which has psql too, or None."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def version():
    """The server's: 15."""
    done = subprocess.run([programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(re.search(r"PostgreSQL\) (\d+)", done.stdout)[1])


class Postgres:
    """Started at once with wal_level=logical. The superuser `postgres` is trusted, everyone else on loopback needs a password."""

    def __init__(self, settings=()):
        self.settings = settings
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="caudal-pg-"))
        self.data = self.folder / "data"
        self.process = None
        self.port = None
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        (self.data / "pg_hba.conf").write_text(
            "local all,replication all trust\nhost all,replication postgres 127.0.0.1/32 trust\n"
            "host all,replication all 127.0.0.1/32 scram-sha-256\n")
        self.start()

    @staticmethod
    def _as_user(arguments):
        """initdb and postgres refuse root; a server ends with the test, however that ends."""
        if os.geteuid() != 0:
            return ["setpriv", "--pdeathsig=QUIT", *arguments]
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=QUIT", *arguments]

    def _run(self, program, *arguments):
        done = subprocess.run(self._as_user([(clients() if program == "psql" else programs()) / program, *arguments]), env=ENVIRONMENT, cwd=self.folder,
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, settings=None, port=None):
        """At `port`, or at any that is free."""
        for _ in range(6):
            self.port = port or random.randrange(15000, 32000)  # below those that the kernel gives to clients
            usual = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.folder}", "wal_level=logical",
                     "fsync=off", "shared_buffers=16MB", "max_connections=40", "max_wal_senders=8", "max_replication_slots=8",
                     "password_encryption=scram-sha-256"]
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # of one that was killed
            options = [part for setting in [*usual, *(self.settings if settings is None else settings)] for part in ("-c", setting)]
            with open(self.folder / "server.log", "a", encoding="utf-8") as log:
                self.process = subprocess.Popen(self._as_user([programs() / "postgres", "-D", self.data, *options]),
                                                env=ENVIRONMENT, cwd=self.folder, stdout=log, stderr=log)
            if self._ready():
                return
            self.process.kill()
            self.process.wait()
        raise AssertionError((self.folder / "server.log").read_text())

    def _ready(self):
        pid = self.data / "postmaster.pid"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if pid.exists() and "ready" in pid.read_text():
                return True
            time.sleep(0.01)
        return False

    def stop(self, mode="immediate"):
        if self.process and self.process.poll() is None:
            self._run("pg_ctl", "stop", "-s", "-m", mode, "-D", self.data)
        if self.process:
            self.process.wait(30)

    def sql(self, text, database="postgres", user="postgres"):
        """The rows of the last statement, as lists of texts."""
        output = self._run("psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port),
                           "-U", user, "-d", database, "-c", text)
        return [line.split("\x1f") for line in output.splitlines()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
