"""Engines as writers and readers of generated tables, and what is known that they cannot do."""
import base64
import datetime
import decimal
import importlib.util
import io
import json
import math
import pathlib
import urllib.parse
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import requests
from kinds import KINDS, Column
from pyiceberg import expressions as ice
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.transforms import parse_transform
from pyiceberg.types import NestedField

# (engine, what, of which): why not. `what`: read, write (rows), create (a table with such a column), filter, or a verb of
# a commit; `of which`: a kind, a transform of a partition, a version, and what else can() names.
GAPS = {
    ("spark", "read", "time"): "Spark's runtime refuses a table with a time column",
    ("spark", "write", "time"): "as for reading",
    ("spark", "create", "time"): "as for reading",
    ("spark", "create", "uuid"): "Spark has no such type, and makes a string of it",
    ("spark", "create", "fixed"): "Spark has no such type, and makes a binary of it",
    ("duckdb", "create", "fixed"): "DuckDB has no such type, and makes a binary of it",
    ("duckdb", "write", "fixed"): "DuckDB 1.5.5 writes it as Parquet's BYTE_ARRAY, which pyiceberg refuses",
    ("duckdb", "read", "partitioned later"): "DuckDB 1.5.5 fails on manifests from before the table had partitions",
    ("duckdb", "write", "partitioned later"): "as for reading",
    ("pyiceberg", "read", "list of structs"): "pyiceberg 0.12 reads a null list of structs as an empty one",
    ("pyiceberg", "write", "list of structs"): "as for reading",
    **{("pyiceberg", "filter", f"{kind} {op}"): "pyiceberg reads no list or map for a filter alone"
       for kind in ("list", "map") for op in ("null", "not-null")},
    ("pyiceberg", "write", "version 3"): "pyiceberg 0.12 writes no manifests of version 3",
    ("duckdb", "write", "changed partitions"): "DuckDB 1.5.5 refuses ('Duplicate field_id 1000')",
    # Java and pyiceberg leave letters beyond ASCII in names of Avro, DuckDB makes none of them.
    ("duckdb", "read", "odd partition"): "DuckDB 1.5.5 knows no such name in Avro, and may end the process",
    ("duckdb", "write", "odd partition"): "as for reading",
    ("duckdb", "write", "binary partition"): "DuckDB 1.5.5 takes such a partition for text",
    **{(engine, "filter", f"widened double {op}"): f"{name} narrows the value to the file's type"
       for engine, name in (("duckdb", "DuckDB 1.5.5"), ("pyiceberg", "pyiceberg 0.12")) for op in ("=", "<", ">=")},
    **{("trino", "filter", f"widened double {op}"): "Trino 476 takes the statistics of a file's floats for corrupt ones, where they are doubles now"
       for op in ("=", "<", ">=")},
    **{("pyiceberg", "filter", f"NaN {op}"): "where all others are equal, pyarrow takes the bounds, which have no NaN, for all there is"
       for op in ("=", "<", ">=")},
    **{("duckdb", verb, "partitioned"): "with a filter on the partition, Spark and pyiceberg leave out its delete files: deleted rows are back"
       for verb in ("delete", "update")},
    ("duckdb", "filter", "NaN ="): "DuckDB 1.5.5 leaves out files by bounds, which have no NaN",
    **{("pyiceberg", "filter", f"uuid {op}"): "pyarrow compares no UUIDs, not even with statistics"
       for op in ("=", "<", ">=", "null", "not-null")},
    ("duckdb", "write", "string"): "DuckDB 1.5.5 cuts bounds within a character, and nobody reads such a manifest",
    **{("spark", "filter", f"fixed {op}"): "Iceberg 1.11 fails: its BinaryType is no FixedType" for op in ("=", "<", ">=")},
    **{("spark", "filter", f"zero {op}"): "to Iceberg in Java, -0.0 is less than 0.0: it leaves out files with only the one"
       for op in ("=", "<", ">=")},
    **{("spark", "filter", f"uuid {op}"): "Iceberg in Java orders UUIDs by signed halves, Parquet by unsigned bytes"
       for op in ("=", "<", ">=")},
    **{("duckdb", verb, "fixed"): "DuckDB 1.5.5 writes the whole schema anew, with binary for fixed"
       for verb in ("add", "drop", "rename", "widen")},
    ("caudal", "read", "version 3"): "Caudal's queries read no deletion vectors yet, and say so",
    ("caudal", "create", "version 3"): "as for reading",
    ("caudal", "write", "fixed"): "Caudal's writer of Parquet files has no bytes of a fixed length, and says so",
    ("caudal", "create", "fixed"): "as for writing",
    ("caudal", "add", "new fixed"): "as for writing",
    ("caudal", "add", "fixed"): "as for writing: a load adds columns",
    **{("duckdb", verb, "keyed"): "DuckDB 1.5.5 writes the whole schema anew, without its key"
       for verb in ("add", "drop", "rename", "widen")},
    **{("caudal", verb, "no key"): "Caudal changes rows by the table's key, and only tables that it made have one here"
       for verb in ("delete", "update")},
    **{("caudal", verb, verb): "what Caudal has of its own adds columns and no more"
       for verb in ("drop", "rename", "widen", "first", "partition")},
    ("duckdb", "replace", "replace"): "DuckDB has no such statement",
    ("spark", "add", "new uuid"): "as for a create",
    ("spark", "add", "new fixed"): "as for a create",
    ("duckdb", "add", "new fixed"): "as for a create",
    ("duckdb", "add", "new nested"): "DuckDB 1.5.5 adds no nested columns",
    **{("pyiceberg", "filter", f"infinite {op}"): "pyiceberg 0.12 takes an infinite number for one beyond all floats"
       for op in ("=", "<", ">=")},
    ("duckdb", "partition", "partition"): "DuckDB replaces the whole spec instead of adding to it",
    ("duckdb", "first", "first"): "DuckDB has no order of columns to change",
    **{("pyiceberg", "write", transform): "pyiceberg wants pyiceberg-core to apply a transform"
       for transform in ("bucket", "truncate", "year", "month", "day", "hour")},
}
ROWS_WRITTEN = ("append", "replace", "delete", "update")


