#!/usr/bin/env python3
"""The payments job in bare DuckDB: bare_duckdb.py INPUT.csv OUTPUT_FOLDER.

The statements are those of examples/payments: payments.sql as it is, the rules of caudal.yaml by hand as one condition
each, the same four files, and a sync of each file and of their folder. Prints {"seconds", "rows", "accepted",
"quarantined"}.
"""
import json
import os
import pathlib
import sys
import time

import duckdb

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/payments"
STATUSES = ("paid", "pending_payment", "voided", "refunded", "partially_refunded", "charged_back", "pre_authorized",
            "expired")
RULES = [
    ("id IS NULL", "id missing", "id_not_null"),
    ("name IS NULL", "neither name nor company known", "name_not_null"),
    ("contradictory", "name and company belong to different payers", "name_of_company"),
    ("amount IS NULL OR amount NOT BETWEEN 0 AND 10000000", "amount absurd or unreadable", "amount_range"),
    (f"status IS NULL OR status NOT IN {STATUSES}", "status unknown", "status_accepted_values"),
    ("created_at IS NULL", "created_at missing or unreadable", "created_at_not_null"),
    ("paid_at_unreadable", "paid_at unreadable", "paid_at_readable"),
]


def judge(database):
    """Takes the bad rows out of the view `cleaned`. One pass counts, one keeps what is bad."""
    any_broken = " OR ".join(f"coalesce({condition}, false)" for condition, _, _ in RULES)
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition, _, _ in RULES)
    rows, broken, unpaid = database.execute(
        f"SELECT count(*), count(*) FILTER ({any_broken}), count(*) FILTER (NOT paid_at >= created_at), {counts} "
        "FROM cleaned").fetchone()[:3]
    assert rows == database.execute("SELECT count(*) FROM raw").fetchone()[0]
    say = lambda at: ", ".join(f"CASE WHEN {rule[0]} THEN '{rule[at]}' END" for rule in RULES)  # noqa: E731
    database.execute(f"CREATE TABLE quarantine AS SELECT *, concat_ws('; ', {say(1)}) AS _reason, "
                     f"concat_ws('; ', {say(2)}) AS _rule FROM cleaned WHERE {any_broken}")
    definition = database.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'cleaned'").fetchone()[0]
    database.execute(definition.replace("VIEW cleaned", "VIEW uncleaned", 1))
    database.execute(f"CREATE OR REPLACE VIEW cleaned AS FROM uncleaned WHERE NOT ({any_broken})")
    return rows, broken, unpaid


def sync(path):
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def main():
    source, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True)
    start = time.monotonic()
    database = duckdb.connect(config={"temp_directory": str(folder / "tmp")})
    database.execute("CREATE TABLE raw AS FROM read_csv(?, all_varchar = true, header = true)", [source])
    database.execute((EXAMPLE / "payments.sql").read_text())
    rows, broken, _ = judge(database)
    database.execute(f"COPY quarantine TO '{folder}/quarantine.csv' (HEADER)")
    database.execute(f"COPY payments TO '{folder}/payments.parquet' (FORMAT parquet)")
    # What is in the Parquet file needn't be worked out again.
    database.execute(f"CREATE OR REPLACE VIEW payments AS FROM read_parquet('{folder}/payments.parquet')")
    database.execute(f"COPY payments TO '{folder}/payments.csv' (HEADER)")
    database.execute(f"COPY daily_totals TO '{folder}/daily_totals.csv' (HEADER)")
    for path in [*folder.glob("*.csv"), folder / "payments.parquet", folder]:
        sync(path)
    print(json.dumps({"seconds": time.monotonic() - start, "rows": rows, "accepted": rows - broken,
                      "quarantined": broken}))


if __name__ == "__main__":
    main()
