#!/usr/bin/env python3
"""Crash loop with functions of each kind: after every death each event's outputs are those of one run.

    test/chaos/functions_soak.py --rounds 300 --seed 1

Clients upload files that fire SQL, Python, Node and HTTP functions. The server dies by kill -9 or a power cut, or
processes that serve functions die while it lives. Goes on where the last run of the same folder stopped (--fresh begins
anew). Exit code 0 when all rounds held, 1 at the first violation, whose data folder is kept.
"""
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import client
import functions_load
import functions_plan
import functions_setup as setup
import functions_verify
import loop
import oracle
import pauses
import processes
import server as servers

CLIENTS = 4
READY_WAIT_S = 120


class Run(loop.Loop):
    """Functions: their runs, and what they wrote."""

    buckets = ((setup.INBOX, False), (setup.KEPT, True))
    figures = (*loop.Loop.figures, "query workers killed", "function processes killed",
               "acknowledged changes and reads", "events", "runs", "events with more than one run", "runs failed", "runs interrupted",
               "events passed over, as their object was replaced", "outputs checked")

    def make_clients(self, numbers):
        self.last_runs = {}  # function to the last run that was checked
        self.made = {}       # (bucket, name, generation or None) to (target, number, run or event): of checked runs
        self.revision = 0
        return [functions_load.Uploader(i, numbers) for i in range(CLIENTS)]

    def more_state(self):
        return {"last_runs": self.last_runs, "made": self.made, "revision": self.revision}

    @property
    def sources(self):
        return self.folder / "functions"

    def make_server(self):
        setup.write_sources(self.sources, self.revision)
        return servers.Server(self.binary, self.folder, self.data, setup.config(self.sources, self.receiver.port))

    def plan(self):
        return functions_plan.plan(self.seed, self.round, self.can_cut, self.failpoints)

    def one_round(self, plan=None):
        plan = plan or self.plan()
        if plan.new_revision:
            self.revision = self.round + 1
            setup.write_sources(self.sources, self.revision)
        self.deaths = list(plan.worker_deaths)
        self.rng = random.Random(f"deaths:{self.seed}:{self.round}")
        super().one_round(plan)

    def before_load(self, plan):
        api = client.Client(self.server.port)
        deadline = pauses.Deadline(READY_WAIT_S)
        while plan.wait_ready and not self.server.gone:
            try:
                if all(one["state"] == "ready" for one in functions_verify.functions_of(api)):
                    break
            except (client.Lost, client.Refused):
                continue  # it dies
            if deadline.passed():
                raise oracle.Violation(f"functions are not ready: {functions_verify.functions_of(api)}")
            time.sleep(0.02)
        api.close()
        return not self.server.gone

    def while_loading(self, plan, elapsed):
        super().while_loading(plan, elapsed)
        if self.deaths and self.deaths[0][0] < elapsed:
            _, kind = self.deaths.pop(0)
            self.kill_worker(kind)

    def kill_worker(self, kind):
        found = [pid for pid in processes.descendants(self.server.process.pid)
                 if ("engine-worker" in processes.command_of(pid)) == (kind == "query")]
        if found and processes.kill(self.rng.choice(found)):
            self.tally["query workers killed" if kind == "query" else "function processes killed"] += 1

    def verify(self, rng):
        functions_verify.check(self)


if __name__ == "__main__":
    sys.exit(loop.main(Run, "test/chaos/functions_soak.py", __doc__, "build/functions-soak"))