def can(engine, verb, table, new=None, where=None):
    """Whether to ask `engine` to do `verb` to a table (with columns, partitions, version and keyed), for a new column or where a
    Filter holds."""
    what = "write" if verb in ROWS_WRITTEN else verb
    features = [column.kind.name for column in table.columns] + [one.transform for one in table.partitions]
    features += [f"version {table.version}", verb]
    features += ["partitioned"] if table.partitions else []
    features += ["partitioned later" for one in table.partitions if one.later]
    features += ["odd partition" for one in table.partitions if one.odd]
    features += ["changed partitions" for one in table.partitions[1:]]
    features += ["keyed" if table.keyed else "no key"]
    features += ["binary partition" for one in table.partitions if one.column.kind.name == "binary"]
    features += ["capitals"] if any(column.name != column.name.lower() for column in table.columns) else []
    if new:
        features += [f"new {new.kind.name}"] + ["new nested"] * new.kind.nested + ["new capitals"] * (new.name != new.name.lower())
    known = {of for of_engine, of_what, of in GAPS if of_engine == engine and of_what in (what, verb)}
    if known.intersection(features) or (where and not can_filter(engine, where)):
        return False
    return verb in ("read", "create") or can(engine, "read", table)


def can_filter(engine, one):
    """Whether to ask `engine` for the rows that hold `one`, a Filter."""
    features = [f"{one.kind.name} {one.op}"]
    if one.column.widened:
        features.append("widened " + features[0])
    if one.value != one.value:
        features.append(f"NaN {one.op}")
    if one.kind.floating and one.value in (math.inf, -math.inf):
        features.append(f"infinite {one.op}")
    if one.kind.floating and one.value == 0:
        features.append(f"zero {one.op}")
    return not any((engine, "filter", feature) in GAPS for feature in features)


def iceberg_schema(columns, keyed=False):
    """With `keyed`, the first is required, and the key."""
    fields = [NestedField(number + 1, column.name, column.kind.iceberg, required=keyed and column.uid == 0)
              for number, column in enumerate(columns)]
    return assign_fresh_schema_ids(Schema(*fields, identifier_field_ids=[1] if keyed else []))


def partition_spec(schema, partition):
    if not partition:
        return PartitionSpec()
    transform = parse_transform(partition.transform + (f"[{partition.number}]" if partition.number else ""))
    return PartitionSpec(PartitionField(schema.find_field(partition.column.name).field_id, 1000, transform, "part"))


