#!/usr/bin/env python3
"""Crash loop with a PostgreSQL that is copied: after every trouble the copy is exact, and nothing is told twice or not at all.

    test/chaos/source_soak.py --rounds 300 --seed 1

Writers commit transactions in a PostgreSQL whose tables hang together, while queries look whether what they see does. The
server dies by kill -9 or a power cut, at a random moment or failpoint; or PostgreSQL restarts at once, connections
between them break or go silent, the server's disk is full for a while, tables are read anew. Then the load ends, and
once all is visible every table must equal the source's, and its history must tell every change once (triggers in the
source note each) and lead to what the table holds. Begins anew each time. Exit code 0 when all rounds held, 1 at the first
violation, whose folders are kept.
"""
import concurrent.futures
import dataclasses
import pathlib
import random
import shutil
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1])]

import client
import loop
import oracle
import server as servers
import severed
import source_database as database
import source_load
import source_verify
from support.postgres import Postgres

WRITERS, ASKERS = 3, 2
TROUBLES = ("", "", "PostgreSQL restarts", "severed", "silent", "disk full", "read anew")
# Transactions of more than 64 kB come while they run.
SETTINGS = ("wal_sender_timeout=3s", "synchronous_commit=on", "autovacuum_naptime=5s", "logical_decoding_work_mem=64kB")
CONFIG = """\
sources:
  shop:
    kind: postgres
    host: 127.0.0.1
    port: {port}
    database: chaos
    user: caudal
    password: {password}
    heartbeat: 1s
    snapshot: {{chunk_rows: 1000, connections: 2, rows_per_second: 20000}}
landing: {{batch_bytes: 1MiB}}
lake:
  snapshots: {{all: 20s}}
  maintenance: {{keep_removed: 30s, removal_interval: 5s}}
"""


@dataclasses.dataclass(frozen=True)
class Plan(loop.plans.Plan):
    trouble: str = ""
    trouble_at: float = 0.3   # of the load
    trouble_end: float = 0.7  # of one that lasts
    tables: tuple = ()        # that are read anew

    def text(self):
        trouble = f" and {' '.join((self.trouble, *self.tables))}" if self.trouble else ""
        return (super().text() if self.server_dies else f"{self.moment_s:.2f} s of load") + trouble


