"""How fast a table is read whole: landed in change files, beside connections that discard what they read."""
import json
import pathlib
import shutil
import statistics
import subprocess

import source

CONNECTIONS, COPY_MIN = 2, 0.5
PART = 1_000_000  # a statement has its time


def fill(postgres, rows):
    for first in range(1, rows + 1, PART):
        postgres.ask(f"INSERT INTO payments SELECT {source.ROW} FROM generate_series({first}, {min(first + PART - 1, rows)}) i")
    postgres.ask("VACUUM (FREEZE, ANALYZE) payments")


def read(options, postgres, command, *more):
    done = subprocess.run([f"{options.build}/bench/cdc_snapshot", command, "--host", "127.0.0.1", "--port", str(postgres.port), "--database", "bench",
                           "--connections", str(CONNECTIONS), *map(str, more)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(options, folder, rows):
    """The two take turns, so that they meet the same machine."""
    got = {"rows": rows, "land": [], "copy": []}
    with source.Source() as postgres:
        fill(postgres, rows)
        read(options, postgres, "copy")  # the table is in memory then
        for turn in range(options.rounds):
            place = pathlib.Path(folder) / str(turn)
            got["copy"].append(read(options, postgres, "copy"))
            got["land"].append(read(options, postgres, "land", "--folder", place))
            shutil.rmtree(place)
    for one in got["copy"] + got["land"]:
        if one["rows"] != rows:
            raise RuntimeError(f"{one['rows']} rows of {rows} were read")
    return got


def lines(got):
    def rate(one, seconds="seconds"):
        return one["rows"] / one[seconds]

    ours, theirs = (statistics.median(map(rate, got[name])) for name in ("land", "copy"))
    ratios = [rate(mine) / rate(other) for mine, other in zip(got["land"], got["copy"])]
    ratio = statistics.median(ratios)
    cpu = statistics.median(rate(one, "cpu_seconds") for one in got["land"])
    peak = max(one["rss_mib"] for one in got["land"])
    return [(f"snapshot of {got['rows']:,} rows, landed; {CONNECTIONS} parallel COPY that are discarded = 1",
             f"**{ratio:.2f}** ({min(ratios):.2f} to {max(ratios):.2f}; {ours:,.0f} rows/s, {theirs:,.0f} rows/s; {cpu:,.0f} rows per CPU s, "
             f"at most {peak:,} MiB)", f"≥ {COPY_MIN}", ratio >= COPY_MIN)]
