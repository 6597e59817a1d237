"""Files into tables, read back by pyiceberg."""
import datetime
import gzip
import importlib.util
import pathlib

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from all_types import CSV, FULL, JSON, NULLS, SCHEMA, UTC, plain

@pytest.mark.parametrize("name,content", [
    ("all.csv", CSV), ("all.csv.gz", gzip.compress(CSV.encode())), ("all.jsonl", JSON),
    ("crlf.csv", CSV.replace("\n", "\r\n").replace("ñ\r\n", "ñ\n")),
    ("array.json", "[" + JSON.strip().replace("\n\n", ",") + "]"),
])
def test_every_type_of_text_files(tables, dataset, name, content):
    answer = tables.load(f"{dataset}.t", tables.file(name, content), schema=SCHEMA)
    assert (answer["rows"], answer["bad_rows"], answer["table_created"]) == (2, [], True)
    assert [plain(row) for row in tables.rows(f"{dataset}.t")] == [NULLS, FULL]


def parquet_rows():
    schema = pa.schema([
        ("id", pa.int64()), ("b", pa.bool_()), ("i", pa.int32()), ("f", pa.float32()), ("d", pa.float64()),
        ("m", pa.decimal128(38, 10)), ("day", pa.date32()), ("t", pa.time64("us")), ("ts", pa.timestamp("us")),
        ("tz", pa.timestamp("us", "UTC")), ("s", pa.string()), ("u", pa.uuid()), ("x", pa.binary()),
        ("tags", pa.list_(pa.string())), ("at", pa.struct([("x", pa.float64()), ("y", pa.int64())])),
        ("props", pa.map_(pa.string(), pa.int32()))])
    return pa.Table.from_pylist([FULL, NULLS], schema=schema)


def test_every_type_of_parquet_files(tables, dataset):
    path = tables.folder / "all.parquet"
    pq.write_table(parquet_rows(), path)
    given = tables.load(f"{dataset}.given", path, schema=SCHEMA)
    found = tables.load(f"{dataset}.found", path, key="id")
    assert (given["rows"], found["rows"]) == (2, 2)
    for name in ("given", "found"):
        assert [plain(row) for row in tables.rows(f"{dataset}.{name}")] == [NULLS, FULL]
    kinds = [str(field.field_type) for field in tables.catalog.load_table(f"{dataset}.found").schema().fields]
    assert kinds[:13] == ["long", "boolean", "int", "float", "double", "decimal(38, 10)", "date", "time", "timestamp",
                          "timestamptz", "string", "uuid", "binary"]


def test_avro_files(tables, dataset):
    path = tables.folder / "some.avro"
    connection = duckdb.connect()
    folder = pathlib.Path(importlib.util.find_spec("duckdb_extension_avro").origin).parent
    connection.execute(f"LOAD '{next(folder.glob('extensions/*/avro.duckdb_extension'))}'")
    connection.execute(f"COPY (SELECT range AS id, 'n' || range AS name, [range, NULL] AS parts FROM range(3000)) TO '{path}' (FORMAT avro)")
    assert tables.load(f"{dataset}.t", path)["rows"] == 3000
    rows = tables.rows(f"{dataset}.t", "id")
    assert rows[2999] == {"id": 2999, "name": "n2999", "parts": [2999, None]} and len(rows) == 3000


def test_types_are_found(tables, dataset):
    csv = "n,x,flag,day,at,zoned,code,name\n1,1.5,true,2026-01-02,2026-01-02 03:04:05,2026-01-02T03:04:05Z,007,a\n2,-3,false,,,,1,\n"
    tables.load(f"{dataset}.t", tables.file("f.csv", csv))
    kinds = {field.name: str(field.field_type) for field in tables.catalog.load_table(f"{dataset}.t").schema().fields}
    assert kinds == {"n": "long", "x": "double", "flag": "boolean", "day": "date", "at": "timestamp", "zoned": "timestamptz",
                     "code": "string", "name": "string"}
    json = '{"n": 1, "s": "12", "o": {"a": [1]}, "when": "2026-01-02T03:04:05Z"}\n{"n": 2, "extra": 1.5}\n'
    tables.load(f"{dataset}.j", tables.file("f.jsonl", json))
    rows = tables.rows(f"{dataset}.j", "n")
    assert rows[0] == {"n": 1, "s": "12", "o": {"a": [1]}, "when": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "extra": None}
    assert rows[1]["extra"] == 1.5


