"""From a commit in the source to its being in the result of a query, while other transactions commit at a rate; beside a native subscription."""
import json
import os
import pathlib
import subprocess
import time

import requests
import source
from support.server import CaudalServer

# Transactions a second: median and 99th percentile at most, in ms.
TARGETS = {1000: (150, 500), 10: (50, None)}
PAUSE = 0.2  # between markers
SCRIPT = "\\set id random(1, :rows)\nUPDATE payments SET amount = amount + 0.01, created_at = now() WHERE id = :id;\n"


def ask(server, sql):
    answer = requests.post(f"{server.url}/api/v1/query", json={"sql": sql, "format": "jsonl"}, timeout=60)
    return json.loads(answer.text.splitlines()[1])[0]


def wait_until_read(server, seconds=600):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = requests.get(f"{server.url}/api/v1/sources/bench", timeout=60).json()
        if state["state"] == "streaming" and all(table["state"] == "streaming" for table in state["tables"]) and state["batches_waiting"] == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"not read after {seconds} s: {state}")


def subscribe(postgres):
    """The same tables in another database of the same server, by PostgreSQL itself."""
    postgres.sql("CREATE DATABASE native")
    postgres.sql(f"CREATE TABLE payments ({source.COLUMNS}); CREATE TABLE marks (id bigint PRIMARY KEY, seen timestamptz DEFAULT clock_timestamp())", "native")
    postgres.add_slot("native")
    postgres.sql(f"CREATE SUBSCRIPTION native CONNECTION 'host=127.0.0.1 port={postgres.port} dbname=bench user=postgres' PUBLICATION bench "
                 "WITH (create_slot = false, slot_name = 'native')", "native")
    deadline = time.monotonic() + 600
    while postgres.sql("SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'", "native")[0][0] != "0":
        if time.monotonic() > deadline:
            raise RuntimeError("the native subscription wasn't ready after ten minutes")
        time.sleep(0.2)


def load(postgres, folder, rows, rate, seconds):
    script = pathlib.Path(folder) / "update.sql"
    script.write_text(SCRIPT)
    return subprocess.Popen([source.programs() / "pgbench", "-n", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "-f", script, "-D", f"rows={rows}",
                             "-c", "4", "-j", "1", "-R", str(rate), "-T", str(seconds), "bench"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def marks(postgres, server, seconds):
    """Milliseconds until each marker was seen here, and the time of its commit."""
    session = source.Session(postgres)
    got, committed = [], {}
    end = time.monotonic() + seconds
    number = int(postgres.one("SELECT coalesce(max(id), 0) FROM marks"))
    while time.monotonic() < end:
        number += 1
        committed[number] = at = session.run(f"INSERT INTO marks VALUES ({number})")
        while ask(server, "SELECT coalesce(max(id), 0) FROM raw_bench.marks") < str(number):
            time.sleep(0.002)
        got.append((time.time() - at) * 1000)
        time.sleep(PAUSE)
    session.close()
    return got, committed


def memory(server):
    """MiB of the server and its workers."""
    pid = server.process.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = sum(int(line.split()[1]) for one in [pid, *children] for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
                if line.startswith("Pss:"))
    return pages // 1024


def measure(options, folder):
    os.environ["CAUDAL_BINARY"] = f"{options.build}/caudal"
    got = {"rows": options.rows, "seconds": options.seconds, "rates": {}}
    with source.Source(options.rows, durable=True) as postgres:
        postgres.ask("CREATE TABLE marks (id bigint PRIMARY KEY)")
        config = (f"sources: {{bench: {{kind: postgres, host: 127.0.0.1, port: {postgres.port}, database: bench, user: postgres, publication: bench}}}}\n")
        with CaudalServer(pathlib.Path(folder) / "caudal", config) as server:
            wait_until_read(server)
            subscribe(postgres)
            for rate in TARGETS:
                other = load(postgres, folder, options.rows, rate, options.seconds + 2)
                times, committed = marks(postgres, server, options.seconds)
                told, _ = other.communicate()
                done = [line for line in told.splitlines() if line.startswith("tps")]
                native = [(float(seen) - committed[int(number)]) * 1000 for number, seen in
                          postgres.sql("SELECT id, extract(epoch FROM seen) FROM marks", "native") if int(number) in committed]
                got["rates"][str(rate)] = {"ours": sorted(times), "native": sorted(native), "tps": float(done[0].split()[2]) if done else 0, "mib": memory(server)}
    return got


def share(values, part):
    return values[min(int(part * len(values)), len(values) - 1)]


def lines(got):
    out = []
    for rate, (median, high) in TARGETS.items():
        one = got["rates"][str(rate)]
        ours, native = one["ours"], one["native"]
        p50, p99 = share(ours, 0.5), share(ours, 0.99)
        out.append((f"{rate:,} transactions/s ({one['tps']:,.0f} seen) for {got['seconds']} s over {got['rows']:,} rows: from a commit to a query that sees it; a native subscription",
                    f"p50 **{p50:.0f} ms**, p99 **{p99:.0f} ms**, slowest {ours[-1]:.0f} ms of {len(ours)}; p50 {share(native, 0.5):.0f} ms, p99 {share(native, 0.99):.0f} ms, "
                    f"slowest {native[-1]:.0f} ms; {one['mib']:,} MiB", f"p50 ≤ {median} ms" + (f", p99 ≤ {high} ms" if high else ""),
                    p50 <= median and (high is None or p99 <= high)))
    return out
