"""Trino as a writer and reader of generated tables, and what is known that it cannot do."""
import base64
import datetime
import decimal
import struct
import uuid

from engines import GAPS, Sql
from pyiceberg import types as ice

GAPS.update({
    ("trino", "read", "version 3"): "Trino 476 reads no format version 3",
    ("trino", "create", "fixed"): "Trino has no such type, and makes a varbinary of it",
    ("trino", "add", "new fixed"): "as for a create",
    ("trino", "create", "capitals"): "Trino makes small letters of them",
    ("trino", "add", "new capitals"): "as for a create",
    ("trino", "rename", "new capitals"): "as for a create",
    ("trino", "replace", "replace"): "Trino has no such statement",
    ("trino", "partition", "partition"): "Trino replaces the whole spec instead of adding to it",
    ("trino", "first", "first"): "Trino changes no order of columns",
    **{("trino", "filter", f"NaN {op}"): "in Trino NaN is neither equal to, nor less or greater than anything" for op in ("=", "<", ">=")},
    **{("trino", "filter", f"zero {op}"): "to Iceberg in Java, -0.0 is less than 0.0: it leaves out files with only the one"
       for op in ("=", "<", ">=")},
})
PLAIN = {ice.BooleanType: "BOOLEAN", ice.IntegerType: "INTEGER", ice.LongType: "BIGINT", ice.FloatType: "REAL",
         ice.DoubleType: "DOUBLE", ice.DateType: "DATE", ice.TimeType: "TIME(6)", ice.TimestampType: "TIMESTAMP(6)",
         ice.TimestamptzType: "TIMESTAMP(6) WITH TIME ZONE", ice.StringType: "VARCHAR", ice.UUIDType: "UUID",
         ice.FixedType: "VARBINARY", ice.BinaryType: "VARBINARY"}


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def type_of(type_):
    if isinstance(type_, ice.DecimalType):
        return f"DECIMAL({type_.precision}, {type_.scale})"
    if isinstance(type_, ice.StructType):
        return "ROW(" + ", ".join(f"{quote(field.name)} {type_of(field.field_type)}" for field in type_.fields) + ")"
    if isinstance(type_, ice.ListType):
        return f"ARRAY({type_of(type_.element_type)})"
    if isinstance(type_, ice.MapType):
        return f"MAP({type_of(type_.key_type)}, {type_of(type_.value_type)})"
    return PLAIN[type(type_)]


def parts(type_, value):
    if isinstance(type_, ice.StructType):
        return "ROW(" + ", ".join(literal(field.field_type, value[field.name]) for field in type_.fields) + ")"
    if isinstance(type_, ice.ListType):
        return "ARRAY[" + ", ".join(literal(type_.element_type, one) for one in value) + "]"
    keys = ", ".join(literal(type_.key_type, key) for key, _ in value)
    return f"MAP(ARRAY[{keys}], ARRAY[{', '.join(literal(type_.value_type, one) for _, one in value)}])"


def literal(type_, value):
    """Of exactly that type."""
    if value is None:
        return f"CAST(NULL AS {type_of(type_)})"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if not type_.is_primitive:
        return f"CAST({parts(type_, value)} AS {type_of(type_)})"
    text = str(value)
    if isinstance(value, float):
        text = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(text, text)
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat(" ") + (" UTC" if value.tzinfo else "")
    return "CAST('" + text.replace("'", "''") + f"' AS {type_of(type_)})"


def value_of(type_, value):
    """What an answer of Trino has, as a value of Python."""
    if value is None or isinstance(type_, ice.BooleanType):
        return value
    if isinstance(type_, ice.StructType):
        return {field.name: value_of(field.field_type, one) for field, one in zip(type_.fields, value, strict=True)}
    if isinstance(type_, ice.ListType):
        return [value_of(type_.element_type, one) for one in value]
    if isinstance(type_, ice.MapType):
        return [(key, value_of(type_.value_type, one)) for key, one in value.items()]
    if isinstance(type_, ice.FloatType):  # the shortest text, of a number of four bytes
        return struct.unpack("f", struct.pack("f", float(value)))[0]
    if isinstance(type_, ice.DoubleType):
        return float(value)
    if isinstance(type_, (ice.BinaryType, ice.FixedType)):
        return base64.b64decode(value)
    if isinstance(type_, ice.TimestamptzType):
        return datetime.datetime.fromisoformat(value.removesuffix(" UTC")).replace(tzinfo=datetime.UTC)
    made = {ice.DecimalType: decimal.Decimal, ice.UUIDType: uuid.UUID, ice.DateType: datetime.date.fromisoformat,
            ice.TimeType: datetime.time.fromisoformat, ice.TimestampType: datetime.datetime.fromisoformat}.get(type(type_))
    return made(value) if made else value


class Trino(Sql):
    name = "trino"
    parts_max = 60
    quote = staticmethod(quote)
    type = staticmethod(lambda kind: type_of(kind.iceberg))
    literal = staticmethod(lambda kind, value: literal(kind.iceberg, value))

    def __init__(self, engine, catalog, space):
        super().__init__(f"lake.{space}.")
        self.run, self.catalog, self.space = engine.sql, catalog, space

    def transform(self, partition):
        name = quote(partition.column.name.lower())
        if partition.transform == "identity":
            return name
        return f"{partition.transform}({name}{f', {partition.number}' if partition.number else ''})"

    def create(self, name, commit, properties):
        by = f", partitioning = ARRAY['{self.transform(commit.partition)}']" if commit.partition else ""
        self.run(f"CREATE TABLE {self.prefix}{name} ({self.definitions(commit.columns)}) "
                 f"WITH (format_version = {properties['format-version']}{by})")

    def values(self, columns, rows):
        return ", ".join("(" + ", ".join(literal(column.kind.iceberg, row[column.uid]) for column in columns) + ")" for row in rows)

    def do(self, name, commit):
        table = self.prefix + name
        if commit.verb == "append":
            names = ", ".join(quote(column.name) for column in commit.columns)
            self.run(f"INSERT INTO {table} ({names}) VALUES {self.values(commit.columns, commit.rows)}")
        elif commit.verb == "update":
            key, changed = next(column for column in commit.columns if column.uid == 0), commit.column
            self.run(f"MERGE INTO {table} t USING (VALUES {self.values([key, changed], commit.rows)}) AS v(id, value) "
                     f"ON t.id = v.id WHEN MATCHED THEN UPDATE SET {quote(changed.name)} = v.value")
        elif commit.verb == "widen" and commit.column.kind.name != "struct":
            self.run(f"ALTER TABLE {table} ALTER COLUMN {quote(commit.column.name)} SET DATA TYPE {self.type(commit.new.kind)}")
        else:
            super().do(name, commit)

    def all(self, name):
        """Names as the table has them: Trino makes small letters of all."""
        fields = self.catalog.load_table(f"{self.space}.{name}").schema().fields
        return [{field.name: value_of(field.field_type, one) for field, one in zip(fields, row, strict=True)}
                for row in self.run(f"SELECT * FROM {self.prefix}{name}")]
