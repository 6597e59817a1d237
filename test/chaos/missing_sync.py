#!/usr/bin/env python3
"""Leaves out each sync of the server in turn, and cuts the power until the loss shows.

    test/chaos/missing_sync.py [SITE ...] [--rounds N] [--list]

A site is `<file below src>:<line>` of a call in os/file.h, or `sqlite:<end of the file's name>`. For each: caught (by
which violation), or not. A site that is not caught must have a comment beside it that says POSIX promises less than
ext4 gives (or why it isn't for safety), else the exit code is 1.
"""
import argparse
import dataclasses
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import backups
import functions_plan
import functions_soak
import oracle
import plan as plans
import soak

TREE = pathlib.Path(__file__).resolve().parents[2]
CALL = re.compile(r"(?:\.|->|\b)(?:Sync|SyncDir|SyncFileSystem)\(")
# Declarations and definitions, and calls that only pass on to another of these.
NOT_A_CALL = re.compile(r"^\s*(?:Result<\w+>|void|int) |^\s*//")
SQLITE = ["sqlite:-wal", "sqlite:.db"]


def sites():
    found = []
    for path in sorted((TREE / "src").rglob("*.cc")):
        if path.name.endswith("_test.cc"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if CALL.search(line) and not NOT_A_CALL.search(line):
                found.append(f"{path.relative_to(TREE / 'src')}:{number}")
    return found + SQLITE


def line_of(site):
    if site.startswith("sqlite:"):
        return "SQLite's sync of *" + site.partition(":")[2]
    name, _, number = site.rpartition(":")
    return (TREE / "src" / name).read_text().splitlines()[int(number) - 1].strip()


def excuse(site):
    """The comment beside it: on the line, or in the lines of comment right above the statement."""
    if site.startswith("sqlite:"):
        return ""
    name, _, number = site.rpartition(":")
    lines = (TREE / "src" / name).read_text().splitlines()
    at = int(number) - 1
    words = [lines[at].partition("//")[2]]
    above = at - 1
    while above >= max(0, at - 8) and "//" in lines[above]:
        words.insert(0, lines[above].partition("//")[2])
        above -= 1
    text = " ".join(" ".join(words).split())
    return text if re.search(r"POSIX|not for safety", text) else ""


def environment(site, folder):
    reached = {"CAUDAL_SKIP_SYNC_REACHED": str(folder / "reached")}
    if not site.startswith("sqlite:"):
        return {"CAUDAL_SKIP_SYNC": site, **reached}
    library = folder / "skip_sync.so"
    subprocess.run(["g++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", library,
                    TREE / "test/chaos/skip_sync.cc", "-ldl"], check=True)
    return {"CAUDAL_SKIP_SYNC_OF": site.partition(":")[2], "LD_PRELOAD": str(library), **reached}


def cut(rng):
    """Rounds that suit: power cuts only, half of them soon after a recovery too, at a moment or anywhere."""
    failpoint = rng.choice(["", "", "*"])
    pace_s = rng.choice([0, 0, 3.0])  # slow: the journal is then trimmed file by file
    # Between the journal's end and the sync that ends the recovery: the one step where only its own syncs hold.
    late = rng.random() < 0.4
    if late:
        return plans.Plan(power_cut=True, failpoint="", probability=0, moment_s=1.0, receiver_failing=0,
                          receiver_down=False, crash_in_recovery=1,
                          recovery_failpoint="objects.recovery.orphans_removed")
    return plans.Plan(power_cut=True, failpoint=failpoint, probability=10 ** rng.uniform(-3.5, -2.5),
                      moment_s=rng.uniform(0.3, 2.0) + pace_s / 2, receiver_failing=0, receiver_down=False,
                      crash_in_recovery=rng.choice([0, 1e-6, 0.2, 0.5]), pace_s=pace_s)


def deploying(plan):
    """A cut while functions are deployed or at work."""
    return functions_plan.Plan(**(dataclasses.asdict(plan) | {"new_revision": True, "wait_ready": False}))


def loops_of(site):
    """What passes the site: the crash loop, the one with functions, backups, or two of them."""
    if site.startswith(("functions/", "engine/", "sched/")):
        return [functions_soak.Run]
    if site.startswith(("app/", "meta/backup.cc:")):
        return [backups.Backups]
    return [soak.Run, backups.Backups] if site.startswith("os/file.cc:") else [soak.Run]


def try_loop(loop, site, folder, binary, rounds, seed):
    """(violation or "", rounds run, reached)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run = loop(folder, binary, seed, environment=environment(site, folder), log=lambda line: None)
    rng = random.Random(f"missing:{seed}:{site}")
    if not run.can_cut:
        sys.exit(f"power can't be cut here ({run.disk.reason}): a missing sync can't show")
    done = 0
    try:
        for _ in range(rounds):
            if loop is soak.Run:
                run.one_round(cut(rng))
            elif loop is functions_soak.Run:
                run.one_round(deploying(cut(rng)))
            else:
                run.one_round(rng.choice(["", "", *backups.BACKUP_FAILPOINTS]))
            done += 1
        return "", done, (folder / "reached").exists()
    except oracle.Violation as violation:
        return str(violation), done + 1, (folder / "reached").exists()
    finally:
        run.close()
        shutil.rmtree(folder, ignore_errors=True)


def try_site(site, folder, binary, rounds, seed):
    """The same, of the first loop that catches it, or of all of them."""
    total, reached = 0, False
    for loop in loops_of(site):
        violation, done, passed = try_loop(loop, site, folder, binary, rounds, seed)
        total, reached = total + done, reached or passed
        if violation:
            return violation, done, True
    return "", total, reached


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", nargs="*")
    parser.add_argument("--rounds", type=int, default=12, help="of one site, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="print the sites")
    parser.add_argument("--folder", default=str(TREE / "build/missing-sync"))
    parser.add_argument("--binary", default=os.environ.get("CAUDAL_BINARY", str(TREE / "build/dev/caudal")))
    options = parser.parse_args()
    if options.list:
        for site in sites():
            print(f"{site:34} {line_of(site)}")
        return 0
    unexplained = 0
    for site in options.site or sites():
        started = time.monotonic()
        violation, rounds, reached = try_site(site, pathlib.Path(options.folder), options.binary, options.rounds,
                                              options.seed)
        if violation:
            verdict = f"caught in round {rounds}: {violation[:160]}"
        elif not reached:
            verdict = "not reached" + ("" if excuse(site) else "; nothing beside it says why")
        else:
            verdict = f"not caught in {rounds} rounds; beside it: {excuse(site) or 'nothing'}"
        unexplained += not violation and not excuse(site)
        print(f"{site:34} {time.monotonic() - started:5.0f} s  {line_of(site)}\n    {verdict}", flush=True)
    print(f"{unexplained} syncs without proof or reason")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
