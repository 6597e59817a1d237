#!/usr/bin/env python3
"""Reads what golden_test.cc wrote (our_*) with pyiceberg and fastavro, and writes the same with pyiceberg.

Needs pyiceberg[pyarrow]==0.12.0 and fastavro; run in this folder, after the tests with CAUDAL_WRITE_TESTDATA=1.
"""
import ctypes
import datetime
import decimal
import json
import os
import pathlib
import uuid

import fastavro
from pyiceberg import manifest as m
from pyiceberg.conversions import from_bytes, to_bytes
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table.metadata import TableMetadataUtil
from pyiceberg.types import BinaryType, DoubleType, StringType, UUIDType

HERE = pathlib.Path(__file__).parent
EPOCH = datetime.date(1970, 1, 1)
D = decimal.Decimal
NOON = (22 * 3600 + 31 * 60 + 8) * 1_000_000 + 123_456
STAMP = (datetime.date(2017, 11, 16) - EPOCH).days * 86_400_000_000 + NOON
VALUES = [
    [False, True],
    [-2147483648, -1, 2147483647],
    [-(2**63), 34, 2**63 - 1],
    [-1.5, 0.25],
    [-1e300, 0.1, 1e300],
    [D("-9999999.99"), D("14.20"), D("9999999.99")],
    [D("-999999999999999999"), D("1")],
    [D("-9999999999999999999999999999.9999999999"), D("0.0000000001"), D("9999999999999999999999999999.9999999999")],
    [(datetime.date(1, 1, 1) - EPOCH).days, -1, (datetime.date(2017, 11, 16) - EPOCH).days],
    [0, NOON],
    [-1, STAMP],
    [-1, STAMP],
    ["", "ñandú", "漢字🦦 and quite a long text, too"],
    [uuid.UUID("0193b7f0-677c-7bbd-a479-3f349cb785e7"), uuid.UUID("079c3e09-677c-4bbd-a479-3f349cb785e7")],
    [b"\x00\x01\x02", b"\xff\xfe\xfd"],
    [b"", b"\x00\xff"],
]


def plain(value):
    """Dates and times as the numbers that files hold."""
    if isinstance(value, datetime.datetime):
        naive = value.replace(tzinfo=None)
        return (naive - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return (value - EPOCH).days
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    return value


def as_uuid(value):
    return uuid.UUID(bytes=value) if isinstance(value, bytes) and len(value) == 16 else value


def check_file(file, i, metadata):
    schema, spec = metadata.schema(), metadata.specs()[1]
    assert file.record_count == 10 + i and file.file_size_in_bytes == 1000 + i, file
    assert list(file.split_offsets) == [4, 500]
    for k, column in enumerate(schema.fields):
        expected = None if i == 3 else VALUES[k][i % len(VALUES[k])]
        actual = plain(file.partition[k])
        if isinstance(column.field_type, UUIDType):
            actual = as_uuid(actual)
        # pyiceberg's fast decoder returns doubles as C floats; fastavro checks them below.
        if isinstance(column.field_type, DoubleType) and expected is not None:
            assert actual == ctypes.c_float(expected).value
            file.partition[k] = expected
        else:
            assert actual == expected, (column, actual, expected)
        assert file.column_sizes[k + 1] == 100 * (k + 1)
        assert file.value_counts[k + 1] == 10 + i
        if expected is None:
            assert not (file.lower_bounds or {}).get(k + 1)
            continue
        lower, upper = file.lower_bounds.get(k + 1), file.upper_bounds.get(k + 1)
        low, high = from_bytes(column.field_type, lower), from_bytes(column.field_type, upper)
        if isinstance(column.field_type, UUIDType):
            assert as_uuid(low) <= expected <= as_uuid(high), (low, expected, high)
        else:
            assert plain(low) <= expected <= plain(high), (column, low, expected, high)
        if not isinstance(column.field_type, (StringType, BinaryType, UUIDType)):
            assert lower == upper == to_bytes(column.field_type, expected), column
    assert len(spec.fields) == len(VALUES)


def check_ours(io, version, metadata):
    listing = list(m.read_manifest_list(io.new_input(str(HERE / f"our_list_v{version}.avro"))))
    assert len(listing) == 1
    one = listing[0]
    assert one.sequence_number == 9 and one.min_sequence_number == 3 and one.added_snapshot_id == 42
    assert (one.added_files_count, one.existing_files_count, one.deleted_files_count) == (3, 1, 0)
    assert (one.added_rows_count, one.existing_rows_count) == (10 + 11 + 13, 12)
    path = HERE / f"our_manifest_v{version}.avro"
    assert one.manifest_length == os.path.getsize(path)
    one._data[0] = str(path)
    entries = one.fetch_manifest_entry(io)
    assert [e.status.name for e in entries] == ["ADDED", "ADDED", "EXISTING", "ADDED"]
    for i, entry in enumerate(entries):
        expected = (7, 3, 4) if i == 2 else (42, 9, 9)
        assert (entry.snapshot_id, entry.sequence_number, entry.file_sequence_number) == expected
        check_file(entry.data_file, i, metadata)
    with open(path, "rb") as file:
        records = list(fastavro.reader(file))
    assert len(records) == 4 and records[1]["data_file"]["file_path"].endswith("file-1.parquet")
    for i, record in enumerate(records[:3]):
        for k, actual in enumerate(record["data_file"]["partition"].values()):
            actual = as_uuid(plain(actual)) if isinstance(VALUES[k][0], uuid.UUID) else plain(actual)
            assert actual == VALUES[k][i % len(VALUES[k])], (k, actual)
    print(f"our version {version}: read by pyiceberg and fastavro")
    return entries


def write_theirs(io, version, metadata, entries):
    path = HERE / f"pyiceberg_manifest_v{version}.avro"
    path.unlink(missing_ok=True)
    schema, spec = metadata.schema(), metadata.specs()[1]
    with m.write_manifest(version, spec, schema, io.new_output(str(path)), 42, "deflate") as writer:
        for entry in entries:
            if entry.status == m.ManifestEntryStatus.EXISTING:
                writer.existing(entry)
            else:
                writer.add(entry)
    listing = HERE / f"pyiceberg_list_v{version}.avro"
    listing.unlink(missing_ok=True)
    number = 9 if version == 2 else None
    with m.write_manifest_list(version, io.new_output(str(listing)), 42, 7, number, "deflate") as lists:
        lists.add_manifests([writer.to_manifest_file()])


def main():
    io = PyArrowFileIO()
    metadata = TableMetadataUtil.parse_raw((HERE / "our_metadata_v2.json").read_text())
    assert metadata.current_snapshot().snapshot_id == 2**63 - 1
    assert metadata.sort_orders[1].fields[0].direction.value == "desc"
    (HERE / "pyiceberg_metadata_v2.json").write_text(metadata.model_dump_json())
    json.loads(metadata.model_dump_json())
    entries = check_ours(io, 2, metadata)
    check_ours(io, 3, metadata)
    for version in (1, 2):
        write_theirs(io, version, metadata, entries)


if __name__ == "__main__":
    main()
