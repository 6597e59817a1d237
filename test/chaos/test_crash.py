"""A short crash loop, as part of the tests. `make soak` runs the long one."""
import pytest
import soak

ROUNDS = 8


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_a_short_crash_loop(start_loop):
    run = start_loop(soak.Run)
    for _ in range(ROUNDS):
        run.one_round()
    assert run.tally["acknowledged changes and reads"] > 100
