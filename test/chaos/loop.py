"""What every crash loop does: load, death, restart, a check, and state that outlives the process.

A loop is a subclass of `Loop`; `main` is its command line.
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

import client
import oracle
import pauses
import plan as plans
import power
import processes
import receiver as receivers
import worker as workers

TREE = pathlib.Path(__file__).resolve().parents[2]


class Loop:
    """A crash loop in a folder: the disk, the server, the clients and what they know."""

    buckets = ()       # (name, versioned) of those that the clients write to
    figures = ("rounds", "power cuts", "kills", "deaths at a failpoint", "deaths while recovering")

    def __init__(self, folder, binary, seed, power_cuts=True, environment=None, log=print):
        self.folder, self.binary, self.seed, self.log = pathlib.Path(folder), binary, seed, log
        self.environment = environment or {}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.disk = power.Disk(self.folder) if power_cuts else None
        if self.disk and not self.disk.can_cut:
            self.log(f"no power cuts here ({self.disk.reason}): every round ends by kill -9")
        self.failpoints = plans.failpoints()
        self.receiver = receivers.Receiver(seed)
        self.shared_lock = threading.Lock()
        self.shared = []
        self.round = 0
        self.tally = collections.Counter()
        if not self.load():
            self.workers = self.make_clients(workers.Numbers())
        self.server = self.make_server()

    # -- what a loop is made of

    def make_clients(self, numbers):
        raise NotImplementedError

    def make_server(self):
        raise NotImplementedError

    def plan(self):
        """Of the next round."""
        return plans.plan(self.seed, self.round, self.can_cut, self.failpoints)

    def before_load(self, plan):
        """Between the start and the load. False when the server died meanwhile."""
        return True

    def while_loading(self, plan, elapsed):
        """Often; `elapsed` goes from 0 to 1."""
        self.receiver.down = plan.receiver_down and 0.3 < elapsed < 0.7

    def verify(self, rng):
        """After the restart; raises a Violation."""
        raise NotImplementedError

    # -- where things are

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
        new.write_bytes(pickle.dumps(state | self.more_state()))
        new.replace(self.state_file)

    def more_state(self):
        """Attributes that are kept too."""
        return {}

    def load(self):
        if not self.state_file.exists():
            return False
        state = pickle.loads(self.state_file.read_bytes())
        self.receiver.restore(state.pop("receiver"))
        numbers = workers.Numbers(state.pop("number"))
        self.__dict__.update(state)
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
        api = client.Client(self.server.port)
        for bucket, versioned in self.buckets:
            if not api.bucket_exists(bucket):
                api.make_bucket(bucket, versioned)
        api.close()
        self.server.stop()

    def one_round(self, plan=None):
        plan = plan or self.plan()
        rng = random.Random(f"round:{self.seed}:{self.round}")
        if self.round == 0:
            self.prepare()
        started = time.monotonic()
        before = sum(one.operations for one in self.workers)
        deliveries = self.receiver.deliveries
        by_failpoint = self.load_until_death(plan, rng)
        if plan.server_dies:
            recoveries = self.crash_in_recovery(plan, rng)
            if not self.start({}):
                raise oracle.Violation(f"the server does not start again: {self.server.last_words()}")
            self.tally["power cuts" if plan.power_cut else "kills"] += 1
            self.tally["deaths at a failpoint"] += by_failpoint
            self.tally["deaths while recovering"] += recoveries
        self.verify(rng)
        self.server.stop()
        if left := processes.holding(self.data):
            raise oracle.Violation(f"processes are left: {[processes.command_of(pid) for pid in left]}")
        self.server.fsck()
        self.round += 1
        operations = sum(one.operations for one in self.workers) - before
        self.tally["rounds"] += 1
        self.tally["acknowledged changes and reads"] += operations
        self.tally["deliveries"] += self.receiver.deliveries - deliveries
        self.log(f"round {self.round:4}  {plan.text():62} {'failpoint' if by_failpoint else 'moment':9} "
                 f"{operations:5} operations {self.receiver.deliveries - deliveries:5} deliveries "
                 f"{time.monotonic() - started:5.1f} s")

    def load_until_death(self, plan, rng):
        """Returns whether a failpoint did it."""
        self.receiver.failing = plan.receiver_failing
        if not self.start(plan.environment(rng.getrandbits(32))) or not self.before_load(plan):
            self.receiver.failing = 0.0
            self.end(plan)
            self.check_death()
            return True
        dying, enough = threading.Event(), threading.Event()
        threads = [threading.Thread(target=one.run, args=(self.server.port, rng.getrandbits(64), dying.is_set,
                                                          plan.pace_s, enough.is_set)) for one in self.workers]
        for one in self.workers:
            one.violation = None
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        while not self.server.gone and (elapsed := (time.monotonic() - begin) / plan.moment_s) < 1:
            if any(one.violation for one in self.workers):
                break
            self.while_loading(plan, elapsed)
            time.sleep(0.002)
        by_failpoint = self.server.gone
        if plan.server_dies or by_failpoint:
            dying.set()
            self.end(plan)
        enough.set()
        for thread in threads:
            thread.join()
        self.receiver.failing, self.receiver.down = 0.0, False
        for one in self.workers:
            if one.violation:
                raise one.violation
        if plan.server_dies or by_failpoint:
            self.check_death()
        return by_failpoint

    def end(self, plan):
        """Death, whether or not a failpoint brought it already."""
        if not plan.power_cut:
            self.server.kill()
            return
        self.server.freeze()
        self.disk.cut()
        started = processes.descendants(self.server.process.pid)
        self.server.kill()
        processes.end_all(started)
        processes.end_all_in(self.disk.mount_point)
        self.disk.restore_power()

    def check_death(self):
        code = self.server.process.returncode
        if code != -9:
            raise oracle.Violation(f"the server ended by itself with {code}: {self.server.last_words()}")

    def crash_in_recovery(self, plan, rng):
        if not plan.crash_in_recovery:
            return 0
        armed = dataclasses.replace(plan, failpoint=plan.recovery_failpoint, probability=plan.crash_in_recovery)
        ready = self.start(armed.environment(rng.getrandbits(32)))
        end = time.monotonic() + plan.recovery_s
        while ready and not self.server.gone and time.monotonic() < end:
            time.sleep(0.01)
        self.end(plan)
        self.check_death()
        return 1

    def close(self):
        if self.server.process is not None:
            self.server.kill()
        if self.disk is not None:
            processes.end_all_in(self.disk.mount_point)
            self.disk.unmount()


def summary(run, seconds):
    print(f"\n{'seed':40} {run.seed}")
    for name in run.figures:
        print(f"{name:40} {run.tally[name]:,}")
    print(f"{'violations':40} 0\n{'seconds of this run':40} {seconds:.0f}")


def main(make, script, description, folder):
    """`make` is the class of the loop. Returns the exit code: 1 at the first violation, whose folder is kept."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8, help="in all, with those of earlier runs")
    parser.add_argument("--seed", type=int, help="a random one by default")
    parser.add_argument("--folder", default=str(TREE / folder), help="state, disk image and logs")
    parser.add_argument("--binary", default=os.environ.get("CAUDAL_BINARY", str(TREE / "build/dev/caudal")),
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
    run = make(folder, options.binary, seed)
    say = f"seed {run.seed}, {len(run.failpoints)} failpoints, folder {folder}"
    print(say + (f", going on after round {run.round}" if run.round else ""), flush=True)
    run.log = lambda line: print(line, flush=True)
    still = pauses.Pauses()
    try:
        while run.round < options.rounds:
            still.take()
            run.one_round()
            run.save()
    except oracle.Violation as violation:
        (folder / "violation.pickle").write_bytes(pickle.dumps(run.workers))
        print(f"\nVIOLATION in round {run.round + 1} ({run.plan().text()}): {violation}\n"
              f"kept: {folder} (disk.img holds the data, caudal.log and server.out what the server said)\n"
              f"again: {script} --fresh --seed {run.seed} --rounds {run.round + 1}", flush=True)
        if (pause := still.take()) > 5:
            print(f"This loop stood still for {pause:.0f} s in that round; if the machine did, deadlines say nothing.")
        return 1
    finally:
        run.close()
    summary(run, time.monotonic() - started)
    return 0
