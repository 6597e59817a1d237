"""Short crash loops, as part of the tests: each on a seed of its own, which is shown when it fails."""
import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


@pytest.fixture
def start_loop(tmp_path):
    """Makes a loop of a class; closes it after the test."""
    loops = []

    def start(kind):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")
        binary = pathlib.Path(os.environ.get("CAUDAL_BINARY", "build/dev/caudal")).resolve()
        loops.append(kind(tmp_path / "loop", binary, seed))
        return loops[-1]

    yield start
    for loop in loops:
        loop.close()
