"""One table of all types that pyiceberg writes, with extremes and nulls."""
import datetime
import decimal

import pyarrow as pa

UTC = datetime.timezone.utc
D = decimal.Decimal
SCHEMA = pa.schema([
    ("id", pa.int64()), ("flag", pa.bool_()), ("small", pa.int32()), ("big", pa.int64()), ("single", pa.float32()),
    ("double", pa.float64()), ("dec9", pa.decimal128(9, 2)), ("dec18", pa.decimal128(18, 4)), ("dec38", pa.decimal128(38, 10)),
    ("day", pa.date32()), ("clock", pa.time64("us")), ("moment", pa.timestamp("us")), ("instant", pa.timestamp("us", "UTC")),
    ("text", pa.string()), ("bytes", pa.binary()), ("four", pa.binary(4)), ("tags", pa.list_(pa.string())),
    ("point", pa.struct([("x", pa.int64()), ("y", pa.decimal128(4, 1))])), ("counts", pa.map_(pa.string(), pa.int64())),
    ("lines", pa.list_(pa.struct([("sku", pa.string()), ("days", pa.list_(pa.date32()))]))),
])
ROWS = [
    {"id": 1, "flag": True, "small": 2**31 - 1, "big": 2**63 - 1, "single": 0.5, "double": 0.1, "dec9": D("-0.05"), "dec18": D("99999999999999.9999"),
     "dec38": D("1234567890123456789012345678.0123456789"), "day": datetime.date(2024, 2, 29), "clock": datetime.time(23, 59, 59, 999999),
     "moment": datetime.datetime(1969, 12, 31, 23, 59, 59, 1), "instant": datetime.datetime(2026, 6, 1, 1, 2, 3, 500000, UTC),
     "text": "é \"quoted\", a, b\r\nline 😀 \\ \t", "bytes": bytes(range(256)), "four": b"\0\xff\0\xff", "tags": ["a,b", None, "", "NULL"],
     "point": {"x": -(2**63), "y": D("-999.9")}, "counts": [("k", 2**62), ("ñ", None)],
     "lines": [{"sku": None, "days": [datetime.date(1, 1, 1), None]}, None, {"sku": "s", "days": None}]},
    {"id": 2, "flag": False, "small": -(2**31), "big": -(2**63), "single": -1.0, "double": 1e300, "dec9": D("0.00"), "dec18": D("-0.0001"),
     "dec38": D("-0.0000000001"), "day": datetime.date(1, 1, 1), "clock": datetime.time(0), "moment": datetime.datetime(9999, 12, 31, 23, 59, 59),
     "instant": datetime.datetime(1, 1, 1, tzinfo=UTC), "text": "", "bytes": b"", "four": b"abcd", "tags": [], "point": {"x": None, "y": None}, "counts": [],
     "lines": []},
    # A list of structs that is null is written as an empty one by pyiceberg 0.12.
    {**{name: None for name in SCHEMA.names}, "id": 3, "lines": []},
    {**{name: None for name in SCHEMA.names}, "id": 4, "lines": [], "single": float("inf"), "double": float("-inf"), "text": "NULL"},
]
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)