def test_bad_rows_are_named_and_nothing_is_loaded(tables, dataset, catalog):
    csv = ('id,amount,name\n1,1.50,a\n2,12.505,b\n"3","1",""\n4,5\n\n5,1,"two\nlines"\nsix,1,c\n7,8,9,10\n,1,d\n')
    path = tables.file("bad.csv", csv)
    schema = "id:long!,amount:decimal(9,2),name:string"
    error = tables.load(f"{dataset}.t", path, schema=schema, check=False)
    assert error["reason"] == "load.bad_rows" and "5 rows" in error["message"] and "bad.csv line 3" in error["message"]
    assert not catalog.namespace_exists(dataset)
    answer = requests.post(f"{tables.server.url}/api/v1/load/upload", data=csv, timeout=60,
                           params={"table": f"{dataset}.t", "name": "bad.csv", "schema": schema})
    bad = answer.json()["error"]["bad_rows"]
    assert [(row["line"], row.get("column")) for row in bad] == [(3, "amount"), (5, None), (9, "id"), (10, None), (11, "id")]
    assert bad[0]["reason"] == "'12.505' is no decimal(9, 2)" and bad[4]["reason"] == "there is no value, and the table requires one"
    loaded = tables.load(f"{dataset}.t", path, schema=schema, bad_rows_max=5)
    assert (loaded["rows"], loaded["bad_row_count"]) == (3, 5)
    assert [(row["id"], row["name"]) for row in tables.rows(f"{dataset}.t")] == [(1, "a"), (3, ""), (5, "two\nlines")]

    json = '{"id": 1}\n{"id": "x"}\n{bad\n[1]\n{"id": 2, "name": "b"}\n{"id": 3, "tags": {"k": "z"}}\n'
    error = tables.post({"table": f"{dataset}.j", "sources": [tables.put(f"{dataset}/bad.jsonl", json)],
                         "schema": "id:long!,name:string,tags:map<string,int>"}).json()["error"]
    assert [(row["line"], row.get("column")) for row in error["bad_rows"]] == [(2, "id"), (3, None), (4, None), (6, "tags")]


def test_columns_must_fit_or_be_added(tables, dataset):
    name = f"{dataset}.t"
    tables.load(name, tables.file("a.csv", "id,name\n1,a\n"), schema="id:long!,name:string,n:int")
    error = tables.load(name, tables.file("b.csv", "id,city\n2,Rome\n"), check=False)
    assert error["reason"] == "load.columns" and "'city'" in error["message"]
    error = tables.load(name, tables.file("c.csv", "name\nx\n"), check=False)
    assert error["reason"] == "load.columns" and "'id'" in error["message"]
    path = tables.folder / "d.parquet"
    pq.write_table(pa.table({"id": [2], "n": ["text"]}), path)
    error = tables.load(name, path, check=False)
    assert error["reason"] == "load.type" and "'n' is string in the file, and int in the table" in error["message"]
    pq.write_table(pa.table({"id": [2, 3], "n": [5, 2 ** 40]}), path)
    error = tables.load(name, path, check=False)
    assert error["reason"] == "load.bad_rows" and "row 2, column 'n': '1099511627776' is no int" in error["message"]
    answer = tables.load(name, tables.folder / "b.csv", add_columns=True)
    assert answer["columns_added"] == ["city"]
    assert tables.rows(name) == [{"id": 1, "name": "a", "n": None, "city": None}, {"id": 2, "name": None, "n": None, "city": "Rome"}]
    error = tables.load(name, tables.file("e.csv", "id,more\nx,1\n"), add_columns=True, check=False)
    assert error["reason"] == "load.bad_rows"
    assert len(tables.catalog.load_table(name).schema().fields) == 4, "what a failed load added is gone"


