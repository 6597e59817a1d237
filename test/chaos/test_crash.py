"""A short crash loop, as part of the tests. `make soak` runs the long one."""
import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import soak

ROUNDS = 8
BINARY = os.environ.get("CAUDAL_BINARY", "build/dev/caudal")


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_a_short_crash_loop(tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # shown when it fails
    run = soak.Run(tmp_path / "soak", pathlib.Path(BINARY).resolve(), seed)
    try:
        for _ in range(ROUNDS):
            run.one_round()
        assert run.tally["acknowledged changes and reads"] > 100
    finally:
        run.close()
