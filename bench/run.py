#!/usr/bin/env python3
"""Measures Caudal beside others, in one run each: bench/run.py [FIGURE ...], see docs/benchmarks.md.

Exit code 0 when every ratio reached its target, 1 when one did not, 2 when something could not be measured.
"""
import pathlib
import shutil
import subprocess
import sys

import figures
import options as shared
import place
import report

TREE = shared.TREE


def main():
    names = [figure.name for figure in figures.FIGURES]
    parser = shared.parser(__doc__, names)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of one round of one server")
    options = shared.parse(parser, names)
    if not options.no_build:
        subprocess.run(["ninja", "-C", options.build, "caudal", "load", "floor"], check=True, stdout=subprocess.DEVNULL)
    fake_gcs = subprocess.run([str(TREE / "bench/setup")], check=True, capture_output=True, text=True).stdout.strip()
    folder = place.make(options.folder)
    build = pathlib.Path(options.build)
    bench = figures.Bench(build / "bench", build / "caudal", fake_gcs, folder, options.rounds, options.seconds)
    rows, missed, failed = {}, 0, 0
    try:
        for figure in figures.FIGURES:
            if options.figure and figure.name not in options.figure:
                continue
            try:
                outcome = bench.run(figure)
            except (RuntimeError, OSError, subprocess.SubprocessError) as problem:
                print(f"{figure.title}: {problem}", file=sys.stderr)
                failed += 1
                continue
            finally:
                shutil.rmtree(folder / figure.name, ignore_errors=True)
            print(report.line(outcome), flush=True)
            rows[figure.name] = report.row_of(outcome, options.rounds, options.seconds, TREE)
            missed += outcome.ratio < figure.target
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.record and rows:
        report.record(TREE / "docs/benchmarks.md", TREE / "bench/figures.json", rows, names)
    return 2 if failed else 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
