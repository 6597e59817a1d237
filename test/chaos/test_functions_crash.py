"""A short crash loop with functions, as part of the tests. `make soak-functions` runs the long one."""
import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import functions_soak

ROUNDS = 8
BINARY = os.environ.get("CAUDAL_BINARY", "build/dev/caudal")


@pytest.mark.slow
def test_each_event_has_the_outputs_of_one_run_in_a_short_crash_loop(tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # shown when it fails
    run = functions_soak.Run(tmp_path / "soak", pathlib.Path(BINARY).resolve(), seed)
    try:
        for _ in range(ROUNDS):
            run.one_round()
        assert run.tally["events"] > 20
    finally:
        run.close()
