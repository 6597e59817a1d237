"""Whether a source's tables and their copies hold the same, and whether a history leads to what the table holds.

Rows are dicts of the source's column names to texts (None: null), spelled the same for both sides. `sql` is a function from a
statement in the source to rows of texts; `query` one from a statement here to (names, rows), as `/api/v1/query` gives them.
"""
import collections
import dataclasses
import functools
import json

# How a type's value is spelled as the query API does.
SPELLED = {
    "timestamp with time zone": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    "timestamp without time zone": "to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')",
    "numeric": "CASE WHEN {0} IN ('NaN', 'Infinity', '-Infinity') THEN {0}::text ELSE ({0})::numeric(38,9)::text END",
    "boolean": "({})::text",
    "bytea": "translate(encode({}, 'base64'), E'\\n', '')",
}


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    type: str


@dataclasses.dataclass(frozen=True)
class Table:
    """Of the source, and what it is called here."""
    schema: str
    name: str
    columns: tuple
    key: tuple
    replica: str
    history: str

    @property
    def source(self):
        return f"{quote(self.schema)}.{quote(self.name)}"


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def here(name):
    """`raw_shop.t 1` as SQL."""
    return ".".join(quote(part) for part in name.split(".", 1))


def tables_of(sql, captured, generated=False):
    """`captured`: "tables" of /api/v1/sources/NAME. Those that the source still has."""
    found = []
    for one in captured:
        name = literal(f"{quote(one['schema'])}.{quote(one['name'])}")
        columns = sql(f"SELECT attname, format_type(atttypid, -1), atttypmod, attgenerated FROM pg_attribute WHERE attrelid = "
                      f"to_regclass({name}) AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
        if not sql(f"SELECT 1 WHERE to_regclass({name}) IS NOT NULL"):
            continue
        key = sql(f"SELECT attname FROM pg_index i, unnest(indkey) WITH ORDINALITY k(number, place), pg_attribute a WHERE i.indrelid = "
                  f"to_regclass({name}) AND indisprimary AND a.attrelid = i.indrelid AND attnum = k.number ORDER BY place")
        # numeric(12,2) is exact as it is.
        taken = tuple(Column(column, "decimal" if kind == "numeric" and modifier != "-1" else kind)
                      for column, kind, modifier, made in columns if generated or made == "")
        found.append(Table(one["schema"], one["name"], taken, tuple(row[0] for row in key), one["table"], one["history"]))
    return found


def source_rows(sql, table):
    values = ", ".join(SPELLED.get(one.type, "({})::text").format(quote(one.name)) for one in table.columns)
    [[text]] = sql(f"SELECT coalesce(json_agg(json_build_array({values})), '[]') FROM {table.source}")
    return [dict(zip((one.name for one in table.columns), row)) for row in json.loads(text.replace("\n", ""))]


def text_of(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return str(value)


def row_of(table, names, values, unrepresentable):
    """`names` are columns here; the source's, in order, are told apart by case alone at times, and so get others here."""
    beside = {one["column"]: one["value"] for one in unrepresentable or ()}
    return {column: beside.get(column, text_of(values[at])) for column, at in places(table, tuple(names)).items()}


@functools.cache
def places(table, names):
    taken, found = {"_caudal", "_caudal_key", "op", "before"}, {}  # ours
    for column in table.columns:
        wanted = [column.name, *(f"{column.name}_{number}" for number in range(1, 9))]
        name = next((one for one in wanted if one in names and one not in taken), None)
        if name is None:
            raise AssertionError(f"{table.replica} has no column {column.name!r}: {names}")
        taken.add(name)
        found[column.name] = names.index(name)
    return found


def replica_rows(query, table):
    names, rows = query(f"SELECT * FROM {here(table.replica)}")
    extra = set(names) - {"_caudal", "_caudal_key"} - {names[at] for at in places(table, tuple(names)).values()}
    assert not extra, f"{table.replica} has columns that the source hasn't: {extra}"
    at = names.index("_caudal")
    return [row_of(table, names, row, row[at]["unrepresentable"]) for row in rows]


def counted(rows):
    return collections.Counter(tuple(sorted(row.items(), key=lambda item: item[0])) for row in rows)


def difference(there, here_):
    """Empty when both hold the same rows, however often each."""
    a, b = counted(there), counted(here_)
    if a == b:
        return ""
    missing, more = list((a - b).elements()), list((b - a).elements())
    return (f"{len(there)} rows in the source, {len(here_)} here; {len(missing)} missing: {str([dict(row) for row in missing[:3]])[:1500]}; "
            f"{len(more)} too many: {str([dict(row) for row in more[:3]])[:1500]}")


@dataclasses.dataclass(frozen=True)
class Change:
    position: str
    op: str
    row: dict
    before: dict | None
    unchanged: tuple
    committed_at: str | None

    @property
    def commit(self):
        return self.position[:25]

    @property
    def ordinal(self):
        return int(self.position[26:])

    @property
    def of_snapshot(self):
        """Read, or the emptying before it."""
        return int(self.position[9:25], 16) % 8 != 0


def history_of(query, table, after=""):
    """All changes behind a position, in order."""
    names, rows = query(f"SELECT * FROM {here(table.history)} WHERE _caudal.position > {literal(after)} ORDER BY _caudal.position")
    changes = []
    for values in rows:
        about = values[names.index("_caudal")]
        before = values[names.index("before")] if "before" in names else None
        if before is not None:
            before = row_of(table, list(before), list(before.values()), about["before_unrepresentable"])
        changes.append(Change(about["position"], values[names.index("op")], row_of(table, names, values, about["unrepresentable"]),
                              before, tuple(about["unchanged"] or ()), about["committed_at"]))
    return changes


def replay(table, changes, rows=(), read_anew=False):
    """The rows that changes lead to, from those before them. With `read_anew`, of what came before the last of the rows that were read
    some changes may be of rows that weren't read yet. Without a key a deleted row goes by all its values; within a transaction two rows may
    have one key (deferred constraints), and one that leaves it is told apart by what it was."""
    before_them, rows, touched, commit = rows, collections.defaultdict(list), set(), None
    read = max((change.position for change in changes if change.op in "tr"), default="") if read_anew else ""
    for row in before_them:
        rows[tuple(row[name] for name in table.key)].append(row)
    for change in changes:
        if change.commit != commit:
            check_keys(table, rows, touched)
            commit = change.commit
        if change.op == "t":
            rows.clear()
            continue
        row = dict(change.row)
        key = tuple(row[name] for name in table.key)
        old = {}
        if change.op in "ud":
            known = change.before
            if not table.key and known is None:
                known = row
            before = key if known is None else tuple(known[name] for name in table.key)
            old = leave(rows[before], known)
            if old is None and change.position < read:
                old = {}
            if old is None:
                raise AssertionError(f"{table.history}: {change} is of a row that isn't there")
        if change.op == "d":
            continue
        for name in change.unchanged:
            row[name] = old.get(name)
        if change.op == "r" and read_anew and table.key:
            rows[key].clear()  # a reading that was cut off meets rows that a change told of
        rows[key].append(row)
        if change.position > read:
            touched.add(key)
    check_keys(table, rows, touched)
    return [row for key in rows for row in rows[key]]


def leave(rows, known):
    """Takes out the one that is as `known`, else the one that came first."""
    if not rows:
        return None
    if known in rows:
        rows.remove(known)
        return known
    return rows.pop(0)


def check_keys(table, rows, touched):
    if table.key:
        for key in touched:
            # Rows of before the table had this key: they go when it is read anew.
            if len(rows[key]) > 1 and None not in key:
                raise AssertionError(f"{table.history}: several rows with the key {key} after a transaction: {rows[key]}")
    touched.clear()


def check_positions(histories, whole=True):
    """`histories`: a list of changes for each table. Each position is there once; within a transaction none is left out, if all
    tables are here."""
    commits = collections.defaultdict(list)
    for changes in histories:
        last = ""
        for change in changes:
            if change.position <= last:
                raise AssertionError(f"the position {change.position} comes after {last}")
            last = change.position
            if not change.of_snapshot:
                commits[change.commit].append(change.ordinal)
    for commit, ordinals in commits.items():
        if len(set(ordinals)) != len(ordinals) or (whole and sorted(ordinals) != list(range(len(ordinals)))):
            raise AssertionError(f"the transaction {commit} has the changes {sorted(ordinals)}")
    return len(commits)
