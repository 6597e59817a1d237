"""How each round ends: a pure function of the seed and the round's number."""
import dataclasses
import pathlib
import random
import re

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"


@dataclasses.dataclass(frozen=True)
class Plan:
    power_cut: bool
    failpoint: str            # "" for a random moment, "*" for any failpoint, else its name
    probability: float
    moment_s: float           # of death at the latest
    receiver_failing: float
    receiver_down: bool       # for some time in the middle
    crash_in_recovery: float  # probability of each failpoint to end the restart too; 0 for none

    @property
    def action(self):
        return "cut" if self.power_cut else "kill"

    def environment(self, seed, mount_point):
        armed = {"CAUDAL_POWER_CUT": str(mount_point)} if self.power_cut else {}
        if self.failpoint:
            armed["CAUDAL_FAILPOINTS"] = f"{self.failpoint}={self.action}:{self.probability:.6f}"
            armed["CAUDAL_FAILPOINT_SEED"] = str(seed)
        return armed

    def text(self):
        how = "power cut" if self.power_cut else "kill"
        when = f"at {self.failpoint} p={self.probability:.4f}" if self.failpoint else f"after {self.moment_s:.2f} s"
        again = ", again while recovering" if self.crash_in_recovery else ""
        return f"{how} {when}{again}"


def failpoints():
    """Those that the load passes."""
    names = set()
    for path in SOURCES.rglob("*.cc"):
        if not path.name.endswith("_test.cc"):
            names.update(re.findall(r'FAILPOINT(?:_NO_ERROR)?\("([a-z_.]+)"', path.read_text()))
    return sorted(name for name in names if "backup" not in name and "restore" not in name)


def plan(seed, number, can_cut, names):
    rng = random.Random(f"plan:{seed}:{number}")
    kind = rng.random()
    failpoint = "" if kind < 0.4 else "*" if kind < 0.7 else rng.choice(names)
    probability = 10 ** (rng.uniform(-3.5, -1.7) if failpoint == "*" else rng.uniform(-2.5, -0.3))
    return Plan(
        power_cut=can_cut and number % 2 == 1,
        failpoint=failpoint,
        probability=probability,
        moment_s=rng.uniform(0.1, 1.5) if not failpoint else rng.uniform(1.5, 2.5),
        receiver_failing=rng.choice([0, 0, 0.05, 0.3]),
        receiver_down=rng.random() < 0.15,
        crash_in_recovery=rng.choice([0.02, 0.3]) if rng.random() < 0.2 else 0)
