"""How each round of the loop with functions ends: that of the server, and of the processes that serve functions."""
import dataclasses
import random

import plan as plans

# The steps of a run, from its event to its record.
STEPS = ("functions.", "sched.", "objects.publish_all", "objects.adopt", "events.deliver", "events.record")


@dataclasses.dataclass(frozen=True)
class Plan(plans.Plan):
    worker_deaths: tuple = ()   # when in the load, 0 to 1, and of which kind
    new_revision: bool = False  # the sources changed: they are deployed at the start
    wait_ready: bool = True     # the load begins when all functions are there

    def text(self):
        dying = f"{len(self.worker_deaths)} workers die" if self.worker_deaths else ""
        parts = [super().text() if self.server_dies else "", dying, "deploys" if self.new_revision else ""]
        return ", ".join(part for part in parts if part)


def plan(seed, number, can_cut, names):
    rng = random.Random(f"functions:{seed}:{number}")
    general = plans.plan(seed, number, can_cut, names)
    server_dies = rng.random() < 0.8
    count = rng.choice([0, 0, 1, 2]) if server_dies else rng.randrange(1, 5)
    new_revision = number == 0 or rng.random() < 0.2
    failpoint, probability = failpoint_of(rng, names, new_revision) if server_dies else ("", 0)
    changed = {
        "power_cut": general.power_cut and server_dies,
        "failpoint": failpoint,
        "probability": probability,
        "moment_s": rng.uniform(2, 3) if failpoint else rng.uniform(0.1, 2.5),
        "receiver_failing": rng.choice([0, 0.05, 0.3]),
        "crash_in_recovery": general.crash_in_recovery if server_dies else 0,
        "pace_s": rng.choice([0.05, 0.1, 0.3]),
        "recovery_s": rng.uniform(0.05, 2),
        "server_dies": server_dies,
        "worker_deaths": tuple(sorted((rng.random(), rng.choice(["query", "function"])) for _ in range(count))),
        "new_revision": new_revision,
        "wait_ready": rng.random() < 0.75,
    }
    return Plan(**(dataclasses.asdict(general) | changed))


def failpoint_of(rng, names, new_revision):
    """(name, probability): of a step of a run, which the load passes a few dozen times, or anywhere, or none."""
    kind = rng.random()
    if kind < 0.3:
        return "", 0
    if kind < 0.5:
        return "*", 10 ** rng.uniform(-3.5, -2)
    if new_revision and kind < 0.6:
        return "functions.deploy.installed", 0.5
    steps = [name for name in names if name.startswith(STEPS) and name != "functions.deploy.installed"]
    return rng.choice(steps if kind < 0.9 else names), 10 ** rng.uniform(-1.7, -0.3)
