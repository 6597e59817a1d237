#!/usr/bin/env python3
"""Measures functions beside others, in one run each: bench/functions/run.py [FIGURE ...], see docs/benchmarks.md.

Exit code 0 when every figure reached its target, 1 when one did not, 2 when something could not be measured.
"""
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import figures_run
import latency
import options as shared
import payments
import small_files

MB = 1e6
TIME_MAX, SPEED_MIN, MEMORY_MAX, PSS_MAX, LATENCY_MAX_MS = 1.2, 10, 0.25, 1e9, 20


def middle(values, key):
    return statistics.median(value[key] for value in values)


def payments_lines(got):
    """(what, figure, target, reached) of each line of the table."""
    ours, duckdb = middle(got["ours"], "seconds"), middle(got["duckdb"], "seconds")
    ratio = statistics.median(a["seconds"] / b["seconds"] for a, b in zip(got["ours"], got["duckdb"]))
    pss = max(one["pss"] for one in got["ours"])
    speed, share = got["pandas"]["seconds"] / ours, pss / got["pandas"]["pss"]
    size = f"{got['rows'] / 1e6:g} M rows, {got['bytes'] / MB:,.0f} MB"
    return [
        (f"payments, {size}: time, bare DuckDB with syncs = 1", f"**{ratio:.2f}** ({ours:.1f} s, {duckdb:.1f} s)",
         f"≤ {TIME_MAX}", ratio <= TIME_MAX),
        ("… times faster than the pandas function", f"**{speed:.1f}** ({got['pandas']['seconds']:.0f} s)", f"≥ {SPEED_MIN}",
         speed >= SPEED_MIN),
        ("… memory of all our processes (PSS), the pandas function's = 1",
         f"**{share:.2f}** ({pss / MB:,.0f} MB, {got['pandas']['pss'] / MB:,.0f} MB)", f"≤ {MEMORY_MAX}", share <= MEMORY_MAX),
        ("… memory of all our processes (PSS)", f"**{pss / MB:,.0f} MB** (bare DuckDB {middle(got['duckdb'], 'pss') / MB:,.0f} MB)",
         f"≤ {PSS_MAX / MB:,.0f} MB", pss <= PSS_MAX),
    ]


def latency_lines(got):
    return [(f"upload sent to first line of a warm Python function, {got['events']} events",
             f"p50 **{got['p50_ms']:.1f} ms**, p99 {got['p99_ms']:.1f} ms ({got['p50_after_answer_ms']:.1f} ms after the "
             "upload's answer)", f"p50 ≤ {LATENCY_MAX_MS} ms", got["p50_ms"] <= LATENCY_MAX_MS)]


def small_files_lines(got):
    return [(f"{small_files.FILES} files of {small_files.ROWS} rows uploaded at once, until a {kind} function has run for all",
             f"**{one['per_second']:.0f} files/s** ({one['seconds']:.1f} s; uploads alone {one['uploaded_s']:.1f} s)", "all done", True)
            for kind, one in got.items()]


LINES = {"payments": payments_lines, "latency": latency_lines, "small-files": small_files_lines}


def measure(name, folder, binary, options):
    if name == "payments":
        return payments.measure(folder, binary, options.rounds, options.rows, print)
    if name == "latency":
        return latency.measure(folder, binary, options.events, print)
    return small_files.measure(folder, binary, print)


def main():
    parser = shared.parser(__doc__, LINES)
    parser.add_argument("--rounds", type=int, default=3, help="of payments, ours and bare DuckDB in turn")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of payments")
    parser.add_argument("--events", type=int, default=300, help="of latency")
    options = shared.parse(parser, LINES)
    binary = pathlib.Path(options.build) / "caudal"
    return figures_run.run(options, __file__, ["caudal"], lambda name, folder: measure(name, folder, binary, options), LINES)


if __name__ == "__main__":
    sys.exit(main())
