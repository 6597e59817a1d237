#!/usr/bin/env python3
"""Crash loop: load from several clients, death by kill -9 or power cut, restart, and a check of everything.

    test/chaos/soak.py --rounds 500 --seed 1

Goes on where the last run of the same folder stopped (--fresh begins anew). Exit code 0 when all rounds held, 1 at the
first violation, whose data folder is kept.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import loop
import oracle
import server as servers
import verify
import worker as workers

BUCKETS = [("plain-a", False), ("plain-b", False), ("kept-a", True), ("kept-b", True)]
CLIENTS = 6


class Run(loop.Loop):
    """The object store: every version, byte, open upload and event."""

    buckets = BUCKETS
    figures = (*loop.Loop.figures, "acknowledged changes and reads", "deliveries")

    def make_clients(self, numbers):
        self.shared = [oracle.SharedObject(bucket, "shared/one", versioned) for bucket, versioned in BUCKETS]
        return [workers.Worker(i, BUCKETS, self.shared, self.shared_lock, numbers) for i in range(CLIENTS)]

    def make_server(self):
        return servers.Server(self.binary, self.folder, self.data, servers.subscriber(self.receiver.port))

    def verify(self, rng):
        verify.verify(self, rng)
        self.tally["checked events"] += sum(len(o.past_events) for one in self.workers for o in one.objects)


if __name__ == "__main__":
    sys.exit(loop.main(Run, "test/chaos/soak.py", __doc__, "build/soak"))