def test_a_type_that_cannot_be_written(tables, dataset, catalog):
    """No row is read, whatever the file."""
    fixed = '{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"},{"id":2,"name":"f","required":false,"type":"fixed[3]"}]}'
    path = tables.folder / "fixed.parquet"
    pq.write_table(pa.table({"id": [1], "f": pa.array([b"abc"], pa.binary(3))}), path)
    for file in (path, tables.file("fixed.jsonl", '{"id": 1, "f": "YWJj"}\n')):
        error = tables.load(f"{dataset}.t", file, schema=fixed, check=False)
        assert (error["code"], error["reason"]) == (501, "load.type") and "'f'" in error["message"] and "fixed[3]" in error["message"]
        assert not catalog.namespace_exists(dataset)


def test_replace_upsert_and_delete(tables, dataset):
    name = f"{dataset}.t"
    tables.load(name, tables.file("a.csv", "id,name\n1,a\n2,b\n3,c\n"), key="id", mode="upsert")
    assert tables.catalog.load_table(name).schema().identifier_field_names() == {"id"}
    tables.load(name, tables.file("b.csv", "id,name\n2,B\n4,d\n4,D\n"), mode="upsert")
    assert [tuple(row.values()) for row in tables.rows(name)] == [(1, "a"), (2, "B"), (3, "c"), (4, "D")]
    answer = tables.load(name, tables.file("keys.csv", "id\n1\n4\n99\n"), mode="delete")
    assert answer["rows_deleted"] == 2
    assert [row["id"] for row in tables.rows(name)] == [2, 3]
    before = tables.catalog.load_table(name).current_snapshot().snapshot_id
    answer = tables.load(name, tables.file("c.csv", "id,name\n7,g\n"), mode="replace")
    assert [tuple(row.values()) for row in tables.rows(name)] == [(7, "g")]
    assert str(tables.catalog.load_table(name).current_snapshot().snapshot_id) == answer["snapshot_id"] != str(before)
    tables.load(f"{dataset}.nokey", tables.file("d.csv", "id\n1\n"))
    assert tables.load(f"{dataset}.nokey", tables.folder / "d.csv", mode="upsert", check=False)["reason"] == "table.no_key"


def test_objects_by_pattern(tables, dataset):
    for i in range(3):
        tables.put(f"{dataset}/part-{i}.csv", f"id,name\n{i},n{i}\n")
    tables.put(f"{dataset}/deep/part-9.csv.gz", gzip.compress(b"id,name\n9,n9\n"))
    answer = tables.load(f"{dataset}.t", f"gs://files/{dataset}/part-*.csv", f"gs://files/{dataset}/**/*.gz")
    assert (answer["files"], answer["rows"]) == (4, 4)
    assert [row["id"] for row in tables.rows(f"{dataset}.t")] == [0, 1, 2, 9]
    error = tables.load(f"{dataset}.t", f"gs://files/{dataset}/none-*", check=False)
    assert error["code"] == 404 and "none-" in error["message"]
    assert tables.post({"table": "t", "sources": ["gs://files/x.csv"]}).status_code == 400
    assert tables.post({"table": "a.t", "sources": ["/etc/passwd"], "format": "csv"}).status_code == 400


@pytest.mark.slow
def test_a_million_rows_in_bounded_memory(tables, dataset):
    path = tables.folder / "big.csv"
    duckdb.sql("SELECT range AS id, md5(range::VARCHAR) AS hash, (range % 1000) / 8 AS price, repeat('x', 80) AS pad "
               f"FROM range(1000000)").write_csv(str(path))
    before = tables.server.rss_bytes()
    assert tables.load(f"{dataset}.t", path)["rows"] == 1_000_000
    assert tables.server.rss_bytes() - before < 700 << 20
    found = tables.read(f"{dataset}.t")
    assert found.num_rows == 1_000_000
    assert duckdb.sql("SELECT count(DISTINCT id), sum(id), bool_and(hash = md5(id::VARCHAR)), sum(price) FROM found").fetchone() == \
        (1_000_000, 499_999_500_000, True, duckdb.sql("SELECT sum((range % 1000) / 8) FROM range(1000000)").fetchone()[0])
