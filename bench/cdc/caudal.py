"""`caudal up` with the source as its only one, and what it says of it."""
import json
import os
import pathlib
import time

import memory
import requests
from support.psql import lsn
from support.server import CaudalServer


class Copy(CaudalServer):
    """In `folder`; copies all published tables of a source.Source into raw_bench."""

    def __init__(self, options, folder, postgres):
        os.environ["CAUDAL_BINARY"] = f"{options.build}/caudal"
        super().__init__(pathlib.Path(folder) / "caudal",
                         f"sources: {{bench: {{kind: postgres, host: 127.0.0.1, port: {postgres.port}, database: bench, user: postgres, publication: bench}}}}\n")
        self.postgres = postgres

    def first_row(self, sql):
        answer = requests.post(f"{self.url}/api/v1/query", json={"sql": sql, "format": "jsonl"}, timeout=60)
        if answer.status_code != 200:
            raise RuntimeError(f"{sql}: {answer.text}")
        return json.loads(answer.text.splitlines()[1])

    def wait_until(self, holds, seconds=3600):
        """The source's state for which it does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.get("/api/v1/sources/bench").json()
            if state["state"] == "stopped":
                raise RuntimeError(f"the source stopped: {state['error']}")
            if holds(state):
                return state
            time.sleep(0.02)
        raise RuntimeError(f"not after {seconds} s: {state}")

    def wait_until_read(self):
        """All rows of all tables are in the replicas."""
        return self.wait_until(lambda state: state["state"] == "streaming" and state["tables"] and state["batches_waiting"] == 0
                               and all(table["state"] == "streaming" for table in state["tables"]))

    def wait_until_visible(self, position):
        """All that was committed up to there."""
        return self.wait_until(lambda state: state["state"] == "streaming" and state["position"] and lsn(state["position"]) >= lsn(position))

    def same(self, table, sums):
        """Raises where the replica doesn't give what the source does for these aggregates."""
        there = self.postgres.ask(f"SELECT {sums} FROM {table}")[0]
        here = [str(value) for value in self.first_row(f"SELECT {sums} FROM raw_bench.{table}")]
        if here != there:
            raise RuntimeError(f"{table}: {sums} are {there} in the source, {here} in the replica")

    def watch(self):
        return memory.Watch(self.process.pid)

    def cpu_seconds(self):
        """Of the server and its workers, since its start."""
        return memory.cpu_seconds(self.process.pid)
