#!/usr/bin/env python3
"""Crash loop: load from several clients, death by kill -9 or power cut, restart, and a check of everything.

    test/chaos/soak.py --rounds 500 --seed 1

Goes on where the last run of the same folder stopped (--fresh begins anew). Exit code 0 when all rounds held, 1 at the
first violation, whose data folder is kept.
"""
import argparse
import collections
import dataclasses
import os
import pathlib
import pickle
import random
import shutil
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import oracle
import plan as plans
import power
import receiver as receivers
import server as servers
import verify
import worker as workers

BUCKETS = [("plain-a", False), ("plain-b", False), ("kept-a", True), ("kept-b", True)]
CLIENTS = 6


class Run:
    """A crash loop in a folder: the disk, the server, the clients and what they know."""

    def __init__(self, folder, binary, seed, power_cuts=True, environment=None, log=print):
        self.folder, self.binary, self.seed, self.log = pathlib.Path(folder), binary, seed, log
        self.environment = environment or {}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.buckets = BUCKETS
        self.disk = power.Disk(self.folder) if power_cuts else None
        if self.disk and not self.disk.can_cut:
            self.log(f"no power cuts here ({self.disk.reason}): every round ends by kill -9")
        self.failpoints = plans.failpoints()
        self.receiver = receivers.Receiver(seed)
        self.shared_lock = threading.Lock()
        self.round = 0
        self.tally = collections.Counter()
        if not self.load():
            numbers = workers.Numbers()
            self.shared = [oracle.SharedObject(bucket, "shared/one", versioned) for bucket, versioned in BUCKETS]
            self.workers = [workers.Worker(i, BUCKETS, self.shared, self.shared_lock, numbers) for i in range(CLIENTS)]
        self.server = servers.Server(binary, self.folder, self.data, self.receiver.port)

    @property
    def can_cut(self):
        return self.disk is not None and self.disk.can_cut

    @property
    def data(self):
        return (self.disk.mount_point if self.disk else self.folder) / "data"

    # -- between processes

    @property
    def state_file(self):
        return self.folder / "state.pickle"

    def save(self):
        new = self.state_file.with_suffix(".new")
        state = {"seed": self.seed, "round": self.round, "tally": self.tally, "shared": self.shared,
                 "workers": self.workers, "number": self.workers[0].numbers.next, "receiver": self.receiver.state()}
        new.write_bytes(pickle.dumps(state))
        new.replace(self.state_file)

    def load(self):
        if not self.state_file.exists():
            return False
        state = pickle.loads(self.state_file.read_bytes())
        self.seed, self.round, self.tally = state["seed"], state["round"], state["tally"]
        self.shared, self.workers = state["shared"], state["workers"]
        self.receiver.restore(state["receiver"])
        numbers = workers.Numbers(state["number"])
        for one in self.workers:
            one.numbers, one.shared_lock = numbers, self.shared_lock
        return True

    # -- a round

    def start(self, environment):
        self.server.start({**self.environment, **environment})
        return self.server.wait_ready()

    def prepare(self):
        """The buckets, on a folder that has none."""
        if not self.start({}):
            raise oracle.Violation(f"the server does not start: {self.server.last_words()}")
        api = workers.Client(self.server.port)
        for bucket, versioned in self.buckets:
            if not api.bucket_exists(bucket):
                api.make_bucket(bucket, versioned)
        api.close()
        self.server.stop()

    def one_round(self, plan=None, load_s=None):
        plan = plan or plans.plan(self.seed, self.round, self.can_cut, self.failpoints)
        rng = random.Random(f"round:{self.seed}:{self.round}")
        if self.round == 0:
            self.prepare()
        started = time.monotonic()
        before = sum(one.operations for one in self.workers)
        deliveries = self.receiver.deliveries
        by_failpoint = self.load_until_death(plan, rng)
        recoveries = self.crash_in_recovery(plan, rng)
        if not self.start({}):
            raise oracle.Violation(f"the server does not start again: {self.server.last_words()}")
        verify.verify(self, rng)
        self.server.stop()
        self.server.fsck()
        self.round += 1
        operations = sum(one.operations for one in self.workers) - before
        self.tally["rounds"] += 1
        self.tally["power cuts" if plan.power_cut else "kills"] += 1
        self.tally["deaths at a failpoint"] += by_failpoint
        self.tally["deaths while recovering"] += recoveries
        self.tally["acknowledged changes and reads"] += operations
        self.tally["deliveries"] += self.receiver.deliveries - deliveries
        self.tally["checked events"] = sum(len(o.past_events) for one in self.workers for o in one.objects)
        self.log(f"round {self.round:4}  {plan.text():62} {'failpoint' if by_failpoint else 'moment':9} "
                 f"{operations:5} operations {self.receiver.deliveries - deliveries:5} deliveries "
                 f"{time.monotonic() - started:5.1f} s")

    def load_until_death(self, plan, rng):
        """Returns whether a failpoint did it."""
        self.receiver.failing = plan.receiver_failing
        dying = threading.Event()
        if not self.start(plan.environment(rng.getrandbits(32))):
            self.end(plan)
            return True
        threads = [threading.Thread(target=one.run, args=(self.server.port, rng.getrandbits(64), dying.is_set,
                                                          plan.pace_s)) for one in self.workers]
        for one in self.workers:
            one.violation = None
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        while not self.server.gone and time.monotonic() - begin < plan.moment_s:
            if any(one.violation for one in self.workers):
                break
            elapsed = (time.monotonic() - begin) / plan.moment_s
            self.receiver.down = plan.receiver_down and 0.3 < elapsed < 0.7
            time.sleep(0.002)
        by_failpoint = self.server.gone
        dying.set()
        code = self.end(plan)
        for thread in threads:
            thread.join()
        self.receiver.failing, self.receiver.down = 0.0, False
        for one in self.workers:
            if one.violation:
                raise one.violation
        if code != -9:
            raise oracle.Violation(f"the server ended by itself with {code}: {self.server.last_words()}")
        return by_failpoint

    def end(self, plan):
        """Death, whether or not a failpoint brought it already. Returns the exit code."""
        if plan.power_cut:
            self.server.freeze()
            self.disk.cut()
        self.server.kill()
        if plan.power_cut:
            self.disk.restore_power()
        return self.server.process.returncode

    def crash_in_recovery(self, plan, rng):
        if not plan.crash_in_recovery:
            return 0
        armed = dataclasses.replace(plan, failpoint=plan.recovery_failpoint, probability=plan.crash_in_recovery)
        ready = self.start(armed.environment(rng.getrandbits(32)))
        end = time.monotonic() + 0.3
        while ready and not self.server.gone and time.monotonic() < end:
            time.sleep(0.01)
        self.end(plan)
        return 1

    def close(self):
        if self.server.process is not None:
            self.server.kill()
        if self.disk is not None:
            self.disk.unmount()


