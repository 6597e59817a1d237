"""Backups and restores that end at each of their steps."""
import backups
import pytest


@pytest.mark.slow
def test_what_was_backed_up_restores_whatever_dies(start_loop):
    run = start_loop(backups.Backups)
    run.one_round()
    for cut in (False, True):
        for failpoint in backups.BACKUP_FAILPOINTS:
            run.one_round(failpoint, cut=cut)
        for failpoint in backups.RESTORE_FAILPOINTS:
            run.one_round(restore_failpoint=failpoint, cut=cut)
