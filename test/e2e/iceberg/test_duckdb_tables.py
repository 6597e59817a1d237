"""DuckDB's Iceberg extension with nothing but the catalogue's URL, beside pyiceberg on the same tables."""
import importlib.util
import pathlib

import duckdb
import pyarrow as pa
import pytest


@pytest.fixture
def duck(server):
    connection = duckdb.connect()
    for name in ("httpfs", "avro", "iceberg"):
        folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{name}").origin).parent
        connection.execute(f"LOAD '{next(folder.glob(f'extensions/*/{name}.duckdb_extension'))}'")
    connection.execute(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{server.url}/iceberg', AUTHORIZATION_TYPE 'none')")
    return connection


def rows(duck, query):
    return duck.execute(query).fetchall()


def test_each_reads_what_the_other_wrote(duck, catalog, space):
    table = catalog.create_table(f"{space}.t", schema=pa.schema([("id", pa.int64()), ("name", pa.string())]))
    table.append(pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", None, "ñ"]}))
    assert rows(duck, f"FROM lake.{space}.t ORDER BY id") == [(1, "a"), (2, None), (3, "ñ")]
    assert rows(duck, f"SELECT id FROM lake.{space}.t WHERE name = 'ñ'") == [(3,)]
    duck.execute(f"INSERT INTO lake.{space}.t VALUES (4, 'duck')")
    duck.execute(f"DELETE FROM lake.{space}.t WHERE id = 1")
    duck.execute(f"UPDATE lake.{space}.t SET name = 'z' WHERE id = 2")
    table = catalog.load_table(f"{space}.t")
    assert table.scan().to_arrow().sort_by("id").to_pylist() == [
        {"id": 2, "name": "z"}, {"id": 3, "name": "ñ"}, {"id": 4, "name": "duck"}]
    # What the answers told DuckDB is not in the table.
    assert table.location().startswith("gs://lake/") and "write.data.path" not in table.properties


def test_a_table_that_duckdb_makes(duck, catalog, space):
    duck.execute(f"CREATE TABLE lake.{space}.made AS SELECT range AS id, 'n' || range AS name FROM range(1000)")
    table = catalog.load_table(f"{space}.made")
    assert table.location().startswith("gs://lake/") and "write.data.path" not in table.properties
    assert table.scan().to_arrow().num_rows == 1000
    assert rows(duck, f"SELECT count(*), max(name) FROM lake.{space}.made") == [(1000, "n999")]


def test_packed_metadata(duck, catalog, space):
    table = catalog.create_table(f"{space}.t", schema=pa.schema([("id", pa.int64())]),
                                 properties={"write.metadata.compression-codec": "gzip"})
    table.append(pa.table({"id": pa.array([1, 2, 3], pa.int64())}))
    duck.execute(f"INSERT INTO lake.{space}.t VALUES (4)")
    table = catalog.load_table(f"{space}.t")
    assert table.metadata_location.endswith(".gz.metadata.json")
    assert rows(duck, f"FROM lake.{space}.t ORDER BY id") == [(1,), (2,), (3,), (4,)]
    assert table.scan().to_arrow().num_rows == 4
