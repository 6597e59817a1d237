"""After a death: has each event been run for, once, and is what one run makes of it all there, and nothing else?"""
import collections
import time

import functions_content
import functions_setup as setup
import verify
from client import Client, Lost, Refused
from oracle import Violation
from pauses import Deadline

IDLE_WAIT_S = 180  # of a machine that is busy otherwise


def check(run):
    client = Client(run.server.port, timeout=60)
    try:
        verify.check_states(run, client)
        wait_until_idle(client)
        Check(run, client).all()
        prune(run, client)
    except (Lost, Refused) as failure:
        raise Violation(f"after the restart: {failure!r}") from failure
    finally:
        client.close()


def functions_of(client):
    return client.call("GET", "/api/v1/functions")["functions"]


def wait_until_idle(client):
    deadline = Deadline(IDLE_WAIT_S)
    while True:
        now = functions_of(client)
        for one in now:
            if one["dead"]:
                raise Violation(f"function {one['name']} has {one['dead']} dead letters: "
                                f"{client.call('GET', '/api/v1/deliveries?state=dead')}")
        if all(one["state"] == "ready" and one["pending"] == 0 and one["running"] == 0 for one in now):
            return
        if deadline.passed():
            raise Violation(f"functions are not idle within {IDLE_WAIT_S} s: {now}; {newest_errors(client)}")
        time.sleep(0.03)


def newest_errors(client):
    failed = client.call("GET", "/api/v1/runs?status=failed&limit=5")["runs"]
    return "failed last: " + "; ".join(f"{one['input']}: {one['error']}" for one in failed)


def runs_after(client, function, floor):
    """Oldest first."""
    found, before = [], ""
    while True:
        page = client.call("GET", f"/api/v1/runs?kind=function&job={function}&limit=1000{before}")
        found += [one for one in page["runs"] if one["id"] > floor]
        if "next_before" not in page or len(found) % 1000:
            return found[::-1]
        before = f"&before={page['next_before']}"


