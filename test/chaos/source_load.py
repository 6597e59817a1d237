"""Who changes the source, and who asks what is visible meanwhile."""
import json
import time

import source_database as database
import worker as workers
import client as clients
from client import Lost, Refused
from oracle import Violation
from support.psql import Session


class Client(workers.Worker):
    def __init__(self, number, numbers, run):
        super().__init__(number, [], [], None, numbers)
        self.loop = run

    def __getstate__(self):
        return {key: value for key, value in super().__getstate__().items() if key != "loop"}


class Writer(Client):
    """Commits transactions in the source until it has been enough, whatever happens to the server."""

    def run(self, port, seed, dying, pace_s=0, enough=lambda: False):
        self.rng = workers.random.Random(seed)
        session = None
        while not enough():
            try:
                if session is None:
                    session = Session(self.loop.postgres, "chaos")
                    session.run(f"SELECT setseed({self.rng.uniform(-1, 1)})")
                said = session.run(database.transaction(self.rng))
                if "ERROR" in said and not any(word in said for word in ("deadlock", "moved", "duplicate key", "serialize")):
                    self.violation = Violation(f"the load itself is wrong: {said}")
                    break
                self.operations += 1
                if pace_s:
                    time.sleep(self.rng.uniform(0, pace_s))
            except OSError:  # it restarts
                if session is not None:
                    session.close()
                session = None
                time.sleep(0.02)
        if session is not None:
            session.close()


class Asker(Client):
    """Asks over and over whether what hangs together does. The last number of `audit` never falls, also not by a death of the server."""

    def __init__(self, number, numbers, run):
        super().__init__(number, numbers, run)
        self.seen = 0

    def run(self, port, seed, dying, pace_s=0, enough=lambda: False):
        self.dying = dying
        client = clients.Client(port)
        try:
            while not enough():
                try:
                    self.ask(client)
                except (Lost, Refused) as problem:
                    if not self.loop.disk_is_full:
                        self.expect_death(repr(problem))
                        if self.violation or self.dying():
                            return
                    time.sleep(0.05)
        except Violation as violation:
            self.violation = violation
        finally:
            client.close()

    def ask(self, client):
        [row] = query(client, database.INVARIANTS.format("raw_shop"))[1]
        if row[:4] != database.HELD:
            raise Violation(f"a query saw balances, totals, documents, lines {row[:4]}; they are always {database.HELD}")
        if int(row[4]) < self.seen:
            raise Violation(f"a query saw change {row[4]} as the last one, after {self.seen} was visible")
        self.seen = int(row[4])
        self.operations += 1


def query(client, sql):
    """(names, rows). Lost and Refused are the caller's."""
    status, _, text = client.exchange("POST", "/api/v1/query", json.dumps({"sql": sql, "format": "jsonl"}),
                                      {"Content-Type": "application/json"})
    if status != 200:
        raise Refused(status, f"{sql[:80]}: {text[-500:].decode(errors='replace')}")
    lines = [json.loads(line) for line in text.decode().split("\n")[:-1]]
    if "rows" not in lines[-1]:
        raise Lost(f"{sql[:80]}: {lines[-1]}")
    return [column["name"] for column in lines[0]["schema"]], lines[1:-1]

