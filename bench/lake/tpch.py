"""TPC-H through Caudal's tables, beside bare DuckDB on the same Parquet files.

The rows come from tpchgen-cli, the queries from DuckDB's extension for TPC-H. Both sides have two threads, answer over one
connection, and must give the same rows.
"""
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse

import duckdb
import pyarrow

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import servers

TABLES = {"region": "r_regionkey", "nation": "n_nationkey", "supplier": "s_suppkey", "customer": "c_custkey",
          "part": "p_partkey", "partsupp": "ps_partkey,ps_suppkey", "orders": "o_orderkey",
          "lineitem": "l_orderkey,l_linenumber"}
CHANGED = {"orders": 40, "lineitem": 160}  # rows of an upsert commit
COMMITS = int(os.environ.get("CAUDAL_TPCH_COMMITS", 1000))
THREADS = 2
SETTLED_SECONDS = 30
PACKAGES = pathlib.Path(os.environ.get("CAUDAL_CACHE", pathlib.Path.home() / ".cache/caudal")) / "tpch"  # scripts/setup bench


class Platform(servers.Server):
    name = "caudal"

    def __init__(self, folder, binary):
        self.binary = str(binary)
        self.config = pathlib.Path(f"{folder}.yaml")
        self.config.write_text(f"data: {json.dumps(str(folder) + '-data')}\nquery: {{memory: 4GB, threads: {THREADS}}}\n"
                               "lake: {maintenance: {interval: 1s}}\n")
        super().__init__(folder)

    def command(self):
        return [self.binary, "up", "--config", str(self.config), "--listen", f"127.0.0.1:{self.port}"]

    def load(self, table, path, mode="append", key=""):
        query = {"table": f"tpch.{table}", "name": "rows.parquet", "mode": mode}
        query = urllib.parse.urlencode([*query.items(), *(("key", one) for one in key.split(",") if one)])
        connection = servers.http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request("POST", f"/api/v1/load/upload?{query}", pathlib.Path(path).read_bytes())
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"load of {table}: {answer.status} {text[:500]!r}")

    def query(self, sql):
        """(rows, seconds) of an answer in Arrow's format."""
        begin = time.monotonic()
        payload = self.request("POST", "/api/v1/query", {"sql": sql, "default_dataset": "tpch", "format": "arrow"})
        rows = pyarrow.ipc.open_stream(payload).read_all()
        return rows, time.monotonic() - begin

    def files(self, table):
        return json.loads(self.request("GET", f"/api/v1/tables/tpch/{table}/files"))["files"]

    def download(self, path, target):
        bucket, name = path.removeprefix("gs://").split("/", 1)
        target.write_bytes(self.request("GET", f"/download/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, safe='')}?alt=media"))


def bare():
    connection = duckdb.connect(config={"threads": THREADS})
    connection.execute(f"LOAD '{next(PACKAGES.rglob('tpch.duckdb_extension'))}'")
    return connection


def same(ours, theirs):
    """Whether two answers agree; sums of floating point numbers, which depend on the order, to nine digits."""
    def plain(row):
        return [round(float(value), 4) if isinstance(value, float) else value for value in row.values()]
    return [plain(row) for row in ours.to_pylist()] == [plain(row) for row in theirs.to_pylist()]


def compare(server, connection, queries, rounds):
    """Times of each query: ours, theirs, and their ratio. The two take turns."""
    out = []
    for number, sql in queries:
        ours, theirs = [], []
        for i in range(rounds + 1):  # the first warms both
            rows, seconds = server.query(sql)
            begin = time.monotonic()
            others = connection.execute(sql).fetch_arrow_table()
            theirs.append(time.monotonic() - begin)
            ours.append(seconds)
            if i == 0 and not same(rows, others):
                raise RuntimeError(f"query {number}: the answers differ: {rows.slice(0, 3).to_pylist()} {others.slice(0, 3).to_pylist()}")
        a, b = statistics.median(ours[1:]), statistics.median(theirs[1:])
        out.append({"number": number, "ours_ms": a * 1000, "theirs_ms": b * 1000, "ratio": a / b})
    return {"queries": out, "mean": math.exp(statistics.fmean(math.log(one["ratio"]) for one in out))}


def change(server, connection, folder):
    """Small commits: rows that are there already, with another comment."""
    for table, rows in CHANGED.items():  # which rows, at random
        connection.execute(f"CREATE TABLE changed_{table} AS SELECT (row_number() OVER () - 1) // {rows} AS number, * "
                           f"FROM (FROM (FROM {table} USING SAMPLE {rows * (COMMITS + 1) // 2} ROWS) ORDER BY random())")
    for i in range(COMMITS):
        table = "orders" if i % 2 else "lineitem"
        path = folder / "change.parquet"
        connection.execute(f"COPY (SELECT * EXCLUDE number REPLACE ('changed {i}' AS {table[0]}_comment) FROM "
                           f"changed_{table} WHERE number = {i // 2}) TO '{path}' (FORMAT parquet)")
        server.load(table, path, "upsert")


def wait_for_maintenance(server):
    """Until the files of the changed tables have stayed the same for a while: longer than a rewrite of one takes."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < SETTLED_SECONDS:
        now = {table: sorted(file["path"] for file in server.files(table)) for table in CHANGED}
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.5)


def views(connection, files):
    for table, paths in files.items():
        listed = ", ".join(f"'{path}'" for path in paths)
        connection.execute(f"CREATE OR REPLACE VIEW {table} AS SELECT * FROM read_parquet([{listed}])")


def measure(options, folder):
    generated = folder / "generated"
    subprocess.run([PACKAGES / "bin/tpchgen-cli", "parquet", "-s", "1", f"--output-dir={generated}"], check=True)
    server = Platform(folder / "server", pathlib.Path(options.build) / "caudal")
    try:
        for table, key in TABLES.items():
            server.load(table, generated / f"{table}.parquet", key=key)
        copies, connection = folder / "copies", bare()
        copies.mkdir()
        files = {}
        for table in TABLES:
            for i, file in enumerate(server.files(table)):
                path = copies / f"{table}-{i}.parquet"
                server.download(file["path"], path)
                files.setdefault(table, []).append(path)
        views(connection, files)
        queries = connection.execute("FROM tpch_queries()").fetchall()
        fresh = compare(server, connection, queries, options.rounds)
        changes = bare()
        views(changes, files)
        change(server, changes, folder)
        wait_for_maintenance(server)
        # The bare one reads the changed rows from one set of files without deletes: what a rewrite would leave.
        after_files = {}
        for table in TABLES:
            path = copies / f"{table}-after.parquet"
            path.write_bytes(server.request("POST", "/api/v1/query", {"sql": f"SELECT * FROM tpch.{table}", "format": "parquet"}))
            after_files[table] = [path]
        views(connection, after_files)
        after = compare(server, connection, queries, options.rounds)
        live = {table: len(server.files(table)) for table in CHANGED}
        return {"fresh": fresh, "after": after, "commits": COMMITS, "live_files": live}
    finally:
        server.stop()
