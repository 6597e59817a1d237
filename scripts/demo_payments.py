"""The payments scenario of the demo: examples/payments on a private server, with a generated file."""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from support.runs import wait_for_dead_letter, wait_for_run
from support.server import ROOT, CaudalServer

INPUT, OUTPUT = "anoc001-test-armandolara", "anoc001-test-data-armandolara"


def example_copy(folder):
    """The example as it is, without its second function: that one installs packages from the network."""
    copy = pathlib.Path(folder) / "payments"
    shutil.copytree(ROOT / "examples" / "payments", copy)
    config = copy / "caudal.yaml"
    config.write_text(config.read_text().split("  # The same job as an unmodified Cloud Function")[0])
    return copy


def generate(folder):
    """The file, what is in it, and the right totals."""
    names = {"--facts": "facts.json", "--totals": "totals.csv"}
    subprocess.run([sys.executable, "generate.py", "payments.csv", *sum(names.items(), ())], cwd=folder, check=True)
    return ((folder / "payments.csv").read_bytes(), json.loads((folder / "facts.json").read_text()),
            (folder / "totals.csv").read_bytes())


def show_rows(data, columns, count, say):
    rows = list(csv.DictReader(data.decode().splitlines()))
    for row in rows[:count]:
        say("        " + "  ".join((row[name] or "—")[:width].ljust(width) for name, width in columns.items()).rstrip())
    if len(rows) > count:
        say(f"        … and {len(rows) - count} more")


def good_file(server, bucket, output, folder, say, check):
    data, facts, totals = generate(folder)
    began = time.monotonic()
    bucket.blob("raw/payments.csv").upload_from_string(data, content_type="text/csv")
    say(f"   uploaded gs://{INPUT}/raw/payments.csv: {facts['rows']:,} rows, {len(data) / 1e6:.1f} MB, damaged as real files are")
    run = wait_for_run(server, "payments", "raw/payments.csv")
    check(f"run {run['id']} of the function 'payments' {run['status']}, {time.monotonic() - began:.2f} s after the upload began",
          run["status"] == "succeeded")
    quarantined = run.get("rows_quarantined", -1)
    check(f"{run.get('rows_in', -1):,} rows in = {run.get('rows_accepted', -1):,} accepted + {quarantined} to quarantine",
          (run.get("rows_in"), run.get("rows_accepted")) == (facts["rows"], facts["accepted"]))
    for rule in run["report"]["checks"][0]["rules"]:
        if rule["rows"]:
            say(f"        {rule['rows']:>3} rows: {rule['reason']} (rule {rule['rule']}, {rule['action']})")
    say(f"   gs://{OUTPUT}/quarantine/payments.csv")
    show_rows(output("quarantine/payments.csv"), {"id": 10, "amount": 14, "status": 15, "_reason": 30, "unreadable": 30}, 5, say)
    say(f"   gs://{OUTPUT}/processed/daily_totals.csv")
    show_rows(output("processed/daily_totals.csv"), {"name": 15, "company_id": 10, "created_at": 10, "total": 12}, 3, say)
    check(f"{facts['groups']} daily totals, {facts['total']} together, are right to the cent",
          output("processed/daily_totals.csv") == totals)
    say(f"   step by step: caudal functions logs {run['id']}; every run: caudal functions runs payments")


def bad_file(server, bucket, output, say, check):
    before = output("processed/payments.csv")
    bucket.blob("raw/bad.csv").upload_from_string("id,name,company_id,status,created_at,paid_at\n1,2,3,4,5,6\n")
    run = wait_for_run(server, "payments", "raw/bad.csv")
    say(f"   uploaded gs://{INPUT}/raw/bad.csv, which lacks a column: the run {run['status']}")
    say(f"        {run.get('error', '')}")
    wait_for_dead_letter(server, "raw/bad.csv")
    check("it is a dead letter, and the outputs are still those of the good file",
          run["status"] == "failed" and output("processed/payments.csv") == before)


def tables(server, output, say, check):
    """The same rows as a table, for SQL and for any engine that reads Iceberg."""
    loaded = server.cli("load", "payments.payments", f"gs://{OUTPUT}/processed/payments.parquet", "--replace", "--key", "id")
    say(f"   caudal load payments.payments gs://{OUTPUT}/processed/payments.parquet --replace --key id")
    sql = ("SELECT status, count(*) AS payments, sum(amount) AS total FROM payments.payments GROUP BY status "
           "ORDER BY total DESC NULLS LAST")
    say(f'   caudal query "{sql}"')
    shown = server.cli("query", "--format", "table", sql)
    for line in shown.stdout.splitlines():
        say("        " + line)
    counted = json.loads(server.cli("query", "--format", "json", "SELECT count(*) AS n FROM payments.payments").stdout)
    rows = list(csv.DictReader(output("processed/payments.csv").decode().splitlines()))
    check(f"the table has the {len(rows):,} accepted rows",
          loaded.returncode == 0 and shown.returncode == 0 and int(counted[0]["n"]) == len(rows))
    say("   the same in Python, with pyiceberg (against a server of your own):")
    lines = ["from pyiceberg.catalog import load_catalog",
             f'catalog = load_catalog("caudal", type="rest", uri="{server.url}/iceberg")',
             'print(catalog.load_table("payments.payments").scan(selected_fields=("status", "amount")).to_arrow())']
    for line in lines:
        say("        " + line)
    read = subprocess.run([sys.executable, "-c", "\n".join([*lines[:2],
                           'print(catalog.load_table("payments.payments").scan().to_arrow().num_rows)'])],
                          capture_output=True, text=True, check=False)
    check("pyiceberg reads as many", read.stdout.strip() == str(len(rows)))


def payments(folder, say, check, step):
    copy = example_copy(folder)
    with CaudalServer(copy) as server:
        os.environ["STORAGE_EMULATOR_HOST"] = server.url
        client = storage.Client(project="demo", credentials=AnonymousCredentials())

        def output(name):
            return client.bucket(OUTPUT).blob(name).download_as_bytes()

        bucket = client.bucket(INPUT)
        good_file(server, bucket, output, copy, say, check)
        bad_file(server, bucket, output, say, check)
        step(6, "The clean payments as a table: SQL from the command line, and any engine that reads Iceberg")
        tables(server, output, say, check)
