"""A short crash loop with a source, as part of the tests. `make soak-sources` runs the long one."""
import pytest
import source_soak
from support.postgres import programs

ROUNDS = 8


@pytest.mark.slow
def test_a_copy_is_exact_after_a_short_crash_loop(start_loop):
    if programs() is None:
        pytest.fail("no PostgreSQL: run `scripts/setup test`")
    run = start_loop(source_soak.Run)
    for _ in range(ROUNDS):
        run.one_round()
    assert run.tally["transactions told"] > 50
