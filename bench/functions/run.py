#!/usr/bin/env python3
"""Measures functions beside others, in one run each: bench/functions/run.py [FIGURE ...], see docs/benchmarks.md.

Exit code 0 when every figure reached its target, 1 when one did not, 2 when something could not be measured.
"""
import datetime
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import latency
import options as shared
import payments
import place
import report
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


def table(rows):
    out = ["| figure | measured | target |", "|---|---|--:|"]
    for name, row in rows.items():
        for what, figure, target, reached in LINES[name](row["got"]):
            out.append(f"| {what} | {figure} | {target}{'' if reached else ' **missed**'} |")
    out.append("")
    for name, row in rows.items():
        out.append(f"- `{name}`: {row['date']}, revision {row['revision']}; {row['machine']}.")
    return "\n".join(out)


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
    if not options.no_build:
        subprocess.run(["ninja", "-C", options.build, "caudal"], check=True, stdout=subprocess.DEVNULL)
    rows, missed, failed = {}, 0, 0
    for name in options.figure or LINES:
        folder = place.make(options.folder)
        try:
            got = measure(name, folder, pathlib.Path(options.build) / "caudal", options)
        except (RuntimeError, OSError, subprocess.SubprocessError) as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            failed += 1
            continue
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        rows[name] = {"got": got, "date": datetime.date.today().isoformat(), "machine": report.machine(),
                      "revision": report.revision(shared.TREE)}
        for what, figure, target, reached in LINES[name](got):
            print(f"{what}: {figure.replace('**', '')}, target {target}: {'reached' if reached else 'MISSED'}", flush=True)
            missed += not reached
    if options.record and rows:
        report.write_section(shared.TREE / "docs/benchmarks.md", "bench/functions/run.py",
                             table(report.merge(HERE / "figures.json", rows, LINES)))
    return 2 if failed else 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
