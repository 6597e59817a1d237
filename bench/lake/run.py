#!/usr/bin/env python3
"""Measures tables: bench/lake/run.py [FIGURE ...], see docs/benchmarks.md.

Exit code 0 when every figure reached its target, 1 when one did not, 2 when something could not be measured.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import copying
import figures_run
import options as shared
import tpch

GROWTH_MAX, FLAT_MAX, COPY_MIN, TPCH_MAX, TPCH_AFTER_MAX, PLAN_MAX_MS = 1.2, 1.5, 0.8, 1.1, 1.5, 5
SIZES = [100_000, 1_000_000, 10_000_000, 50_000_000]
FILES_MAX, METADATA_MAX, SLOWER_MAX = 300, 256 * 1024, 1.3


def tables(build, folder, command, keep=False, **options):
    """One command of the program that writes tables, in a folder that is gone afterwards, or when the figure is measured."""
    where = pathlib.Path(tempfile.mkdtemp(prefix=command, dir=folder))
    flags = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", str(value))]
    try:
        done = subprocess.run([f"{build}/bench/tables", command, "--folder", where, *flags], check=True,
                              stdout=subprocess.PIPE, text=True)
    finally:
        if not keep:
            shutil.rmtree(where, ignore_errors=True)
    return json.loads(done.stdout.splitlines()[-1])


def share(values, part):
    return sorted(values)[min(int(part * len(values)), len(values) - 1)]


def commits(options, folder):
    """Several histories, each of a table of its own; times of all of them together: a hundred have no 99th percentile."""
    rounds = []
    for _ in range(options.rounds):
        # Kept: ext4 without a journal passes over the numbers of files that went in the last minute, one by one.
        rounds.append(tables(options.build, folder, "commits", keep=True, commits=2000, rows=200, deletes=20))
    got = {"commits": 2000, "rounds": len(rounds), "table": rounds[-1]["table"]}
    for part in ("", "first_", "last_", "sync_"):
        times = [ms for one in rounds for ms in one[f"{part}ms"]]
        got |= {f"{part}p50_ms": share(times, 0.5), f"{part}p99_ms": share(times, 0.99)}
    return got


def commits_lines(got):
    p50, p99 = got["last_p50_ms"] / got["first_p50_ms"], got["last_p99_ms"] / got["first_p99_ms"]
    return [
        (f"{got['commits']} commits of 200 rows and 20 deletes at full speed, a commit; a bare fsync of 4 KiB",
         f"p50 **{got['p50_ms']:.1f} ms**, p99 **{got['p99_ms']:.1f} ms**; p50 {got['sync_p50_ms']:.1f} ms, p99 "
         f"{got['sync_p99_ms']:.1f} ms", "printed", True),
        ("… p50 of the last hundred, of the first = 1", f"**{p50:.2f}** ({got['first_p50_ms']:.1f} ms, "
         f"{got['last_p50_ms']:.1f} ms)", f"≤ {GROWTH_MAX}", p50 <= GROWTH_MAX),
        ("… p99 of the last hundred, of the first = 1", f"**{p99:.2f}** ({got['first_p99_ms']:.1f} ms, "
         f"{got['last_p99_ms']:.1f} ms)", f"≤ {GROWTH_MAX}", p99 <= GROWTH_MAX),
    ]


def upserts(options, folder):
    return {str(rows): tables(options.build, folder, "upserts", table_rows=rows, rows=1000, rounds=60) for rows in SIZES}


def upserts_lines(got):
    times = [one["p50_ms"] for one in got.values()]
    ratio = max(times) / min(times)
    text = ", ".join(f"{int(rows):,} rows: {one['p50_ms']:.1f} ms" for rows, one in got.items())
    cold = ", ".join(f"{one['cold_ms']:,.0f} ms" for one in got.values())
    return [("1,000 upserts, keys uniform over the table, p50; slowest, fastest = 1", f"**{ratio:.2f}** ({text})",
             f"≤ {FLAT_MAX}", ratio <= FLAT_MAX),
            ("… the first ones, which build the index", cold, "printed", True)]


def many(options, folder):
    return tables(options.build, folder, "many", commits=20_000, rows=200, deletes=20, table_rows=1_000_000,
                  program=f"{options.build}/caudal")


def many_lines(got):
    table, slower = got["most"], got["last_query_ms"] / got["first_query_ms"]
    files = table["data_files"] + table["delete_files"]
    return [("20,000 commits in a row to a table of a million rows, with maintenance: most live files", f"**{files}** (in {got['seconds']:,.0f} s)",
             f"< {FILES_MAX}", files < FILES_MAX),
            ("… largest metadata file", f"**{table['metadata_bytes'] / 1024:,.0f} KiB**", "≤ 256 KiB",
             table["metadata_bytes"] <= METADATA_MAX),
            ("… a query over all rows at the end, at the start = 1", f"**{slower:.2f}** ({got['first_query_ms']:.1f} ms, "
             f"{got['last_query_ms']:.1f} ms)", f"≤ {SLOWER_MAX}", slower <= SLOWER_MAX)]


def append(options, folder):
    rows = 10_000_000
    files = folder / "files"
    files.mkdir()
    ours = [tables(options.build, folder, "append", table_rows=rows, copy=files)]
    theirs = []
    for _ in range(options.rounds):
        theirs.append(copying.measure(files, folder))
        ours.append(tables(options.build, folder, "append", table_rows=rows))
    shutil.rmtree(files)
    return {"rows": rows, "ours": ours[1:], "theirs": theirs}


def append_lines(got):
    ours = sorted(one["ms"] for one in got["ours"])[len(got["ours"]) // 2] / 1000
    theirs = sorted(got["theirs"])[len(got["theirs"]) // 2]
    ratio = theirs / ours
    return [(f"append of {got['rows']:,} rows, rate; COPY of bare DuckDB with an fsync = 1",
             f"**{ratio:.2f}** ({got['rows'] / ours:,.0f} rows/s, {got['rows'] / theirs:,.0f} rows/s)", f"≥ {COPY_MIN}",
             ratio >= COPY_MIN)]


def tpch_lines(got):
    after = got["after"]
    slowest = max(got["fresh"]["queries"], key=lambda one: one["ratio"])
    return [
        ("TPC-H at scale 1, 22 queries, geometric mean of times; bare DuckDB on the same files = 1",
         f"**{got['fresh']['mean']:.2f}** (slowest: query {slowest['number']}, {slowest['ratio']:.2f})", f"≤ {TPCH_MAX}",
         got["fresh"]["mean"] <= TPCH_MAX),
        (f"… after {got['commits']:,} small upsert commits and automatic maintenance", f"**{after['mean']:.2f}**",
         f"≤ {TPCH_AFTER_MAX}", after["mean"] <= TPCH_AFTER_MAX),
    ]


FIGURES = {"commits": (commits, commits_lines), "upserts": (upserts, upserts_lines), "append": (append, append_lines),
           "many": (many, many_lines), "tpch": (tpch.measure, tpch_lines)}


def main():
    parser = shared.parser(__doc__, FIGURES)
    parser.add_argument("--rounds", type=int, default=3, help="of figures that are compared with others")
    options = shared.parse(parser, FIGURES)
    return figures_run.run(options, __file__, ["caudal", "tables"], lambda name, folder: FIGURES[name][0](options, folder),
                           {name: lines for name, (_, lines) in FIGURES.items()})


if __name__ == "__main__":
    sys.exit(main())