def arrow_table(columns, rows, replace=()):
    """`replace`: pyarrow's types of kinds that an engine wants as another one."""
    schema = schema_to_pyarrow(iceberg_schema(columns), include_field_ids=False)
    replace = dict(replace)
    fields = [pa.field(column.name, replace.get(column.kind.name, field.type), nullable=column.uid != 0)
              for column, field in zip(columns, schema, strict=True)]

    def value(column, one):
        if column.kind.name != "uuid" or one is None:
            return one
        return str(one) if "uuid" in replace else one.bytes

    return pa.Table.from_pylist([{column.name: value(column, row[column.uid]) for column in columns} for row in rows],
                                schema=pa.schema(fields))


class PyIceberg:
    name = "pyiceberg"

    def __init__(self, catalog, space):
        self.catalog, self.space = catalog, space

    def table(self, name):
        return self.catalog.load_table(f"{self.space}.{name}")

    @staticmethod
    def expression(one):
        name = f"{one.column.name}.{one.field}" if one.field else one.column.name
        if one.op in ("null", "not-null"):
            return (ice.IsNull if one.op == "null" else ice.NotNull)(name)
        if one.value != one.value:
            return {"=": ice.IsNaN(name), "<": ice.NotNaN(name) & ice.NotNull(name), ">=": ice.IsNaN(name)}[one.op]
        return {"=": ice.EqualTo, "<": ice.LessThan, ">=": ice.GreaterThanOrEqual}[one.op](name, one.value)

    def create(self, name, commit, properties):
        schema = iceberg_schema(commit.columns)
        spec = partition_spec(schema, commit.partition)
        self.catalog.create_table(f"{self.space}.{name}", schema, partition_spec=spec, properties=properties)

    @staticmethod
    def transform(partition):
        return parse_transform(partition.transform + (f"[{partition.number}]" if partition.number else ""))

    def do(self, name, commit):
        table = self.table(name)
        if commit.verb == "append":
            table.append(arrow_table(commit.columns, commit.rows))
        elif commit.verb == "replace":
            table.overwrite(arrow_table(commit.columns, commit.rows))
        elif commit.verb == "delete":
            table.delete(self.expression(commit.filter))
        elif commit.verb == "update":
            table.overwrite(arrow_table(commit.columns, commit.rows), ice.In("id", [row[0] for row in commit.rows]))
        elif commit.verb == "partition":
            with table.update_spec() as update:
                transform = self.transform(commit.partition)
                update.add_field(commit.partition.column.name, transform, f"part_{len(table.specs())}")
        else:
            with table.update_schema() as update:
                self.evolve(update, commit)

    @staticmethod
    def evolve(update, commit):
        column, new = commit.column, commit.new
        if commit.verb == "add":
            update.add_column(new.name, new.kind.iceberg)
        elif commit.verb == "drop":
            update.delete_column(column.name)
        elif commit.verb == "rename":
            update.rename_column(column.name, new.name)
        elif commit.verb == "first":
            update.move_first(column.name)
        elif column.kind.name == "struct":
            update.add_column((column.name, "z"), KINDS["double"].iceberg)
        else:
            update.update_column(column.name, new.kind.iceberg)

    def all(self, name):
        return self.table(name).scan().to_arrow().to_pylist()

    def ids(self, name, filters):
        table = self.table(name)
        return [table.scan(self.expression(one), selected_fields=("id",)).to_arrow()["id"].to_pylist()
                for one in filters]


class Sql:
    """What Spark and DuckDB have in common. A derived class quotes, and runs `run(text)`."""

    def __init__(self, prefix):
        self.prefix = prefix  # of a table's name

    def where(self, one):
        name = self.quote(one.column.name) + ("." + self.quote(one.field) if one.field else "")
        if one.op in ("null", "not-null"):
            return f"{name} IS {'NOT ' if one.op == 'not-null' else ''}NULL"
        return f"{name} {one.op} {self.literal(one.kind, one.value)}"

    def do(self, name, commit):
        table = self.prefix + name
        if commit.verb in ("append", "replace"):
            self.view(commit)
            names = ", ".join(self.quote(column.name) for column in commit.columns)
            self.run(f"INSERT {'INTO' if commit.verb == 'append' else 'OVERWRITE'} {table} ({names}) SELECT * FROM rows_of_commit")
        elif commit.verb == "delete":
            self.run(f"DELETE FROM {table} WHERE {self.where(commit.filter)}")
        elif commit.verb == "update":
            self.view(commit)
            self.run(self.update(table, self.quote(commit.column.name)))
        else:
            self.run(f"ALTER TABLE {table} {self.alter(commit)}")

    def alter(self, commit):
        column, new = commit.column, commit.new
        if commit.verb == "add":
            return f"ADD COLUMN {self.quote(new.name)} {self.type(new.kind)}"
        if commit.verb == "drop":
            return f"DROP COLUMN {self.quote(column.name)}"
        if commit.verb == "rename":
            return f"RENAME COLUMN {self.quote(column.name)} TO {self.quote(new.name)}"
        if commit.verb == "first":
            return f"ALTER COLUMN {self.quote(column.name)} FIRST"
        if commit.verb == "partition":
            return self.add_partition(commit.partition)
        if column.kind.name == "struct":
            return f"ADD COLUMN {self.quote(column.name)}.{self.quote('z')} DOUBLE"
        return f"ALTER COLUMN {self.quote(column.name)} TYPE {self.type(new.kind)}"

    def definitions(self, columns):
        return ", ".join(f"{self.quote(column.name)} {self.type(column.kind)}" for column in columns)

    def ids(self, name, filters):
        """In few queries of many parts: a query of its own each would take long."""
        found = [[] for _ in filters]
        for start in range(0, len(filters), self.parts_max):
            parts = [f"SELECT {start + at} AS part, id FROM {self.prefix}{name} WHERE {self.where(one)}"
                     for at, one in enumerate(filters[start:start + self.parts_max])]
            for part, id_ in self.run(" UNION ALL ".join(parts)):
                found[part].append(id_)
        return found


