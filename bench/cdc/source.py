"""A private PostgreSQL to measure with, and what reads it."""
import json
import subprocess
import time

from support.postgres import Postgres
from support.psql import Session

SETTINGS = ["shared_buffers=1GB", "max_wal_size=16GB", "logical_decoding_work_mem=256MB", "max_connections=60", "max_replication_slots=20", "max_wal_senders=20"]
COLUMNS = "id bigint PRIMARY KEY, customer int, note varchar(20), amount numeric(12,2), created_at timestamptz, paid boolean"
ROW = "i, i % 100000, 'note number ' || i, (i % 1000000) / 100.0, now(), i % 2 = 0"


class Source(Postgres):
    """With a database `bench` and a table `payments` of six columns."""

    def __init__(self, rows=0, durable=False):
        synced = ["fsync=on", "synchronous_commit=on"] if durable else ["synchronous_commit=off"]
        super().__init__([*SETTINGS, *synced])
        self.sql("CREATE DATABASE bench")
        self.ask(f"CREATE TABLE payments ({COLUMNS})")
        if rows:
            self.run(f"INSERT INTO payments SELECT {ROW} FROM generate_series(1, {rows}) i")
            self.run("VACUUM (FREEZE, ANALYZE) payments")
        self.ask("CREATE PUBLICATION bench FOR ALL TABLES")

    def ask(self, text):
        return self.sql(text, "bench")

    def run(self, text):
        """A statement without rows that may take as long as it likes."""
        session = Session(self, "bench")
        if said := session.run(text):
            raise RuntimeError(said)
        session.close()

    def one(self, text):
        return self.ask(text)[0][0]

    def add_slot(self, name):
        self.ask(f"SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')")

    def drop_slot(self, name):
        """Once its reader is gone, which the server notices a moment later."""
        while self.one(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{name}'") == "t":
            time.sleep(0.05)
        self.ask(f"SELECT pg_drop_replication_slot('{name}')")

    def end(self):
        """A position behind all that was committed."""
        self.ask("SELECT pg_switch_wal(); CHECKPOINT")
        return self.one("SELECT pg_current_wal_flush_lsn()")

    def reader(self, build, command, slot, **options):
        """Runs bench/cdc/stream.cc; what it prints, if it does."""
        flags = [part for key, value in options.items() for part in (f"--{key}", str(value))]
        done = subprocess.run([f"{build}/bench/cdc_stream", command, "--host", "127.0.0.1", "--port", str(self.port), "--database", "bench", "--user",
                               "postgres", "--slot", slot, "--publication", "bench", *flags], check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None
