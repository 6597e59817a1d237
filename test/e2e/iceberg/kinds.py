"""Types of columns: what each engine calls them, and values that tell right from wrong."""
import dataclasses
import datetime
import decimal
import math
import uuid
from collections.abc import Callable

from pyiceberg import types as iceberg

UTC = datetime.UTC
TIMES = (("year", None), ("month", None), ("day", None))


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    iceberg: object  # pyiceberg's type, with any ids
    spark: str | None  # None: it has none
    duckdb: str
    values: tuple
    absent: object = None  # a value that no row has
    transforms: tuple = ()
    ordered: bool = True
    key: Callable = lambda value: value
    wider: str | None = None
    widened: Callable = lambda value: value
    fields: dict | None = None

    @property
    def nested(self):
        return not self.iceberg.is_primitive

    @property
    def floating(self):
        return self.name in ("float", "double")

    def draw(self, random):
        return None if random.random() < 0.2 else random.choice(self.values)

    def __repr__(self):
        return self.name

    def __hash__(self):
        return hash(self.name)


@dataclasses.dataclass(frozen=True)
class Column:
    uid: int  # stays when the name changes
    name: str
    kind: Kind
    widened: bool = False

    def __str__(self):
        return f"{self.name}: {self.kind.name}"


def dec(precision, scale, *more, wider=None):
    with decimal.localcontext(prec=60):
        top = decimal.Decimal(10) ** precision - 1
        unit = decimal.Decimal(1).scaleb(-scale)
        # The least is what truncation leaves as it is: below would be one digit more.
        values = [(value * unit).quantize(unit) for value in (top, 49 - top, 0, 1, -1, 12345, -12345, 99, 100)]
        values += [decimal.Decimal(one).quantize(unit) for one in more]
        absent = (decimal.Decimal(777) * unit).quantize(unit)
    name = f"decimal({precision},{scale})"
    return Kind(name, iceberg.DecimalType(precision, scale), name, name, tuple(values), absent,
                (("identity", None), ("bucket", 3), ("truncate", 50)), wider=wider)


def at(*parts, zone=None):
    return datetime.datetime(*parts, tzinfo=zone)


def instants(zone):
    return (at(1, 1, 1, zone=zone), at(1582, 10, 10, 12, zone=zone), at(1969, 12, 31, 23, 59, 59, 999999, zone=zone),
            at(1970, 1, 1, zone=zone), at(1970, 1, 1, 0, 0, 0, 1, zone=zone), at(1969, 12, 31, 22, 30, zone=zone),
            at(2026, 2, 28, 12, 34, 56, 789012, zone=zone), at(2026, 3, 1, zone=zone),
            at(9999, 12, 31, 23, 59, 59, 999999, zone=zone))


def number_key(value):
    """NaN equals itself and is greater than all; zeros are equal."""
    return (1, 0.0) if math.isnan(value) else (0, value)


LONG = "the first sixteen code points are the same, and then "
STRINGS = ("", " ", "a", "A", "ñ", "n\u0303", "it's", 'say "so"', "back\\slash", "a/b=c&d%20e", "line\nbreak", "\uff5e", "\U0001f600",
           "\U0001f600" * 20, "\U0001f600" * 20 + "b", "\uffff" * 17, "\U0010ffff" * 18, LONG + "a", LONG + "b", LONG + "\U0001f600",
           LONG + "a" * 300, "NULL", "漢字" * 9)
FLOATS = (0.0, -0.0, 1.5, -1.5, math.nan, math.inf, -math.inf)
BINARIES = (b"", b"\x00", b"\x00\x00", b"\x7f", b"\x80", b"\xff", b"\xff" * 20, b"\xff" * 16 + b"\x00", b"same sixteen bytes and then a",
            b"same sixteen bytes and then b", b"\xff\xfe")
UUIDS = tuple(uuid.UUID(int=value) for value in (
    0, 1, 2**127, 2**127 - 1, 2**128 - 1, 2**63, 2**64 + 2**63, 0x123E4567E89B12D3A456426614174000))
DATES = tuple(datetime.date(*parts) for parts in (
    (1, 1, 1), (1582, 10, 10), (1969, 12, 31), (1970, 1, 1), (1970, 1, 2), (1968, 2, 29), (2026, 2, 28), (2026, 3, 1), (9999, 12, 31)))
CLOCKS = tuple(datetime.time(*parts) for parts in ((), (0, 0, 0, 1), (12,), (12, 34, 56, 789012), (23, 59, 59, 999999)))

INT = Kind("int", iceberg.IntegerType(), "INT", "INTEGER", (0, 1, -1, 2**31 - 1, -2**31, 255, 256, -256, 65536), 777,
           (("identity", None), ("bucket", 3), ("truncate", 8)), wider="long")
STRING = Kind("string", iceberg.StringType(), "STRING", "VARCHAR", STRINGS, "not there",
              (("identity", None), ("bucket", 3), ("truncate", 2), ("truncate", 17)))
