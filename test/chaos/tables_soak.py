#!/usr/bin/env python3
"""Crash loop with tables: after every death each holds exactly what was acknowledged.

    test/chaos/tables_soak.py --rounds 300 --seed 1

Clients insert, change and delete rows by key through the API while maintenance goes on. The server dies by kill -9 or a
power cut, at a random moment or failpoint. Then a query, an older snapshot and now and then pyiceberg must see the rows
of all acknowledged changes, and of the one whose answer was lost all or none. Goes on where the last run of the same
folder stopped (--fresh begins anew). Exit code 0 when all rounds held, 1 at the first violation, whose data folder is
kept.
"""
import dataclasses
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import loop
import server as servers
import tables_load
import tables_verify

CLIENTS = 3
CONFIG = """\
lake:
  snapshots: {all: 5s}
"""


class Run(loop.Loop):
    """Tables: one a client."""

    figures = (*loop.Loop.figures, "acknowledged changes and reads", "snapshots read", "tables read by pyiceberg")

    def make_clients(self, numbers):
        self.snapshots = {}  # table to snapshot to rows
        return [tables_load.TableWriter(i, numbers) for i in range(CLIENTS)]

    def more_state(self):
        return {"snapshots": self.snapshots}

    def make_server(self):
        return servers.Server(self.binary, self.folder, self.data, CONFIG)

    def plan(self):
        """Failpoints of tables more often than others."""
        plan = super().plan()
        rng = random.Random(f"tables:{self.seed}:{self.round}")
        own = [name for name in self.failpoints if name.startswith(("lake.", "engine.parquet", "objects.publish"))]
        if plan.failpoint and rng.random() < 0.7:
            plan = dataclasses.replace(plan, failpoint=rng.choice(own), probability=10 ** rng.uniform(-1.5, -0.3))
        return dataclasses.replace(plan, moment_s=plan.moment_s + 0.5)

    def verify(self, rng):
        self.rng = rng
        tables_verify.check(self)


if __name__ == "__main__":
    sys.exit(loop.main(Run, "test/chaos/tables_soak.py", __doc__, "build/tables-soak"))
