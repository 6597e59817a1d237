"""A psql that stays connected, and what PostgreSQL's texts mean."""
import contextlib
import subprocess

from support.postgres import ENVIRONMENT, clients


class Session:
    """To which statements go: what it costs to start isn't measured. Raises OSError once its connection is lost."""

    def __init__(self, postgres, database):
        self.process = subprocess.Popen(
            [clients() / "psql", "-X", "-q", "-A", "-t", "-h", postgres.folder, "-p", str(postgres.port), "-U", "postgres", "-d", database],
            env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, sql):
        """Returns when it is committed: what was said, errors too."""
        self.process.stdin.write(f"{sql.rstrip(';')};\n\\echo -- done\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line == "-- done\n":
                return "".join(said)
            said.append(line)
        raise OSError("the connection is lost: " + "".join(said))

    def close(self):
        self.process.kill()
        with contextlib.suppress(OSError):  # what a psql that was gone hadn't read
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def lsn(text):
    """A position in the log as a number."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)
