"""Tables made from a seed: columns of all types, partitions, and commits that engines make in turn, with the rows that they lead to.

A case is data: nothing here talks to an engine. The rows of `Case.rows` are the oracle.
"""
import dataclasses
import random
import re

from kinds import KINDS, Column

SEED = 20261124
NAMES = ["amount", "día", "with space", "Upper", "select", "a_rather_long_name_of_a_column", "x", "ключ", "n-1", "_under"]

# Who changes tables, when it can.
WRITERS = ("pyiceberg", "spark", "duckdb", "caudal")
# Kinds that some engine reads or writes no table of, and in which tables they are: number % n == rest.
RARE = {"time": (7, 3), "list of structs": (7, 5), "fixed": (4, 1), "string": (3, 0)}


@dataclasses.dataclass(frozen=True)
class Filter:
    """`column` [. `field` of a struct] `op` `value`; op: = < >= null not-null."""
    column: Column
    field: str | None
    op: str
    value: object = None

    @property
    def kind(self):
        return self.column.kind.fields[self.field] if self.field else self.column.kind

    def of(self, row):
        value = row[self.column.uid]
        return value.get(self.field) if self.field and value is not None else value

    def holds(self, row):
        """None: engines differ, since NaN is either greater than all numbers or than none."""
        value = self.of(row)
        if self.op in ("null", "not-null"):
            return (value is None) == (self.op == "null")
        if value is None:
            return False
        if value != value and self.op == ">=":
            return None
        key = self.kind.key
        return {"=": key(value) == key(self.value), "<": key(value) < key(self.value),
                ">=": key(value) >= key(self.value)}[self.op]


@dataclasses.dataclass(frozen=True)
class Partition:
    column: Column
    transform: str  # identity, bucket, truncate, year, month, day, hour
    number: int | None = None
    later: bool = False  # of a table that had none
    odd: bool = False  # its own name is no plain word


@dataclasses.dataclass
class Commit:
    """What `writer` does to the table: `verb` says which of the others are set."""
    writer: str
    verb: str  # create append replace delete update add drop rename widen first partition
    columns: list  # before it; for a create: its own
    rows: list = None
    filter: Filter = None
    column: Column = None
    new: Column = None
    partition: Partition = None

    def __str__(self):
        about = self.filter or self.new or self.column or self.partition
        return f"{self.writer}: {self.verb} {len(self.rows) if self.rows else ''} {about or ''}"


@dataclasses.dataclass
class Case:
    number: int
    version: int
    commits: list
    columns: list  # at the end
    partitions: list  # likewise
    rows: list  # at the end: dicts by Column.uid
    filters: list
    merge_on_read: bool
    keyed: bool  # `id` is required, and the key

    def __str__(self):
        return f"table {self.number}"


