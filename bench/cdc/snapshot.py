"""A table of a private PostgreSQL read whole: landed in change files, and by connections that only read."""
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test" / "support"))

import postgres

ROWS, CONNECTIONS, COPY_MIN = 10_000_000, 2, 0.5
SETTINGS = ["shared_buffers=2GB", "max_wal_size=8GB", "checkpoint_timeout=1h", "autovacuum=off"]
TABLE = """
CREATE TABLE payments (id bigint PRIMARY KEY, number int NOT NULL, name text NOT NULL, amount numeric(12,2) NOT NULL,
                       at timestamptz NOT NULL, flag boolean NOT NULL)"""
# In parts: a statement has its time.
FILL = """
INSERT INTO payments SELECT i, i * 7919 % 1000003, 'customer ' || lpad((i * 104729 % 99999999999)::text, 11, '0'),
  (i * 7919 % 1000000000)::numeric / 100, '2026-01-01 00:00+00'::timestamptz + i * 1234567 % 86400000000 * interval '1 us', i % 3 = 0
FROM generate_series({}::bigint, {}::bigint) i"""


def fill(server, rows):
    server.sql(TABLE)
    for first in range(1, rows + 1, 1_000_000):
        server.sql(FILL.format(first, min(first + 999_999, rows)))
    server.sql("VACUUM (FREEZE, ANALYZE) payments")


def once(options, server, command, *more):
    done = subprocess.run([f"{options.build}/bench/cdc_snapshot", command, "--host", server.folder, "--port", str(server.port),
                           "--database", "postgres", "--connections", str(CONNECTIONS), *map(str, more)],
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(options, folder, rows=ROWS):
    """Rounds of both, one after the other, so that they meet the same machine."""
    landed, copied = [], []
    with postgres.Postgres(SETTINGS) as server:
        fill(server, rows)
        once(options, server, "copy")  # the table is in memory
        for number in range(options.rounds):
            copied.append(once(options, server, "copy"))
            landed.append(once(options, server, "land", "--folder", folder / str(number)))
            shutil.rmtree(folder / str(number))
            for got in (copied[-1], landed[-1]):
                if got["rows"] != rows:
                    raise RuntimeError(f"{got['rows']} rows of {rows} were read")
    return {"rows": rows, "landed": landed, "copied": copied}


def lines(got):
    def rate(one, seconds="seconds"):
        return one["rows"] / one[seconds]

    ours = statistics.median(map(rate, got["landed"]))
    theirs = statistics.median(map(rate, got["copied"]))
    ratio = statistics.median(rate(mine) / rate(other) for mine, other in zip(got["landed"], got["copied"]))
    cpu = statistics.median(rate(one, "cpu_seconds") for one in got["landed"])
    peak = max(one["peak_kib"] for one in got["landed"])
    return [
        (f"snapshot of {got['rows']:,} rows, landed, rate; {CONNECTIONS} parallel COPY that discard what they read = 1",
         f"**{ratio:.2f}** ({ours:,.0f} rows/s, {theirs:,.0f} rows/s)", f"≥ {COPY_MIN}", ratio >= COPY_MIN),
        ("… rows per CPU second of ours; peak memory", f"**{cpu:,.0f}**; {peak / 1024:,.0f} MiB", "printed", True),
    ]