class Run(loop.Loop):
    """A source of six tables."""

    figures = (*loop.Loop.figures, *(f"rounds with {one}" for one in TROUBLES[2:]), "acknowledged changes and reads", "transactions told",
               "changes told", "rows compared", "times that verify agreed", "queries meanwhile", "longest wait, ms")

    def make_clients(self, numbers):
        self.postgres = Postgres(SETTINGS)
        self.postgres.sql("CREATE DATABASE chaos")
        self.postgres.sql(f"CREATE ROLE caudal LOGIN SUPERUSER PASSWORD '{database.PASSWORD}'")
        self.sql(database.SCHEMA)
        # What starts a PostgreSQL must not end before it: it gets a signal then.
        self.keeper = concurrent.futures.ThreadPoolExecutor(1)
        self.proxy = severed.Proxy(lambda: self.postgres.port)
        self.known, self.told_up_to, self.audited = {}, "", 0  # of what was checked: rows by table, a position, a number
        self.disk_is_full = False
        self.violated = False
        return ([source_load.Writer(i, numbers, self) for i in range(WRITERS)]
                + [source_load.Asker(i, numbers, self) for i in range(ASKERS)])

    @property
    def ballast(self):
        return self.disk.mount_point / "ballast"

    def sql(self, text):
        return self.postgres.sql(text, "chaos")

    def make_server(self):
        return servers.Server(self.binary, self.folder, self.data, CONFIG.format(port=self.proxy.port, password=database.PASSWORD))

    def save(self):
        """A PostgreSQL doesn't outlive this process."""

    def prepare(self):
        super().prepare()
        self.server.start(self.environment)
        self.server.wait_ready()
        source_verify.check(self)
        self.server.stop()

    def plan(self):
        plan = super().plan()
        rng = random.Random(f"sources:{self.seed}:{self.round}")
        trouble = rng.choice(TROUBLES)
        own = [name for name in self.failpoints
               if name.startswith(("lake.write", "lake.commit", "lake.key", "engine.parquet", "objects.publish", "objects.adopt", "pipeline.",
                                   "meta.batch", *(["capture.snapshot"] * (trouble == "read anew"))))]
        if plan.failpoint and rng.random() < 0.8:
            plan = dataclasses.replace(plan, failpoint=rng.choice(own), probability=10 ** rng.uniform(-2, -0.3))
        dies = rng.random() < 0.7 if trouble else True
        more = {"moment_s": plan.moment_s + 0.7, "server_dies": dies, "receiver_failing": 0, "receiver_down": False}
        if not dies:
            more |= {"failpoint": "", "crash_in_recovery": 0}
        at = rng.uniform(0.1, 0.5)
        tables = tuple(rng.sample(database.TABLES, rng.choice([1, 1, 2, len(database.TABLES)]))) if trouble == "read anew" else ()
        return Plan(**(dataclasses.asdict(plan) | more), trouble=trouble, trouble_at=at, trouble_end=rng.uniform(at + 0.1, 0.95), tables=tables)

    def one_round(self, plan=None):
        plan = plan or self.plan()
        self.begun = self.ended = False
        asked = sum(one.operations for one in self.workers[WRITERS:])
        try:
            super().one_round(plan)
        except oracle.Violation:
            self.violated = True
            self.log(f"PostgreSQL's folder: {self.postgres.folder}")
            raise
        if plan.trouble:
            self.tally[f"rounds with {plan.trouble}"] += self.begun
        self.tally["queries meanwhile"] += sum(one.operations for one in self.workers[WRITERS:]) - asked

    def while_loading(self, plan, elapsed):
        if plan.trouble and not self.begun and elapsed >= plan.trouble_at:
            self.begun = True
            self.begin_trouble(plan)
        if self.begun and not self.ended and elapsed >= plan.trouble_end:
            self.end_trouble(plan.trouble)

    def begin_trouble(self, plan):
        trouble = plan.trouble
        if trouble == "PostgreSQL restarts":
            self.restarting = self.keeper.submit(self.restart_postgres)
        elif trouble == "severed":
            self.proxy.sever()
        elif trouble == "silent":
            self.proxy.silence()
        elif trouble == "disk full" and self.can_cut:
            self.disk_is_full = True
            self.fill_disk()
        elif trouble == "read anew":
            tables = [f"public.{name}" for name in plan.tables]
            api = client.Client(self.server.port)
            try:
                api.call_json("POST", "/api/v1/sources/shop/resnapshot", {"tables": tables})
            except client.Lost:
                pass  # it dies
            finally:
                api.close()

    def restart_postgres(self):
        port = self.postgres.port
        self.postgres.stop()
        self.postgres.start(SETTINGS, port=port)

    def fill_disk(self):
        free = shutil.disk_usage(self.disk.mount_point).free
        try:
            with open(self.ballast, "wb") as file:
                loop.os.posix_fallocate(file.fileno(), 0, max(free - (1 << 20), 1))
        except OSError:
            pass

    def end_trouble(self, trouble):
        self.ended = True
        if trouble == "PostgreSQL restarts":
            self.restarting.result()
        elif trouble == "severed" or trouble == "silent":
            self.proxy.sever()
        elif self.disk_is_full:
            self.ballast.unlink(missing_ok=True)
            time.sleep(0.3)  # queries that began while it was full
            self.disk_is_full = False

    def end(self, plan):
        super().end(plan)
        if self.begun and not self.ended:
            self.end_trouble(plan.trouble)
        if self.can_cut:
            self.ballast.unlink(missing_ok=True)  # a cut may have brought it back

    def verify(self, rng):
        if self.begun and not self.ended:
            self.end_trouble(self.plan().trouble)
        source_verify.check(self)

    def close(self):
        super().close()
        self.proxy.close()
        self.postgres.stop()
        self.keeper.shutdown()
        if not self.violated:
            shutil.rmtree(self.postgres.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(loop.main(Run, "test/chaos/source_soak.py", __doc__, "build/sources-soak"))
