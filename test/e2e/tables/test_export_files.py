"""Tables and queries into files by the admin API, and back."""
import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import requests
from all_types import CSV, FULL, NULLS, SCHEMA, plain


@pytest.fixture
def export(server):
    def one(status=200, **body):
        answer = requests.post(f"{server.url}/api/v1/export", json=body, timeout=200)
        assert answer.status_code == status, answer.text
        return answer

    return one


@pytest.fixture
def full(tables, dataset):
    tables.load(f"{dataset}.t", tables.file("all.csv", CSV), schema=SCHEMA)
    return f"{dataset}.t"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_what_is_exported_loads_to_the_same(tables, dataset, full, export, ending):
    path = tables.file(f"out.{ending}", export(table=full, format=ending).content)
    tables.load(f"{dataset}.again", path, schema=SCHEMA)
    assert [plain(row) for row in tables.rows(f"{dataset}.again")] == [NULLS, FULL]


def test_queries_and_objects(tables, server, dataset, full, export):
    answer = export(sql=f"SELECT id, s FROM {full} ORDER BY id", format="arrow")
    assert pa.ipc.open_stream(answer.content).read_all().column("id").to_pylist() == [1, 2 ** 63 - 1]
    assert answer.headers["X-Caudal-Rows"] == "2"
    assert export(table=full, to="gs://files/out/t.parquet").json()["bytes"] > 0
    stored = requests.get(f"{server.url}/files/out/t.parquet", timeout=10).content
    assert pq.read_table(pa.BufferReader(stored)).num_rows == 2
    assert export(sql="SELECT id FROM t", default_dataset=dataset, to=f"gs://files/{dataset}/ids.csv").json()["rows"] == 2


def test_a_failed_export_leaves_nothing(server, full, export):
    late = "SELECT CASE WHEN i = 900000 THEN CAST('x' || i AS INTEGER) ELSE i END AS n FROM range(1000000) t(i)"
    export(400, sql=late, to="gs://files/none.csv")
    export(404, table="no.table", to="gs://files/none.csv")
    export(400, sql="SELECT * FROM read_csv('/etc/passwd')", format="csv")
    export(400, table=full, format="xml")
    export(400, table=full, sql="SELECT 1", format="csv")
    export(404, table=full, to="gs://no-such-bucket/x.csv")
    export(400, table=full, to="/tmp/x.csv")
    assert requests.get(f"{server.url}/storage/v1/b/files/o/none.csv", timeout=10).status_code == 404
    assert list((server.folder / "data/run/loads").iterdir()) == []


def test_large_results(tables, export):
    path = tables.file("large.jsonl", export(sql="SELECT i, repeat('x', 50) AS s FROM range(300000) t(i)", format="jsonl").content)
    assert duckdb.sql(f"SELECT count(*), sum(i::BIGINT) FROM read_json('{path}')").fetchone() == (300_000, 44_999_850_000)
