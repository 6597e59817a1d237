#!/usr/bin/env python3
"""Measures the capture of PostgreSQL: bench/cdc/run.py [FIGURE ...], see docs/benchmarks.md.

Exit code 0 when every figure reached its target, 1 when one did not, 2 when something could not be measured.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import figures_run
import options as shared
import snapshot

FIGURES = {"snapshot": (snapshot.measure, snapshot.lines)}


def main():
    parser = shared.parser(__doc__, FIGURES)
    parser.add_argument("--rounds", type=int, default=3)
    options = shared.parse(parser, FIGURES)
    return figures_run.run(options, __file__, ["cdc_snapshot"], lambda name, folder: FIGURES[name][0](options, folder),
                           {name: lines for name, (_, lines) in FIGURES.items()})


if __name__ == "__main__":
    sys.exit(main())
