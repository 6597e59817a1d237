"""Inputs made from numbers, and what one run of each function makes of them."""
import functools
import hashlib
import io
import random

import duckdb

HEADER = "id,amount,kind"


def input_of(number):
    """Bytes of a CSV file. Most are small; some are large enough to be files of their own at once."""
    rng = random.Random(f"input:{number}")
    rows = rng.choice([1, rng.randrange(2, 60), rng.randrange(60, 600)])
    if rng.random() < 0.04:
        rows = rng.randrange(6000, 9000)
    return "\n".join([HEADER, *(row_of(rng, number, i) for i in range(rows)), ""]).encode()


def row_of(rng, number, i):
    identity = f"{number}-{i}" if rng.random() > 0.1 else ""
    amount = rng.randrange(1, 1000) if rng.random() > 0.1 else rng.randrange(1001, 9000)
    return f"{identity},{amount},{rng.choice('abc') if rng.random() > 0.1 else 'x'}"


class SqlOutputs:
    """What the SQL function makes: `files` by the end of their names, Parquet as rows."""

    def __init__(self, data):
        rows = [tuple(line.split(",")) for line in data.decode().splitlines()[1:]]
        judged = [(row, broken_by(row)) for row in rows]
        self.good = [row for row, broken in judged if not broken]
        bad = [(row, broken) for row, broken in judged if broken]
        totals = {}
        for _, amount, kind in self.good:
            count, total = totals.get(kind, (0, 0))
            totals[kind] = count + 1, total + int(amount)
        self.counts = len(rows), len(self.good), len(bad)
        self.files = {
            "good.csv": csv(HEADER, self.good),
            "totals.csv": csv("kind,rows,total", [(kind, *totals[kind]) for kind in sorted(totals)]),
            "bad.csv": csv(HEADER + ",_reason,_rule",
                           [(*row, "; ".join(why for why, _ in broken), "; ".join(rule for _, rule in broken))
                            for row, broken in bad]),
        }

    names = ("bad.csv", "good.csv", "good.parquet", "totals.csv")

    def differs(self, name, data):
        if name == "good.parquet":
            return read_parquet(data) != [(i or None, int(amount), kind) for i, amount, kind in self.good]
        return data != self.files[name]


@functools.lru_cache(maxsize=256)
def sql_outputs(number):
    return SqlOutputs(input_of(number))


def broken_by(row):
    """(reason, rule) of each rule that it breaks."""
    identity, amount, kind = row
    broken = {("no id", "id_not_null"): not identity, ("too much", "amount_range"): int(amount) > 1000,
              ("unknown kind", "kind_accepted_values"): kind == "x"}
    return [rule for rule, breaks in broken.items() if breaks]


def csv(header, rows):
    return "".join(line + "\n" for line in [header, *(",".join(map(str, row)) for row in rows)]).encode()


def read_parquet(data):
    """The rows, in order; None when it is none."""
    try:
        with duckdb.connect() as connection:
            return connection.from_parquet(io.BytesIO(data)).fetchall()
    except duckdb.Error:
        return None


def framework_outputs(number, event):
    """What the Python and the Node function make: by the end of their names."""
    data = input_of(number)
    lines = data.decode().splitlines()
    return {"digest": f"{event} {len(lines)} {hashlib.sha256(data).hexdigest()}\n".encode(),
            "reversed": "\n".join(reversed(lines)).encode()}
