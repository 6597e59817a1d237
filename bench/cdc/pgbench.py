"""pgbench on the source."""
import subprocess

from support.postgres import clients


def command(postgres, *options):
    return [clients() / "pgbench", "-n", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", *map(str, options), "bench"]


def start(postgres, *options):
    return subprocess.Popen(command(postgres, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(running):
    """What it did: transactions a second."""
    told, _ = running.communicate()
    for line in told.splitlines():
        if line.startswith("tps"):
            return float(line.split()[2])
    raise RuntimeError(f"pgbench: {told}")
