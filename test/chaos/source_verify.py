"""Once all is visible: does every table hold what the source's does, and does its history tell every change, once?"""
import collections
import json
import time

import source_database as database
from client import Client, Lost, Refused
from oracle import Violation
from pauses import Deadline
from source_load import query
from support import replica
from support.psql import lsn

VISIBLE_WAIT_S = 90


class Patient(Client):
    """Asks again: a server closes a connection that rests, and this process may have stood still."""

    def __init__(self, server):
        super().__init__(server.port, timeout=60)
        self.server = server

    def exchange(self, *arguments):
        for _ in range(2):
            try:
                return super().exchange(*arguments)
            except Lost:
                if self.server.gone:
                    raise
        return super().exchange(*arguments)


def check(run):
    client = Patient(run.server)
    started = time.monotonic()
    try:
        wait(run, client)
        waited = time.monotonic()
        compare(run, client)
        run.log(f"            visible after {waited - started:.1f} s, compared in {time.monotonic() - waited:.1f} s")
    except (Lost, Refused) as failure:
        raise Violation(f"after the load: {failure!r}") from failure
    except AssertionError as failure:
        raise Violation(str(failure)[:4000]) from failure
    finally:
        client.close()


def status_of(client):
    return client.call("GET", "/api/v1/sources/shop")


def wait(run, client):
    """Until every commit of the source is visible."""
    [[end]] = run.sql("SELECT pg_current_wal_insert_lsn()")
    deadline = Deadline(VISIBLE_WAIT_S)
    started = time.monotonic()
    while True:
        status = status_of(client)
        if status["state"] == "stopped":
            raise Violation(f"the source is stopped: {json.dumps(status)}")
        if (status["state"] == "streaming" and lsn(status["position"]) >= lsn(end)
                and all(one["state"] == "streaming" for one in status["tables"])):
            run.tally["longest wait, ms"] = max(run.tally["longest wait, ms"], int(1000 * (time.monotonic() - started)))
            return status
        if deadline.passed():
            raise Violation(f"what was committed before {end} isn't visible after {VISIBLE_WAIT_S} s: {json.dumps(status)}")
        time.sleep(0.02)


def compare(run, client):
    tables = replica.tables_of(run.sql, status_of(client)["tables"])
    if sorted(table.name for table in tables) != sorted(database.TABLES):
        raise Violation(f"tables are {[table.name for table in tables]}")
    told = collections.Counter()
    news = []
    for table in tables:
        there = replica.source_rows(run.sql, table)
        if differs := replica.difference(there, replica.replica_rows(lambda sql: query(client, sql), table)):
            raise Violation(f"{table.name}: {differs}")
        changes = replica.history_of(lambda sql: query(client, sql), table, after=run.told_up_to)
        news.append(changes)
        if differs := replica.difference(there, replica.replay(table, changes, run.known.get(table.name, ()),
                                                               any(change.op == "r" for change in changes))):
            raise Violation(f"the history of {table.name}: {differs}")
        run.known[table.name] = there
        run.tally["rows compared"] += len(there)
        run.tally["changes told"] += len(changes)
        if table.name in database.WATCHED:
            told.update((table.name, change.op, key_of(table, change), change.row["rev"] if change.op in "cu" else None)
                        for change in changes if not change.of_snapshot)
    run.tally["transactions told"] += replica.check_positions(news)
    everything_told(run, told)
    run.told_up_to = max([run.told_up_to, *(changes[-1].position for changes in news if changes)])
    if run.round % 4 == 3:
        each_once(client, tables)
        as_verify_says(run, client)


def key_of(table, change):
    return "" if change.op == "t" else "/".join(change.row[name] for name in table.key)


def everything_told(run, told):
    """What the source's triggers noted, against the histories."""
    rows = run.sql(f"SELECT tab, op, k, rev, seq FROM audit WHERE seq > {run.audited}")
    noted = collections.Counter((tab, op, key, rev or None) for tab, op, key, rev, _ in rows)
    run.audited = max([run.audited, *(int(row[4]) for row in rows)])
    run.sql(f"DELETE FROM audit WHERE seq < {run.audited}")
    missing, more = noted - told, told - noted
    if missing or more:
        raise Violation(f"{sum(missing.values())} changes are missing in the history: {list(missing)[:5]}; "
                        f"{sum(more.values())} are too many: {list(more)[:5]}")


def each_once(client, tables):
    for table in tables:
        _, [[rows, positions]] = query(client, f"SELECT count(*), count(DISTINCT _caudal.position) FROM {replica.here(table.history)}")
        if rows != positions:
            raise Violation(f"{table.history} has {rows} changes at {positions} positions")


def as_verify_says(run, client):
    status, _, text = client.exchange("POST", "/api/v1/sources/shop/verify", "{}", {"Content-Type": "application/json"})
    last = json.loads(text.splitlines()[-1]) if status == 200 else {}
    if not last.get("report", {}).get("equal"):
        raise Violation(f"verify: {status} {text[-2000:]!r}")
    run.tally["times that verify agreed"] += 1
