"""The payments job on ten million rows: the SQL function, the same SQL in bare DuckDB, and the pandas function."""
import json
import pathlib
import subprocess
import sys

import memory
from server import EXAMPLE, FunctionServer, python_with_packages

HERE = pathlib.Path(__file__).resolve().parent
INPUT, OUTPUT = "anoc001-test-armandolara", "anoc001-test-data-armandolara"
OUTPUTS = ("quarantine/payments.csv", "processed/payments.parquet", "processed/payments.csv", "processed/daily_totals.csv")


def config():
    """The example's, with room for the pandas function."""
    text = (EXAMPLE / "caudal.yaml").read_text().replace("sql_file: payments.sql", f"sql_file: {EXAMPLE}/payments.sql")
    text = text[text.index("buckets:"):].replace("source: python", f"source: {EXAMPLE}/python\n    install: false\n"
                                                 f"    interpreter: {python_with_packages()}")
    return text.replace("memory: 1GB", "memory: 20GiB").replace("timeout: 10m", "timeout: 1h")


def generate(folder, rows, say):
    say(f"  payments: generating {rows:,} rows")
    subprocess.run([sys.executable, EXAMPLE / "generate.py", "payments.csv", "--rows", str(rows), "--facts", "facts.json",
                    "--totals", "totals.csv"], cwd=folder, check=True)
    return json.loads((folder / "facts.json").read_text()), (folder / "totals.csv").read_bytes()


def ours(server, folder, number, facts, totals):
    """Seconds from the begin of the run to its commit, and the largest sum of PSS of all processes."""
    name = f"raw/{number}.csv"
    server.upload(INPUT, name, folder / "payments.csv")
    with server.watch() as watch:
        run = server.wait_run("payments", name)
    if (run["rows_in"], run["rows_accepted"]) != (facts["rows"], facts["accepted"]):
        raise RuntimeError(f"wrong counts: {run}")
    if server.download(OUTPUT, "processed/daily_totals.csv") != totals:
        raise RuntimeError("wrong totals")
    return {"seconds": run["duration_ms"] / 1000, "pss": watch.peak}


def bare(folder, number, facts, totals):
    out = folder / f"bare-{number}"
    process = subprocess.Popen([sys.executable, HERE / "bare_duckdb.py", folder / "payments.csv", out], stdout=subprocess.PIPE,
                               text=True)
    with memory.Watch(process.pid) as watch:
        text = process.communicate()[0]
    if process.returncode != 0:
        raise RuntimeError("bare DuckDB failed")
    told = json.loads(text)
    if (told["rows"], told["accepted"]) != (facts["rows"], facts["accepted"]):
        raise RuntimeError(f"bare DuckDB has wrong counts: {told}")
    if (out / "daily_totals.csv").read_bytes() != totals:
        raise RuntimeError("bare DuckDB has wrong totals")
    for path in out.rglob("*"):
        if path.is_file():
            path.unlink()
    return {"seconds": told["seconds"], "pss": watch.peak}


def pandas(server, folder, totals):
    server.wait_ready("payments-pandas")
    server.upload(INPUT, "pandas/payments.csv", folder / "payments.csv")
    [worker] = server.get("/api/v1/functions/payments-pandas")["facts"]["workers"]
    with memory.Watch(worker["pid"], 0.25) as watch:
        run = server.wait_run("payments-pandas", "pandas/payments.csv")
    if server.download(OUTPUT, "pandas/processed/daily_totals.csv") != totals:
        raise RuntimeError("pandas has wrong totals")
    return {"seconds": run["duration_ms"] / 1000, "pss": watch.peak}


def measure(folder, binary, rounds, rows, say):
    facts, totals = generate(folder, rows, say)
    size = (folder / "payments.csv").stat().st_size
    server = FunctionServer(folder / "caudal", binary, config())
    mine, theirs = [], []
    try:
        for number in range(rounds):
            mine.append(ours(server, folder, number, facts, totals))
            say(f"  payments: round {number + 1} caudal      {mine[-1]['seconds']:7.1f} s  {mine[-1]['pss'] / 1e6:8.0f} MB")
            theirs.append(bare(folder, number, facts, totals))
            say(f"  payments: round {number + 1} bare DuckDB {theirs[-1]['seconds']:7.1f} s  {theirs[-1]['pss'] / 1e6:8.0f} MB")
        frames = pandas(server, folder, totals)
        say(f"  payments: pandas              {frames['seconds']:7.1f} s  {frames['pss'] / 1e6:8.0f} MB")
    finally:
        server.stop()
    return {"rows": rows, "bytes": size, "ours": mine, "duckdb": theirs, "pandas": frames}