class Spark(Sql):
    name = "spark"
    parts_max = 60

    def __init__(self, engine, lake, space):
        super().__init__(f"{lake}.{space}.")
        self.engine = engine
        self.run = engine.sql

    quote = staticmethod(lambda name: f"`{name}`")
    type = staticmethod(lambda kind: kind.spark)

    @staticmethod
    def text(value):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"

    def literal(self, kind, value):
        if isinstance(value, bytes):
            return f"X'{value.hex()}'"
        if kind.spark == "STRING":
            return self.text(str(value))
        if isinstance(value, float):
            value = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value), repr(value))
        return f"CAST('{value}' AS {kind.spark})"

    def transform(self, partition, plural="s"):
        name = self.quote(partition.column.name)
        if partition.transform == "identity":
            return name
        if partition.number:
            return f"{partition.transform}({partition.number}, {name})"
        return f"{partition.transform}{plural}({name})"

    def create(self, name, commit, properties):
        by = f"PARTITIONED BY ({self.transform(commit.partition)})" if commit.partition else ""
        listed = ", ".join(f"'{key}'='{value}'" for key, value in properties.items())
        self.run(f"CREATE TABLE {self.prefix}{name} ({self.definitions(commit.columns)}) USING iceberg {by} "
                 f"TBLPROPERTIES ({listed})")

    def do(self, name, commit):
        # It remembers tables for half a minute, whatever others do meanwhile.
        self.run(f"REFRESH TABLE {self.prefix}{name}")
        super().do(name, commit)

    def view(self, commit):
        data = arrow_table(commit.columns, commit.rows, [("uuid", pa.string()), ("fixed", pa.binary())])
        self.engine.session.createDataFrame(data).createOrReplaceTempView("rows_of_commit")

    def update(self, table, column):
        return (f"MERGE INTO {table} t USING rows_of_commit v ON t.id = v.id "
                f"WHEN MATCHED THEN UPDATE SET t.{column} = v.{column}")

    def add_partition(self, partition):
        return f"ADD PARTITION FIELD {self.transform(partition, '')}"

    def all(self, name):
        self.run(f"REFRESH TABLE {self.prefix}{name}")
        return self.engine.session.table(self.prefix + name).toArrow().to_pylist()


class DuckDbSql(Sql):
    """The dialect."""

    quote = staticmethod(lambda name: f'"{name}"')
    type = staticmethod(lambda kind: kind.duckdb)

    def literal(self, kind, value):
        if isinstance(value, bytes):
            return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"
        return "'" + str(value).replace("'", "''") + f"'::{kind.duckdb}"