class Check:
    """One look at everything; what it expects is what the clients were told."""

    def __init__(self, run, client):
        self.run, self.client = run, client
        self.expected = {setup.CLEAN: {}, setup.MADE: {}}  # (name, generation or None) to how its bytes are wrong

    def all(self):
        for function in setup.BUCKET_OF:
            inputs = {f"gs://{target.bucket}/{target.name}#{generation}": (target, generation, number)
                      for target in self.targets(function) for generation, number in target.numbers.items()}
            succeeded = self.check_runs(function, inputs)
            for uri, one in succeeded.items():
                getattr(self, f"check_{function}", self.check_framework)(one, *inputs[uri])
        self.check_outputs(setup.CLEAN, True)
        self.check_outputs(setup.MADE, False)
        for folder in ("run/engine/taken", "run/unpacked"):
            if left := list((self.run.data / folder).iterdir()):
                raise Violation(f"work files are left: {left}")
        if self.run.receiver.problems:
            raise Violation(self.run.receiver.problems[0])

    def targets(self, function):
        return [target for one in self.run.workers for target in one.objects if target.function == function]

    def check_runs(self, function, inputs):
        """The run that succeeded, by input."""
        runs = runs_after(self.client, function, self.run.last_runs.get(function, 0))
        by_input = collections.defaultdict(list)
        for one in runs:
            self.run.tally["runs"] += 1
            self.run.tally[f"runs {one['status']}"] += 1
            by_input[one["input"]].append(one)
            if one["status"] == "running":
                raise Violation(f"run {one['id']} of {function} for {one['input']} is left as running")
        for uri in by_input.keys() - inputs.keys():
            raise Violation(f"{function} ran for {uri}, which it had succeeded for, or which never was")
        events = {}
        for uri in inputs:
            those = by_input[uri]
            states = [one["status"] for one in those]
            if states.count("succeeded") != 1 or states[-1] != "succeeded":
                raise Violation(f"the runs of {function} for {uri} ended as {states}")
            ids = {one["event"] for one in those}
            if len(ids) != 1 or not events.keys().isdisjoint(ids):
                raise Violation(f"the events of {uri} are {ids}; known are {[events.get(i) for i in ids]}")
            events[ids.pop()] = uri
            self.run.tally["events with more than one run"] += len(those) > 1
        for target in self.targets(function):
            self.check_order(function, [by_input[f"gs://{target.bucket}/{target.name}#{generation}"]
                                        for generation in sorted(target.numbers)])
        if runs:
            self.run.last_runs[function] = runs[-1]["id"]
        self.run.tally["events"] += len(inputs)
        return {uri: by_input[uri][-1] for uri in inputs}

    @staticmethod
    def check_order(function, generations):
        """The events of one object are run for one after the other."""
        for elder, younger in zip(generations, generations[1:]):
            if elder[-1]["id"] > younger[0]["id"]:
                raise Violation(f"{function} ran for {younger[0]['input']} before {elder[-1]['input']} was done with")

    # -- of each kind

    def check_sql(self, one, target, generation, number):
        where = f"run {one['id']} of sql for {one['input']}"
        if "superseded" in one["report"]:
            if generation == max(target.numbers):
                raise Violation(f"{where} passed it over, but it was not replaced")
            if one["outputs"]:
                raise Violation(f"{where} passed it over, but wrote {one['outputs']}")
            self.run.tally["events passed over, as their object was replaced"] += 1
            return
        outputs = functions_content.sql_outputs(number)
        folder = target.name.removesuffix(".csv") + "/"
        names = sorted(output["uri"].removeprefix(f"gs://{setup.CLEAN}/") for output in one["outputs"])
        if names != [folder + name for name in outputs.names]:
            raise Violation(f"{where} says that it wrote {names}")
        if (one["rows_in"], one["rows_accepted"], one["rows_quarantined"]) != outputs.counts:
            raise Violation(f"{where} counts other rows than {outputs.counts}: {one}")
        for output in one["outputs"]:
            name = output["uri"].removeprefix(f"gs://{setup.CLEAN}/")
            self.run.made[setup.CLEAN, name, int(output["generation"])] = (target, number, one["id"])

    def check_framework(self, one, target, generation, number):
        for name in functions_content.framework_outputs(number, one["event"]):
            self.run.made[setup.MADE, f"{target.name}@{generation}/{name}", None] = (target, number, one["event"])

    def check_http(self, one, target, generation, number):
        seen = self.run.receiver.seen(target.bucket, target.name, ("finalized", generation))
        if seen is None or not seen.last_succeeded:
            raise Violation(f"the receiver's last word on {one['input']} was not success: it was asked "
                            f"{seen.tries if seen else 0} times")
        if seen.id != one["event"]:
            raise Violation(f"the receiver saw {one['input']} as event {seen.id}, not {one['event']}")

    # -- what was written

    def check_outputs(self, bucket, versions):
        """What is there is what the runs say, and each of it is what one run makes."""
        expected = {key[1:] for key in self.run.made if key[0] == bucket}
        listed = {(item["name"], int(item["generation"]) if versions else None): item
                  for item in self.client.list(bucket, versions)}
        for name, generation in expected - listed.keys():
            raise Violation(f"gs://{bucket}/{name}#{generation} is missing: {self.run.made[bucket, name, generation]}")
        for name, generation in listed.keys() - expected:
            raise Violation(f"gs://{bucket}/{name}#{generation} is there, but is of no run that succeeded: "
                            f"{listed[name, generation]}")
        for (name, generation), item in listed.items():
            self.check_bytes(bucket, name, generation, item)

    def check_bytes(self, bucket, name, generation, item):
        target, number, origin = self.run.made[bucket, name, generation]
        data = self.client.read(bucket, name, generation)
        last = name.rpartition("/")[2]
        if bucket == setup.MADE:
            wrong = data != functions_content.framework_outputs(number, origin)[last]
        else:
            wrong = functions_content.sql_outputs(number).differs(last, data)
            if item["metadata"] != {"caudal-function": "sql", "caudal-run": str(origin)}:
                raise Violation(f"gs://{bucket}/{name}#{generation} says it is of {item['metadata']}, not run {origin}")
        if wrong:
            raise Violation(f"gs://{bucket}/{name}#{generation} is not what one run makes of {target}: {len(data)} "
                            f"bytes: {data[:300]!r}")
        self.run.tally["outputs checked"] += 1


def prune(run, client):
    """Keeps what is of the newest generation of each input, for the rounds to come; the rest would fill the disk."""
    for target in verify.everything(run):
        verify.delete_versions(client, target, 0)
        run.receiver.forget(target.bucket, target.name)
    newest = {}
    for bucket, name, generation in run.made:
        if bucket == setup.CLEAN:
            newest[name] = max(newest.get(name, 0), generation)
    live = {f"{target.name}@{target.state.live.generation}" for target in verify.everything(run) if target.state.live}
    for bucket, name, generation in list(run.made):
        if generation != newest[name] if bucket == setup.CLEAN else name.rpartition("/")[0] not in live:
            client.delete(bucket, name, generation)
            del run.made[bucket, name, generation]
    for target in verify.everything(run):
        target.checked()