class Generator:
    """One case. `can(engine, verb, table, new, where)` says which of the writers may be asked for what."""

    def __init__(self, number, can, writers):
        self.random = random.Random(f"{SEED}-{number}")
        self.number, self.can, self.writers = number, can, writers
        self.version = 3 if number % 10 == 7 else 2
        self.own = number % 4 == 2  # Caudal does what it can, the others only what it can't
        self.keyed = False
        self.uids = iter(range(1, 1000))
        self.ids = iter(range(1, 1_000_000))
        self.names = self.random.sample(NAMES, len(NAMES))
        self.columns = [Column(0, "id", KINDS["long"])]
        # All kinds come, whatever the seed: each in every second or third table.
        self.kinds = [kind for kind in KINDS if kind not in RARE]
        for at in range(6):
            self.columns.append(self.new_column(self.kinds[(number * 6 + at * 5) % len(self.kinds)]))
        self.columns += [self.new_column(kind) for kind, (n, rest) in RARE.items() if number % n == rest]
        self.partitions, self.commits, self.rows = [], [], []

    def new_column(self, kind):
        return Column(next(self.uids), self.names.pop() if self.names else f"c{next(self.uids)}", KINDS[kind])

    def commit(self, verb, **more):
        writers = [one for one in self.writers if self.can(one, verb, self, more.get("new"), more.get("filter"))]
        if not writers:
            return None
        # All in turn, as far as they can.
        uses = [commit.writer for commit in self.commits]
        writer = min(writers, key=lambda one: (self.own and one != "caudal", uses.count(one), self.random.random()))
        made = Commit(writer, verb, list(self.columns), **more)
        self.commits.append(made)
        return made

    # --- Commits

    def new_rows(self):
        return [{column.uid: next(self.ids) if column.uid == 0 else column.kind.draw(self.random)
                 for column in self.columns} for _ in range(self.random.randrange(8, 24))]

    def append(self):
        rows = self.new_rows()
        if self.commit("append", rows=rows):
            self.rows += rows

    def replace(self):
        rows = self.new_rows()
        if self.commit("replace", rows=rows):
            self.rows = list(rows)

    def delete(self):
        exact = [column for column in self.columns if column.kind.ordered and not column.kind.floating]
        chosen = self.filter_on(self.random.choice(exact), self.random.choice(["=", "=", "null", "<"]))
        gone = [row for row in self.rows if chosen.holds(row)]
        if len(gone) * 2 < len(self.rows) and self.commit("delete", filter=chosen):
            self.rows = [row for row in self.rows if not chosen.holds(row)]

    def update(self):
        changed = self.random.sample(self.rows, min(3, len(self.rows)))
        column = self.random.choice([one for one in self.columns if one.uid])
        value = column.kind.draw(self.random)
        after = [{**row, column.uid: value} for row in changed]
        if self.commit("update", column=column, rows=after):
            ids = {row[0]: row for row in after}
            self.rows = [ids.get(row[0], row) for row in self.rows]

    def evolve(self):
        verb = self.random.choice(["add", "add", "drop", "rename", "widen", "widen", "first"])
        others = [one for one in self.columns if one.uid]
        free = [one for one in others if one.uid not in {part.column.uid for part in self.partitions}]
        if verb == "add":
            column = self.new_column(self.random.choice(self.kinds))
            if self.commit(verb, new=column):
                self.columns.append(column)
                self.rows = [{**row, column.uid: None} for row in self.rows]
            return
        wide = [one for one in free if one.kind.wider]
        candidates = {"widen": wide, "drop": free}.get(verb, others)
        if not candidates:
            return
        old = self.random.choice(candidates)
        at = self.columns.index(old)
        if verb == "drop" and self.commit(verb, column=old):
            del self.columns[at]
            self.rows = [{uid: value for uid, value in row.items() if uid != old.uid} for row in self.rows]
            self.names.append(old.name)  # may come back, as another column
        elif verb == "rename":
            new = dataclasses.replace(old, name=self.names.pop(0) if self.names else f"renamed_{old.uid}")
            if self.commit(verb, column=old, new=new):
                self.columns[at] = new
                self.names.insert(0, old.name)
        elif verb == "widen":
            new = dataclasses.replace(old, kind=KINDS[old.kind.wider], widened=True)
            if self.commit(verb, column=old, new=new):
                self.columns[at] = new
                for row in self.rows:
                    row[new.uid] = new.kind.widened(row[new.uid])
        elif verb == "first" and self.commit(verb, column=old):
            self.columns.insert(0, self.columns.pop(at))

    def choose_partition(self, identities=0.0):
        choices = [Partition(column, transform, number) for column in self.columns
                   for transform, number in column.kind.transforms]
        taken = {(one.column.uid, one.transform) for one in self.partitions}
        choices = [one for one in choices if (one.column.uid, one.transform) not in taken and one.column.uid]
        plain = [one for one in choices if one.transform == "identity"]
        return self.random.choice(plain if plain and self.random.random() < identities else choices) if choices else None

    def repartition(self):
        partition = self.choose_partition()
        if not self.partitions or self.partitions[0].later:
            if self.number % 6 or not partition:
                return
            partition = dataclasses.replace(partition, later=True)
        made = partition and self.commit("partition", partition=partition)
        if made:
            self.partitions.append(self.named(partition, made.writer))

    @staticmethod
    def named(partition, writer):
        """Here pyiceberg and Caudal are told a name; others take the column's."""
        return dataclasses.replace(partition, odd=writer not in ("pyiceberg", "caudal") and not re.fullmatch(r"[A-Za-z_]\w*", partition.column.name, re.A))

    # --- Filters

    def filter_on(self, column, op, field=None):
        kind = column.kind.fields[field] if field else column.kind
        probe = Filter(column, field, op)
        present = [value for value in (probe.of(row) for row in self.rows) if value is not None]
        value = self.random.choice(present) if present else kind.absent
        return Filter(column, field, op, value)

    def filters(self):
        """Of each column, an equality and a range where it has them, and some of what else there is."""
        made = []
        for column in self.columns:
            rest = [Filter(column, None, "null"), Filter(column, None, "not-null")]
            for field in column.kind.fields or [None]:
                kind = column.kind.fields[field] if field else column.kind
                if not kind.ordered:
                    continue
                made.append(self.filter_on(column, "=", field))
                rest.append(Filter(column, field, "=", kind.absent))
                if kind.name != "boolean":
                    made.append(self.filter_on(column, self.random.choice(["<", ">="]), field))
            made += self.random.sample(rest, 2 if column.kind.fields else 1)
        return made

    def make(self):
        if self.number % 5 < 3:
            self.partitions = [one for one in [self.choose_partition(identities=0.5)] if one]
        creator = self.creator()
        self.keyed = creator == "caudal"
        self.commits.append(Commit(creator, "create", list(self.columns),
                                   partition=self.partitions[0] if self.partitions else None))
        self.partitions = [self.named(one, creator) for one in self.partitions]
        self.append()
        steps = [self.append, self.delete, self.update, self.evolve] + self.random.choices(
            [self.append, self.delete, self.update, self.evolve, self.repartition], k=4)
        self.random.shuffle(steps)
        if self.number % 3 == 1:
            steps.insert(self.random.randrange(3), self.replace)
        for step in steps:
            step()
        return Case(self.number, self.version, self.commits, self.columns, self.partitions, self.rows, self.filters(), self.number % 2 == 0,
                    self.keyed)

    def creator(self):
        able = [one for one in self.writers if self.can(one, "create", self)]
        return "caudal" if self.own and "caudal" in able else self.random.choice(able)


def make_case(number, can, writers=WRITERS):
    return Generator(number, can, writers).make()
