"""The PostgreSQL scenario of the demo: a private PostgreSQL whose payments are copied while they change."""
import json
import time

import requests
from support.postgres import Postgres
from support.psql import Session, lsn
from support.server import CaudalServer

PAYMENTS = 20_000
SETUP = f"""
CREATE TABLE payments (id bigint PRIMARY KEY, company text NOT NULL, status text NOT NULL, amount numeric(12,2), created_at timestamptz, paid_at timestamptz);
INSERT INTO payments SELECT i, 'company ' || i % 40, (ARRAY['paid', 'refunded', 'pending_payment'])[1 + i % 3], (i * 7919 % 1000000) / 100.0,
  timestamptz '2026-01-01' + i * interval '7 minutes', NULL FROM generate_series(1, {PAYMENTS}) i;
"""
CHANGES = [
    "INSERT INTO payments VALUES (900001, 'company 7', 'pending_payment', 120.50, now(), NULL)",
    "UPDATE payments SET status = 'paid', paid_at = now() WHERE id = 900001",
    "UPDATE payments SET amount = 99.95, status = 'refunded' WHERE id = 900001",
    "BEGIN; UPDATE payments SET amount = amount - 10 WHERE id = 1; UPDATE payments SET amount = amount + 10 WHERE id = 2; COMMIT",
    "DELETE FROM payments WHERE id BETWEEN 101 AND 150",
]
TOTALS = "SELECT count(*), sum(amount), count(paid_at) FROM {}"


def rows_of(server, sql):
    return json.loads(server.cli("query", "--format", "json", sql).stdout)


def first_row(server, sql):
    """Over HTTP: the command line's start isn't measured."""
    answer = requests.post(f"{server.url}/api/v1/query", json={"sql": sql, "format": "jsonl"}, timeout=60)
    return json.loads(answer.text.splitlines()[1])


def wait_until_visible(server, postgres):
    """All that is committed now. Returns what the source says of itself."""
    wanted = lsn(postgres.sql("SELECT pg_current_wal_flush_lsn()", "shop")[0][0])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        source = json.loads(server.cli("sources", "show", "shop", "--json").stdout)
        if source["state"] == "streaming" and lsn(source["position"]) >= wanted:
            return source
        time.sleep(0.05)
    raise AssertionError(f"not visible after a minute: {source}")


def measure(server, session, rounds):
    """Milliseconds from a commit to its being in a query's result, one commit after the other."""
    times = []
    for number in range(rounds):
        session.run(f"UPDATE payments SET amount = {number}.25 WHERE id = 3")
        began = time.monotonic()
        sql = f"SELECT count(*) AS n FROM raw_shop.payments WHERE id = 3 AND amount = {number}.25"
        while first_row(server, sql) != ["1"]:
            pass
        times.append((time.monotonic() - began) * 1000)
    return sorted(times)


def replication(folder, say, check, step):
    step(7, "A PostgreSQL's payments, copied while they change")
    with Postgres() as postgres:
        postgres.sql("CREATE DATABASE shop")
        postgres.sql(SETUP, "shop")
        say(f"   a private PostgreSQL on port {postgres.port}: {PAYMENTS:,} payments; caudal.yaml says")
        config = ("sources:\n  shop:\n    kind: postgres\n    host: 127.0.0.1\n"
                  f"    port: {postgres.port}\n    database: shop\n    user: postgres\n")
        for line in config.splitlines():
            say("        " + line)
        with CaudalServer(f"{folder}/replica", config) as server:
            began = time.monotonic()
            wait_until_visible(server, postgres)
            say(f"   its rows are in raw_shop.payments {time.monotonic() - began:.2f} s after the start")
            session = Session(postgres, "shop")
            for change in CHANGES:
                say(f"   psql: {change}")
                session.run(change)
            wait_until_visible(server, postgres)
            source = postgres.sql(TOTALS.format("payments"), "shop")[0]
            here = [str(value) for value in first_row(server, TOTALS.format("raw_shop.payments"))]
            check(f"replica = source: {here[0]} payments, {here[1]} together, {here[2]} paid", here == source)
            sql = ("SELECT op, status, amount, paid_at, _caudal.position FROM raw_shop.payments__changes WHERE id = 900001 "
                   "ORDER BY _caudal.position")
            say(f'   the history of one payment: caudal query "{sql}"')
            for line in server.cli("query", "--format", "table", sql).stdout.splitlines():
                say("        " + line)
            check("it has every change, once", [row["op"] for row in rows_of(server, sql)] == ["c", "u", "u"])
            times = measure(server, session, 20)
            session.close()
            say(f"   from a commit in PostgreSQL to a query that sees it, 20 times: median {times[len(times) // 2]:.0f} ms, slowest {times[-1]:.0f} ms")
            check("every commit was visible within a second", times[-1] < 1000)
