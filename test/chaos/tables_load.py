"""Clients that change tables by key, and know what must be in them."""
import json
import urllib.parse

import oracle
import worker as workers

KEYS = 300
SCHEMA = "id:long!,value:string"


def name_of(number):
    return f"chaos.t{number}"


class TableWriter(workers.Worker):
    """Owns one table. `rows` is what it holds; `doubt` what it holds if the last change got through, whose answer was lost."""

    def __init__(self, number, numbers):
        super().__init__(number, [], [], None, numbers)
        self.table, self.rows, self.doubt = name_of(number), {}, None
        self.exists = False

    def step(self):
        kind = self.rng.random()
        keys = {self.rng.randrange(KEYS) for _ in range(self.rng.randrange(1, 40))}
        after = dict(self.rows)
        if kind < 0.65 or not self.exists:
            mode = "upsert"
            lines = [{"id": key, "value": f"{self.numbers.take()} {'ñ' * self.rng.randrange(20)}"} for key in keys]
            after.update((one["id"], one["value"]) for one in lines)
        elif kind < 0.95:
            mode, lines = "delete", [{"id": key} for key in keys]
            for key in keys:
                after.pop(key, None)
        else:
            mode = "replace"
            lines = [{"id": key, "value": str(self.numbers.take())} for key in keys]
            after = {one["id"]: one["value"] for one in lines}
        self.doubt = after
        self.send(mode, lines)
        self.rows, self.doubt, self.exists = after, None, True

    def send(self, mode, lines):
        query = {"table": self.table, "mode": mode, "format": "jsonl", "name": "rows.jsonl"}
        if mode != "delete":
            query |= {"schema": SCHEMA, "key": "id"}
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        answer = self.client.call("POST", "/api/v1/load/upload?" + urllib.parse.urlencode(query), body,
                                  {"Content-Type": "application/x-ndjson"})
        if answer["rows"] != len(lines):
            raise oracle.Violation(f"{mode} into {self.table}: {len(lines)} rows were sent, the answer says {answer}")

    def settle(self, found):
        """`found`: what the table holds after a restart; None when there is no such table."""
        choices = [self.rows] + ([self.doubt] if self.doubt is not None else [])
        if found is None:
            if self.exists:
                raise oracle.Violation(f"the table {self.table} is gone")
            found = {}
        else:
            self.exists = True
        if found not in choices:
            raise oracle.Violation(f"{self.table} holds {difference(self.rows, found)}"
                                   + (", and it isn't the change whose answer was lost either" if self.doubt is not None else ""))
        self.rows, self.doubt = found, None


def difference(expected, found):
    missing = {key: value for key, value in expected.items() if key not in found}
    more = {key: value for key, value in found.items() if key not in expected}
    other = {key: (expected[key], found[key]) for key in expected if key in found and expected[key] != found[key]}
    return f"{len(found)} rows: missing {missing}, too many {more}, others {other}"
