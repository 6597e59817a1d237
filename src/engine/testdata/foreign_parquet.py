"""Writes foreign.parquet: what other writers make of a table (pyarrow 26)."""
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq


def field(id_, name, type_, nullable=True):
    return pa.field(name, type_, nullable, metadata={"PARQUET:field_id": str(id_)})


SCHEMA = pa.schema([
    field(1, "id", pa.int32(), False),
    field(2, "ID", pa.large_string()),
    field(3, "code", pa.binary(5)),
    field(4, "u", pa.binary(16)),
    field(5, "at", pa.timestamp("ms", "UTC")),
    field(6, "price", pa.decimal128(20, 2)),
    field(7, "l", pa.list_(field(8, "element", pa.int32()))),
])
COLUMNS = [
    [1, 2, 3], ["x", "y", None], [b"abcde", None, b"\0\0\0\0\0"], [b"0123456789abcdef", None, b"\xff" * 16],
    [0, 1, None], [decimal.Decimal("123456789012345678.90"), decimal.Decimal("-0.05"), None], [[1, 2], None, []],
]

if __name__ == "__main__":
    table = pa.table([pa.array(c, f.type) for c, f in zip(COLUMNS, SCHEMA)], SCHEMA)
    pq.write_table(table, pathlib.Path(__file__).with_name("foreign.parquet"), store_schema=False)
