"""Backups and restores that end at each of their steps."""
import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import backups

BINARY = os.environ.get("CAUDAL_BINARY", "build/dev/caudal")


@pytest.mark.slow
def test_what_was_backed_up_restores_whatever_dies(tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # shown when it fails
    run = backups.Backups(tmp_path / "backups", pathlib.Path(BINARY).resolve(), seed)
    try:
        run.one_round()
        for cut in (False, True):
            for failpoint in backups.BACKUP_FAILPOINTS:
                run.one_round(failpoint, cut=cut)
            for failpoint in backups.RESTORE_FAILPOINTS:
                run.one_round(restore_failpoint=failpoint, cut=cut)
    finally:
        run.close()
