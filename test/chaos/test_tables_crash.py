"""A short crash loop with tables, as part of the tests. `make soak-tables` runs the long one."""
import pytest
import tables_soak

ROUNDS = 8


@pytest.mark.slow
def test_tables_hold_what_was_acknowledged_in_a_short_crash_loop(start_loop):
    run = start_loop(tables_soak.Run)
    for _ in range(ROUNDS):
        run.one_round()
    assert run.tally["acknowledged changes and reads"] > 20
