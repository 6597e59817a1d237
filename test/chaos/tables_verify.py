"""After a death: does each table hold what was acknowledged, for a query, for another engine, and in its history?"""
import json
import logging

from client import Client, Lost, Refused
from oracle import Violation
from pyiceberg.catalog import load_catalog


def check(run):
    client = Client(run.server.port, timeout=60)
    try:
        for writer in run.workers:
            found = query(client, f"SELECT id, value FROM {writer.table}")
            writer.settle(found)
            if found is not None:
                history(run, client, writer)
    except (Lost, Refused) as failure:
        raise Violation(f"after the restart: {failure!r}") from failure
    finally:
        client.close()
    if run.round % 4 == 0:
        as_another_engine(run)


def query(client, sql):
    """Rows by key; None when there is no such table."""
    try:
        status, _, text = client.exchange("POST", "/api/v1/query", json.dumps({"sql": sql, "format": "jsonl"}),
                                          {"Content-Type": "application/json"})
    except Lost as lost:
        raise Violation(f"{sql}: {lost}") from lost
    if status == 404:
        return None
    lines = [json.loads(line) for line in text.splitlines()]
    if status != 200 or "rows" not in lines[-1]:
        raise Violation(f"{sql}: {status} {text[-300:]!r}")
    rows = {int(line[0]): line[1] for line in lines[1:-1]}
    if len(rows) != len(lines) - 2:
        raise Violation(f"{sql}: {len(lines) - 2} rows with {len(rows)} keys: some are there twice")
    return rows


def history(run, client, writer):
    """One of the retained snapshots at random can be read, and what it held before is what it holds now."""
    namespace, table = writer.table.split(".")
    metadata = client.call("GET", f"/iceberg/v1/namespaces/{namespace}/tables/{table}")["metadata"]
    snapshots = [one["snapshot-id"] for one in metadata["snapshots"]]
    if not snapshots:
        return
    chosen = run.rng.choice(snapshots)
    found = query(client, f"SELECT id, value FROM {writer.table} AT (VERSION => {chosen})")
    known = run.snapshots.setdefault(writer.table, {})
    if known.setdefault(chosen, found) != found:
        raise Violation(f"snapshot {chosen} of {writer.table} held {len(known[chosen])} rows, and now others")
    run.tally["snapshots read"] += 1
    current = metadata["current-snapshot-id"]
    known[current] = dict(writer.rows)
    run.snapshots[writer.table] = {one: rows for one, rows in known.items() if one in snapshots}


def as_another_engine(run):
    logging.getLogger("pyiceberg").setLevel(logging.ERROR)
    catalog = load_catalog("chaos", type="rest", uri=f"http://127.0.0.1:{run.server.port}/iceberg")
    for writer in run.workers:
        if not writer.exists:
            continue
        rows = catalog.load_table(writer.table).scan().to_arrow().to_pydict()
        if dict(zip(rows["id"], rows["value"])) != writer.rows or len(rows["id"]) != len(writer.rows):
            raise Violation(f"pyiceberg reads {len(rows['id'])} rows of {writer.table}, which holds {len(writer.rows)}")
        run.tally["tables read by pyiceberg"] += 1