class DuckDb(DuckDbSql):
    name = "duckdb"
    parts_max = 12

    def __init__(self, url, space):
        super().__init__(f"lake.{space}.")
        self.connection = duckdb.connect()
        for name in ("httpfs", "avro", "iceberg"):
            folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{name}").origin).parent
            self.connection.execute(f"LOAD '{next(folder.glob(f'extensions/*/{name}.duckdb_extension'))}'")
        self.connection.execute(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{url}/iceberg', AUTHORIZATION_TYPE 'none')")
        self.connection.execute("SET TimeZone = 'UTC'")

    def run(self, text):
        return self.connection.execute(text).fetchall()

    def transform(self, partition):
        name = self.quote(partition.column.name)
        if partition.transform == "identity":
            return name
        return f"{partition.transform}({f'{partition.number}, ' if partition.number else ''}{name})"

    def create(self, name, commit, properties):
        by = f"PARTITIONED BY ({self.transform(commit.partition)})" if commit.partition else ""
        listed = ", ".join(f"'{key}'='{value}'" for key, value in properties.items())
        self.run(f"CREATE TABLE {self.prefix}{name} ({self.definitions(commit.columns)}) {by} WITH ({listed})")

    def view(self, commit):
        self.connection.register("rows_of_commit", arrow_table(commit.columns, commit.rows))

    def update(self, table, column):
        return f"UPDATE {table} AS t SET {column} = v.{column} FROM rows_of_commit v WHERE t.id = v.id"

    def add_partition(self, partition):
        raise AssertionError("DuckDB replaces the whole spec")

    def all(self, name):
        return self.connection.execute(f"FROM {self.prefix}{name}").to_arrow_table().to_pylist()


def json_value(value):
    """As a JSON file says it that is to be loaded."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: json_value(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):  # a map is a list of pairs
        return [json_value(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)
    return value


class Caudal(DuckDbSql):
    """The server itself: its queries read, files that are loaded into tables write."""
    name = "caudal"
    parts_max = 60

    def __init__(self, url, space):
        super().__init__(f"{space}.")
        self.url, self.space = url, space

    @staticmethod
    def checked(answer):
        assert answer.ok, answer.text
        return answer

    # --- Writing

    def load(self, name, file, content, **parameters):
        # A plus would be one there, and no space.
        query = urllib.parse.urlencode({"table": self.prefix + name, "name": file, **parameters}, quote_via=urllib.parse.quote)
        answer = requests.post(f"{self.url}/api/v1/load/upload?{query}", data=content, timeout=300)
        return self.checked(answer).json()

    def load_table(self, name, data, **parameters):
        file = io.BytesIO()
        pq.write_table(data, file)
        return self.load(name, "rows.parquet", file.getvalue(), **parameters)

    def load_rows(self, name, commit, mode):
        """As JSON every second time."""
        if len(commit.rows) % 2:
            answer = self.load_table(name, arrow_table(commit.columns, commit.rows), mode=mode)
        else:
            lines = [json.dumps({column.name: json_value(row[column.uid]) for column in commit.columns}) for row in commit.rows]
            answer = self.load(name, "rows.jsonl", "\n".join(lines).encode(), mode=mode)
        assert answer["rows"] == answer["rows_added"] == len(commit.rows), answer

    def create(self, name, commit, properties):
        schema = iceberg_schema(commit.columns, keyed=True)
        body = {"name": name, "schema": json.loads(schema.model_dump_json()), "properties": properties}
        if commit.partition or len(properties) > 1:
            body["partition-spec"] = json.loads(partition_spec(schema, commit.partition).model_dump_json())
            self.checked(requests.post(f"{self.url}/iceberg/v1/namespaces/{self.space}/tables", json=body, timeout=60))
        else:
            answer = self.load_table(name, arrow_table(commit.columns, []), schema=json.dumps(body["schema"]), key="id")
            assert answer["table_created"], answer

    def do(self, name, commit):
        if commit.verb in ("append", "replace"):
            self.load_rows(name, commit, commit.verb)
        elif commit.verb == "update":
            self.load_rows(name, commit, "upsert")
        elif commit.verb == "delete":
            ids, = self.ids(name, [commit.filter])
            answer = self.load_table(name, pa.table({"id": pa.array(ids, pa.int64())}), mode="delete")
            assert answer["rows_deleted"] == len(ids), answer
        else:
            assert commit.verb == "add"
            columns = [Column(0, "id", KINDS["long"]), commit.new]
            answer = self.load_table(name, arrow_table(columns, []), add_columns="true",
                                     schema=json.dumps(json.loads(iceberg_schema(columns).model_dump_json())))
            assert answer["columns_added"] == [commit.new.name], answer

    # --- Reading

    def table(self, text):
        answer = requests.post(f"{self.url}/api/v1/query", json={"sql": text, "format": "arrow"}, timeout=300)
        return pa.ipc.open_stream(self.checked(answer).content).read_all()

    def run(self, text):
        return [tuple(row.values()) for row in self.table(text).to_pylist()]

    def all(self, name):
        return self.table(f"SELECT * FROM {self.prefix}{name}").to_pylist()
