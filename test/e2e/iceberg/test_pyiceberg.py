"""pyiceberg with nothing but the catalogue's URL: tables over the REST catalogue, their files over our storage API."""
import datetime
import decimal
import math

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import (CommitFailedException, NamespaceNotEmptyError, NoSuchTableError,
                                  TableAlreadyExistsError, UnauthorizedError)
from pyiceberg.expressions import EqualTo, GreaterThan, IsNull
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType
from support.keys import create_key

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", None, "ñ"],
                 "amount": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-3.25")], pa.decimal128(18, 2)),
                 "day": pa.array([datetime.date(2026, 1, day) for day in (1, 2, 3)]),
                 "at": pa.array([datetime.datetime(2026, 1, 1, hour) for hour in (1, 2, 3)], pa.timestamp("us", "UTC"))})


def test_append_read_filter_delete(catalog, space):
    table = catalog.create_table(f"{space}.t", schema=ROWS.schema)
    table.append(ROWS)
    table.append(ROWS.slice(0, 1))
    again = catalog.load_table(f"{space}.t")
    assert again.scan().to_arrow().num_rows == 4
    assert again.scan(EqualTo("name", "ñ")).to_arrow()["id"].to_pylist() == [3]
    assert again.scan(GreaterThan("amount", decimal.Decimal("0.00"))).to_arrow().num_rows == 2
    assert again.scan(IsNull("name")).to_arrow()["id"].to_pylist() == [2]
    again.delete(EqualTo("id", 1))
    assert sorted(again.scan().to_arrow()["id"].to_pylist()) == [2, 3]
    again.overwrite(ROWS)
    assert again.scan().to_arrow().sort_by("id").to_pylist() == ROWS.to_pylist()
    # An overwrite is a delete and an append in one commit: one entry.
    assert len(again.history()) == 4


def test_time_travel_and_evolution(catalog, space):
    table = catalog.create_table(f"{space}.t", schema=ROWS.schema)
    table.append(ROWS)
    first = table.current_snapshot().snapshot_id
    with table.update_schema() as update:
        update.add_column("note", StringType())
        update.rename_column("name", "title")
        update.delete_column("day")
    table.append(pa.table({"id": pa.array([9], pa.int64()), "title": ["x"], "amount": pa.array([None], pa.decimal128(18, 2)),
                           "at": pa.array([None], pa.timestamp("us", "UTC")), "note": ["new"]}))
    rows = catalog.load_table(f"{space}.t").scan().to_arrow().sort_by("id").to_pylist()
    assert [(row["id"], row["title"], row["note"]) for row in rows] == [(1, "a", None), (2, None, None), (3, "ñ", None),
                                                                        (9, "x", "new")]
    assert table.scan(snapshot_id=first).to_arrow().num_rows == 3
    with table.manage_snapshots() as manage:
        manage.create_tag(first, "before").create_branch(first, "side")
    assert set(catalog.load_table(f"{space}.t").refs()) == {"main", "before", "side"}


def test_partitions(catalog, space):
    schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "kind", StringType(), required=False))
    table = catalog.create_table(f"{space}.t", schema=schema,
                                 partition_spec=PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "kind")))
    table.append(pa.table({"id": pa.array(range(100), pa.int64()), "kind": [["a", "b", None, "ñ/%"][n % 4] for n in range(100)]}))
    again = catalog.load_table(f"{space}.t")
    assert len(again.inspect.files()) == 4
    assert again.scan(EqualTo("kind", "ñ/%")).to_arrow().num_rows == 25
    with again.update_spec() as update:
        update.add_field("id", BucketTransform(4), "id_bucket")
    assert [str(field.transform) for field in catalog.load_table(f"{space}.t").spec().fields] == ["identity", "bucket[4]"]


def test_a_transaction_makes_a_table_with_its_rows(catalog, space):
    with catalog.create_table_transaction(f"{space}.t", schema=ROWS.schema) as transaction:
        transaction.append(ROWS)
    assert catalog.load_table(f"{space}.t").scan().to_arrow().num_rows == 3


def test_a_stale_commit_is_refused_and_made_again(catalog, space, caplog):
    table = catalog.create_table(f"{space}.t", schema=ROWS.schema)
    stale = catalog.load_table(f"{space}.t")
    table.append(ROWS)
    stale.append(ROWS)
    assert "concurrent update, retrying" in caplog.text
    assert catalog.load_table(f"{space}.t").scan().to_arrow().num_rows == 6
    stale = catalog.load_table(f"{space}.t")
    catalog.drop_table(f"{space}.t")
    catalog.create_table(f"{space}.t", schema=ROWS.schema)
    with pytest.raises(CommitFailedException), stale.update_schema() as update:
        update.add_column("a", StringType())


