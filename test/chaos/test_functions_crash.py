"""A short crash loop with functions, as part of the tests. `make soak-functions` runs the long one."""
import functions_soak
import pytest

ROUNDS = 8


@pytest.mark.slow
def test_each_event_has_the_outputs_of_one_run_in_a_short_crash_loop(start_loop):
    run = start_loop(functions_soak.Run)
    for _ in range(ROUNDS):
        run.one_round()
    assert run.tally["events"] > 20