def summary(run, seconds):
    print(f"\n{'seed':40} {run.seed}")
    for name in ("rounds", "power cuts", "kills", "deaths at a failpoint", "deaths while recovering",
                 "acknowledged changes and reads", "deliveries"):
        print(f"{name:40} {run.tally[name]:,}")
    print(f"{'violations':40} 0\n{'seconds of this run':40} {seconds:.0f}")


def main():
    tree = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8, help="in all, with those of earlier runs")
    parser.add_argument("--seed", type=int, help="a random one by default")
    parser.add_argument("--folder", default=str(tree / "build/soak"), help="state, disk image and logs")
    parser.add_argument("--binary", default=os.environ.get("CAUDAL_BINARY", str(tree / "build/dev/caudal")),
                        help="a build with failpoints")
    parser.add_argument("--fresh", action="store_true", help="forget an earlier run in the folder")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)
    state = folder / "state.pickle"
    if state.exists():
        earlier = pickle.loads(state.read_bytes())
        if options.fresh or earlier["round"] >= options.rounds or options.seed not in (None, earlier["seed"]):
            shutil.rmtree(folder)
    elif folder.exists():
        shutil.rmtree(folder)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    started = time.monotonic()
    run = Run(folder, options.binary, seed)
    say = f"seed {run.seed}, {len(run.failpoints)} failpoints, folder {folder}"
    print(say + (f", going on after round {run.round}" if run.round else ""), flush=True)
    run.log = lambda line: print(line, flush=True)
    try:
        while run.round < options.rounds:
            run.one_round()
            run.save()
    except oracle.Violation as violation:
        (folder / "violation.pickle").write_bytes(pickle.dumps(run.workers))
        plan = plans.plan(run.seed, run.round, run.can_cut, run.failpoints)
        print(f"\nVIOLATION in round {run.round + 1} ({plan.text()}): {violation}\n"
              f"kept: {folder} (disk.img holds the data, caudal.log and server.out what the server said)\n"
              f"again: test/chaos/soak.py --fresh --seed {run.seed} --rounds {run.round + 1}", flush=True)
        return 1
    finally:
        run.close()
    summary(run, time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
