"""A PostgreSQL for all tests of sources, and for each test a database of its own that a server of its own copies."""
import contextlib
import itertools
import json
import time

import pytest
from support import replica
from support.postgres import Postgres, programs, version
from support.psql import Session, lsn

PASSWORD = "tr0ub4dor-secret"
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def copied_postgres():
    if programs() is None:
        pytest.fail("no PostgreSQL: run `scripts/setup test`")
    # Transactions of a few hundred rows come before they end, where the server can do that; others write a file for each savepoint then.
    settings = ["max_prepared_transactions=8"] + ["logical_decoding_work_mem=64kB"] * (version() >= 14)
    with Postgres(settings) as running:
        running.sql(f"CREATE ROLE caudal LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        yield running


@pytest.fixture
def needs():
    """needs(13, "what"): skips the test on servers before it."""
    def since(least, what):
        if version() < least:
            pytest.skip(f"{what}: PostgreSQL can since version {least}")

    return since


class Copied:
    """A source `shop`, its server, and what the two hold."""

    def __init__(self, postgres, database, launch):
        self.postgres, self.database, self._launch = postgres, database, launch
        self.slot = f"caudal_{database}"
        self.snapshot = "{}"  # how tables are read
        self.landing = "{}"
        self.server = None

    def sql(self, text):
        return self.postgres.sql(text, self.database)

    @contextlib.contextmanager
    def session(self):
        """What runs statements in a connection that stays."""
        with contextlib.closing(Session(self.postgres, self.database)) as psql:
            def run(sql):
                said = psql.run(sql)
                assert "ERROR" not in said, said

            yield run

    def config(self, tables='["*.*"]'):
        return f"""
landing: {self.landing}
sources:
  shop:
    kind: postgres
    host: 127.0.0.1
    port: {self.postgres.port}
    database: {self.database}
    user: caudal
    password: {PASSWORD}
    slot: {self.slot}
    tables: {tables}
    snapshot: {self.snapshot}
"""

    def start(self):
        self.server = self._launch(config=self.config())

    def status(self):
        answer = self.server.get("/api/v1/sources/shop")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until(self, holds, what, seconds=40):
        """The status for which it does."""
        deadline = time.monotonic() + seconds
        while True:
            status = self.status()
            if holds(status):
                return status
            assert time.monotonic() < deadline, f"{what}: {json.dumps(status)}\n" + "".join(self.server.output[-40:])
            time.sleep(0.02)

    def wait(self, seconds=40):
        """Until all that is committed in the source can be queried, and every table of it is read."""
        [[end]] = self.sql("SELECT pg_current_wal_insert_lsn()")

        def seen(status):
            if status["state"] == "stopped":
                raise AssertionError(f"stopped: {json.dumps(status)}")
            return (status["state"] == "streaming" and lsn(status["position"]) >= lsn(end)
                    and all(table["state"] == "streaming" for table in status["tables"]))

        return self.until(seen, f"not at {end}", seconds)

    def wait_for_table(self, name, seconds=45):
        """Until a table that was added is known, and read."""
        self.until(lambda status: any(f'{one["schema"]}.{one["name"]}' == name for one in status["tables"]), f"no table {name}", seconds)
        return self.wait(seconds)

    def query(self, sql):
        answer = self.server.request("POST", "/api/v1/query", json={"sql": sql, "format": "jsonl"})
        assert answer.status_code == 200, f"{sql}: {answer.text}"
        lines = answer.text.split("\n")[:-1]
        assert json.loads(lines[-1]).get("rows") == len(lines) - 2, lines[-1]
        return [column["name"] for column in json.loads(lines[0])["schema"]], [json.loads(line) for line in lines[1:-1]]

    def rows(self, sql):
        return self.query(sql)[1]

    def tables(self):
        return replica.tables_of(self.sql, self.status()["tables"])

    def check(self, history=True, read_anew=False):
        """That every table equals its copy, and that its history leads to it. Gives the histories, by table. While a table is
        read anew its changes aren't told, only what they led to."""
        self.wait()
        histories = {}
        for table in self.tables():
            there = replica.source_rows(self.sql, table)
            differs = replica.difference(there, replica.replica_rows(self.query, table))
            assert not differs, f"{table.source}: {differs}"
            if history:
                histories[table.name] = replica.history_of(self.query, table)
                differs = replica.difference(there, replica.replay(table, histories[table.name], read_anew=read_anew))
                assert not differs, f"the history of {table.source}: {differs}"
        replica.check_positions(histories.values(), whole=not read_anew)
        return histories

    def ops(self, table):
        return "".join(op for op, in self.rows(f"SELECT op FROM {replica.here(table + '__changes')} ORDER BY _caudal.position"))


@pytest.fixture
def copied(copied_postgres, start):
    """copied(sql, …): a database in which that was run, with a publication of all its tables, copied from its start on."""
    made = []

    def one(sql="", publication="FOR ALL TABLES", run=True, wait=True, snapshot="{}", landing="{}"):
        database = f"shop{next(numbers)}"
        copied_postgres.sql(f"CREATE DATABASE {database}")
        source = Copied(copied_postgres, database, start)
        source.snapshot, source.landing = snapshot, landing
        made.append(source)
        if sql:
            source.sql(sql)
        if publication:
            source.sql(f"CREATE PUBLICATION caudal_shop {publication}"
                       + " WITH (publish_via_partition_root = true)" * ("WITH" not in publication and version() >= 13))
        if run:
            source.start()
        if run and wait:
            source.wait()
        return source

    yield one
    for source in made:
        if source.server is not None:
            source.server.kill()
        with contextlib.suppress(AssertionError):
            drop(copied_postgres, source)


def drop(postgres, source, seconds=10):
    """A slot is in use until its server has noticed that nobody reads it."""
    deadline = time.monotonic() + seconds
    for [name] in postgres.sql(f"SELECT gid FROM pg_prepared_xacts WHERE database = '{source.database}'"):
        source.sql(f"ROLLBACK PREPARED '{name}'")
    postgres.sql(f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '{source.database}' AND active")
    while postgres.sql(f"SELECT 1 FROM pg_replication_slots WHERE database = '{source.database}' AND active"):
        assert time.monotonic() < deadline, "the slot is still in use"
        time.sleep(0.02)
    postgres.sql(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{source.database}'")
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{source.database}'")
    postgres.sql(f"DROP DATABASE {source.database}")
