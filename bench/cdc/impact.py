"""What following a source costs it: pgbench's transactions a second without and with a reader of the log, in turns."""
import contextlib
import os
import statistics
import subprocess
import time

import caudal
import memory
import pgbench
import source
from support.postgres import clients

SCALE, CLIENTS, LEAST = 20, 4, 0.9
READERS = ("nobody", "pg_recvlogical", "caudal")
# Where PostgreSQL and pgbench run, and the reader: as on one machine, and as on two.
PLACES = {"shared": (None, None), "apart": ({0}, {1})}


@contextlib.contextmanager
def on(cores):
    """What is started within runs there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move(pid, cores):
    """A server that runs, with its children."""
    for one in memory.tree(pid):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(one, cores or os.sched_getaffinity(0))


@contextlib.contextmanager
def nobody(_options, _folder, _postgres):
    yield None


@contextlib.contextmanager
def pg_recvlogical(_options, _folder, postgres):
    """Of PostgreSQL's own programs the one that only reads."""
    postgres.add_slot("bare")
    running = subprocess.Popen([clients() / "pg_recvlogical", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "-d", "bench", "--slot", "bare",
                                "--start", "-f", "/dev/null", "-o", "proto_version=1", "-o", "publication_names=bench"], stderr=subprocess.DEVNULL)
    try:
        yield None
        if running.poll() is not None:
            raise RuntimeError(f"pg_recvlogical ended with {running.returncode}")
    finally:
        running.terminate()
        running.wait(30)
        postgres.drop_slot("bare")


@contextlib.contextmanager
def whole_server(options, folder, postgres):
    """Caught up with what was changed while it was stopped."""
    with caudal.Copy(options, folder, postgres) as server:
        server.wait_until_read()
        server.wait_until_visible(postgres.end())
        yield server


ATTACHED = dict(zip(READERS, (nobody, pg_recvlogical, whole_server)))


def one_round(options, folder, postgres, place, reader):
    """Transactions a second; for ours, how long it took after the last one until all of them were visible, and its CPU seconds for a thousand."""
    ours, theirs = PLACES[place]
    move(postgres.process.pid, ours)
    with contextlib.ExitStack() as attached:
        with on(theirs):
            server = attached.enter_context(ATTACHED[reader](options, folder, postgres))
        postgres.ask("VACUUM pgbench_branches, pgbench_tellers")
        postgres.ask("CHECKPOINT")
        cpu = server.cpu_seconds() if server else 0
        with on(ours):
            running = pgbench.start(postgres, "-c", CLIENTS, "-T", options.round_seconds)
        got = {"tps": pgbench.finish(running)}
        if server:
            began = time.monotonic()
            server.wait_until_visible(postgres.end())
            got.update(behind=time.monotonic() - began, cpu_seconds=(server.cpu_seconds() - cpu) / got["tps"] / options.round_seconds * 1000)
    return got


def measure(options, folder):
    got = {"seconds": options.round_seconds, **{place: {reader: [] for reader in READERS} for place in PLACES}}
    with source.Source(durable=True) as postgres:
        subprocess.run(pgbench.command(postgres, "-i", "-q", "-s", SCALE), check=True, stderr=subprocess.DEVNULL)
        postgres.ask("ALTER TABLE pgbench_history REPLICA IDENTITY FULL")  # it has no key
        with whole_server(options, folder, postgres):
            pass
        for _ in range(options.rounds):
            for place in PLACES:
                for reader in READERS:
                    got[place][reader].append(one_round(options, folder, postgres, place, reader))
    return got


def lines(got):
    out = []
    for place, what in (("shared", "all on the same two cores"), ("apart", "the reader on a core of its own, all else on the other")):
        alone, bare, ours = ([one["tps"] for one in got[place][reader]] for reader in READERS)
        ratio, other = (statistics.median(a / b for a, b in zip(mine, alone)) for mine in (ours, bare))
        behind = max(one["behind"] for one in got[place]["caudal"])
        cpu = statistics.median(one["cpu_seconds"] for one in got[place]["caudal"])
        out.append((f"pgbench (TPC-B, scale {SCALE}, {CLIENTS} clients, {got['seconds']} s), {what}: transactions/s with Caudal; without a reader = 1",
                    f"**{ratio:.2f}** ({statistics.median(ours):,.0f}, {statistics.median(alone):,.0f}; {cpu:.2f} CPU s for 1,000, all visible "
                    f"{behind:.1f} s after the last); pg_recvlogical {other:.2f} ({statistics.median(bare):,.0f})", f"≥ {LEAST}", ratio >= LEAST))
    return out