DOUBLE = Kind("double", iceberg.DoubleType(), "DOUBLE", "DOUBLE", (*FLOATS, 5e-324, 1.7976931348623157e308, 0.1), 777.25,
              key=number_key)
STRUCTS = tuple({"x": x, "y": y} for x, y in ((1, "a"), (None, ""), (2**31 - 1, LONG + "a"), (-5, None), (None, None)))


def struct(name, *fields):
    """`fields`: name and Kind."""
    nested = [iceberg.NestedField(900 + number, field, kind.iceberg) for number, (field, kind) in enumerate(fields)]
    return {"name": name, "iceberg": iceberg.StructType(*nested), "ordered": False, "fields": dict(fields),
            "spark": "STRUCT<" + ", ".join(f"{field}: {kind.spark}" for field, kind in fields) + ">",
            "duckdb": "STRUCT(" + ", ".join(f"{field} {kind.duckdb}" for field, kind in fields) + ")"}


ALL = [
    Kind("boolean", iceberg.BooleanType(), "BOOLEAN", "BOOLEAN", (True, False), True, (("identity", None),)),
    INT,
    Kind("long", iceberg.LongType(), "BIGINT", "BIGINT", (0, 1, -1, 2**63 - 1, -2**63, 2**31, 10**15, -255), 777,
         (("identity", None), ("bucket", 3), ("truncate", 8))),
    Kind("float", iceberg.FloatType(), "FLOAT", "FLOAT", (*FLOATS, 2.0**-149, 3.4028234663852886e38, 0.5), 777.25, key=number_key,
         wider="double"),
    DOUBLE,
    dec(9, 2, "1.50", wider="decimal(18,2)"),
    dec(18, 2),
    dec(38, 0),
    dec(38, 10, "3.1415926535"),
    Kind("date", iceberg.DateType(), "DATE", "DATE", DATES, datetime.date(2000, 1, 1),
         (("identity", None), ("bucket", 3), *TIMES)),
    Kind("time", iceberg.TimeType(), None, "TIME", CLOCKS, datetime.time(7, 7, 7), (("bucket", 3),)),
    Kind("timestamp", iceberg.TimestampType(), "TIMESTAMP_NTZ", "TIMESTAMP", instants(None), at(2000, 1, 1),
         (("bucket", 3), *TIMES, ("hour", None))),
    Kind("timestamptz", iceberg.TimestamptzType(), "TIMESTAMP", "TIMESTAMPTZ", instants(UTC), at(2000, 1, 1, zone=UTC),
         (("bucket", 3), *TIMES, ("hour", None))),
    STRING,
    dataclasses.replace(STRING, name="narrow string", values=tuple(value for value in STRINGS if not set("\uffff漢") & set(value))),
    Kind("uuid", iceberg.UUIDType(), "STRING", "UUID", UUIDS, uuid.UUID(int=777), (("bucket", 3),)),
    Kind("fixed", iceberg.FixedType(3), "BINARY", "BLOB", (b"abc", b"\x00\x00\x00", b"\xff\xff\xff", b"\x7f\x80\x00", b"\x80\x00\x00"),
         b"777", (("bucket", 3),)),
    Kind("binary", iceberg.BinaryType(), "BINARY", "BLOB", BINARIES, b"777", (("bucket", 3), ("truncate", 2))),
    Kind(**struct("struct", ("x", INT), ("y", STRING)), values=STRUCTS, wider="struct of three"),
    Kind(**struct("struct of three", ("x", INT), ("y", STRING), ("z", DOUBLE)),
         values=tuple({**value, "z": z} for value, z in zip(STRUCTS, (math.nan, 1.5, -0.0, None, None), strict=True)),
         widened=lambda value: None if value is None else {**value, "z": None}),
    Kind("list", iceberg.ListType(900, iceberg.StringType(), element_required=False), "ARRAY<STRING>", "VARCHAR[]",
         ([], ["a"], [None], ["", LONG + "a", "\U0001f600"], ["x", None, "x"]), ordered=False),
    Kind("map", iceberg.MapType(900, iceberg.StringType(), 901, iceberg.LongType(), value_required=False), "MAP<STRING, BIGINT>",
         "MAP(VARCHAR, BIGINT)", ([], [("a", 1)], [("", None), ("\U0001f600", -2**63)], [("k", 2**63 - 1)]), ordered=False),
    Kind("list of structs", iceberg.ListType(900, iceberg.StructType(
        iceberg.NestedField(901, "when", iceberg.DateType()),
        iceberg.NestedField(902, "marks", iceberg.ListType(903, iceberg.IntegerType(), element_required=False))),
        element_required=False), "ARRAY<STRUCT<when: DATE, marks: ARRAY<INT>>>", 'STRUCT("when" DATE, marks INTEGER[])[]',
        ([], [{"when": DATES[0], "marks": [1, None]}], [{"when": None, "marks": []}, {"when": DATES[2], "marks": None}]),
        ordered=False),
]
KINDS = {kind.name: kind for kind in ALL}
