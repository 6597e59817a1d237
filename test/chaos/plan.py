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

    pace_s: float = 0         # pause of a client between changes
    recovery_failpoint: str = "*"
    recovery_s: float = 0.3   # death in the recovery at the latest
    server_dies: bool = True  # else it is stopped when the load ends

    def environment(self, seed):
        """Before a cut the server only stops: were it running, a thread could acknowledge what the cut then takes."""
        if not self.failpoint:
            return {}
        action = "stop" if self.power_cut else "kill"
        return {"CAUDAL_FAILPOINTS": f"{self.failpoint}={action}:{self.probability:.6f}",
                "CAUDAL_FAILPOINT_SEED": str(seed)}

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
        crash_in_recovery=rng.choice([0.02, 0.3]) if rng.random() < 0.2 else 0,
        pace_s=0.2 if rng.random() < 0.15 else 0)
