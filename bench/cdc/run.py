#!/usr/bin/env python3
"""Measures how a PostgreSQL is copied: bench/cdc/run.py [FIGURE ...], see docs/benchmarks.md.

Exit code 0 when every figure reached its target, 1 when one did not, 2 when something could not be measured.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "test")]

import backlog  # noqa: E402
import figures_run  # noqa: E402
import following  # noqa: E402
import freshness  # noqa: E402
import impact  # noqa: E402
import large  # noqa: E402
import options as shared  # noqa: E402
import snapshot  # noqa: E402

FIGURES = {
    "transaction": (lambda options, folder: following.measure(options, folder, following.load_transaction, options.rows),
                    following.lines_of("one transaction", 2.5)),
    "singles": (lambda options, folder: following.measure(options, folder, following.load_singles, options.rows // 5),
                following.lines_of("transactions of one row each", 1.5)),
    "snapshot": (lambda options, folder: snapshot.measure(options, folder, 10 * options.rows), snapshot.lines),
    "freshness": (freshness.measure, freshness.lines),
    "backlog": (backlog.measure, backlog.lines),
    "large": (large.measure, large.lines),
    "impact": (impact.measure, impact.lines),
}


def main():
    parser = shared.parser(__doc__, FIGURES)
    parser.add_argument("--rounds", type=int, default=3, help="of figures that are compared with others")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large transaction, and where changes are timed; a fifth as many "
                        "small transactions, ten times as many in the snapshot")
    parser.add_argument("--seconds", type=int, default=600, help="of each rate of freshness")
    parser.add_argument("--round-seconds", type=int, default=60, help="of pgbench, with and without a reader")
    parser.add_argument("--changes", type=int, default=10_000_000, help="of the backlog")
    parser.add_argument("--large-rows", type=int, default=5_000_000, help="of the transaction that others don't wait for")
    options = shared.parse(parser, FIGURES)
    return figures_run.run(options, __file__, ["caudal", "cdc_stream", "cdc_snapshot"], lambda name, folder: FIGURES[name][0](options, folder),
                           {name: lines for name, (_, lines) in FIGURES.items()})


if __name__ == "__main__":
    sys.exit(main())