def test_purge(catalog, space, server):
    def files():
        listed = server.get(f"/storage/v1/b/lake/o?prefix={space}/t-").json().get("items", [])
        return {one["name"] for one in listed}

    table = catalog.create_table(f"{space}.t", schema=ROWS.schema)
    table.append(ROWS)
    table.delete(EqualTo("id", 1))
    kept = catalog.create_table(f"{space}.kept", schema=ROWS.schema)
    kept.append(ROWS)
    assert len(files()) > 8
    catalog.purge_table(f"{space}.t")
    assert files() == set()
    assert not catalog.table_exists(f"{space}.t")
    assert kept.scan().to_arrow().num_rows == 3


def test_queries_find_nans(catalog, space, server):
    """pyarrow's statistics leave them out, and to SQL a NaN is above all numbers."""
    table = catalog.create_table(f"{space}.t", schema=pa.schema([("a", pa.float64()), ("s", pa.struct([("z", pa.float32())]))]))
    table.append(pa.table({"a": [1.0, math.nan, 2.0], "s": [{"z": 1.0}, None, {"z": math.nan}]}, schema=table.schema().as_arrow()))

    def count(where):
        answer = server.request("POST", "/api/v1/query", json={"sql": f"SELECT a FROM {space}.t WHERE {where}", "format": "csv"})
        assert answer.ok, answer.text
        return len(answer.text.splitlines()) - 1

    for where in ("a > 5", "a = 'nan'", "s.z > 5", "s.z = 'nan'"):
        assert count(where) == 1, where


def test_packed_metadata(catalog, space):
    table = catalog.create_table(f"{space}.t", schema=ROWS.schema, properties={"write.metadata.compression-codec": "gzip"})
    table.append(ROWS)
    table = catalog.load_table(f"{space}.t")
    assert table.metadata_location.endswith(".gz.metadata.json") and table.scan().to_arrow().num_rows == 3
    # By the file alone, without the catalogue's answer.
    static = StaticTable.from_metadata(table.metadata_location, table.io.properties)
    assert static.metadata == table.metadata
    assert static.scan().to_arrow().sort_by("id").to_pylist() == ROWS.to_pylist()
    catalog.register_table(f"{space}.again", table.metadata_location).append(ROWS)
    assert catalog.load_table(f"{space}.again").scan().to_arrow().num_rows == 6


def test_a_long_history_is_packed(catalog, space):
    table = catalog.create_table(f"{space}.t", schema=ROWS.schema)
    for _ in range(33):
        table.append(ROWS.slice(0, 1))
    table = catalog.load_table(f"{space}.t")
    names = [entry.metadata_file for entry in table.metadata.metadata_log] + [table.metadata_location]
    assert [name.endswith(".gz.metadata.json") for name in names] == [False] * 32 + [True] * 2
    for name in names[-3:]:
        assert StaticTable.from_metadata(name, table.io.properties).metadata.table_uuid == table.metadata.table_uuid


def test_names(catalog, space):
    catalog.create_table(f"{space}.t", schema=ROWS.schema)
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table(f"{space}.t", schema=ROWS.schema)
    assert catalog.list_tables(space) == [(space, "t")]
    catalog.rename_table(f"{space}.t", f"{space}.u")
    assert catalog.table_exists(f"{space}.u") and not catalog.table_exists(f"{space}.t")
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(space)
    catalog.drop_table(f"{space}.u")
    with pytest.raises(NoSuchTableError):
        catalog.load_table(f"{space}.u")
    catalog.update_namespace_properties(space, updates={"k": "v"})
    assert catalog.load_namespace_properties(space) == {
        "owner": "tests", "k": "v", "location": f"gs://lake/{space}"}
    catalog.drop_namespace(space)


def test_where_keys_are_required(start):
    """The client gets a token of the table for the storage."""
    server = start("auth: {required: always}\n")
    uri = f"{server.url}/iceberg"
    with pytest.raises(UnauthorizedError):
        load_catalog("caudal", type="rest", uri=uri)
    catalog = load_catalog("caudal", type="rest", uri=uri, token=create_key(server, "token", "engine")["secret"])
    catalog.create_namespace("n")
    catalog.create_table("n.t", schema=ROWS.schema).append(ROWS)
    assert catalog.load_table("n.t").scan().to_arrow().num_rows == 3
