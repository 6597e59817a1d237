"""DuckDB reads and writes objects over the XML API, with an HMAC key."""
import importlib.util
import pathlib

import duckdb
import pytest
from support.keys import create_key


@pytest.fixture
def connection(server):
    connection = duckdb.connect()
    folder = pathlib.Path(importlib.util.find_spec("duckdb_extension_httpfs").origin).parent
    extension = next(folder.glob("extensions/*/httpfs.duckdb_extension"))
    connection.execute(f"LOAD '{extension}'")
    key = create_key(server, "hmac", "duck")
    endpoint = server.url.removeprefix("http://")
    connection.execute(f"""CREATE SECRET (TYPE gcs, KEY_ID '{key["id"]}', SECRET '{key["secret"]}',
                           ENDPOINT '{endpoint}', USE_SSL false, URL_STYLE 'path')""")
    return connection


def test_parquet_and_csv(connection, bucket):
    connection.execute(f"COPY (SELECT range AS id, 'n' || range AS name FROM range(100000)) "
                       f"TO 'gs://{bucket.name}/t/one.parquet'")
    connection.execute(f"COPY (SELECT range + 100000 AS id, 'm' AS name FROM range(10)) "
                       f"TO 'gs://{bucket.name}/t/two.parquet'")
    blob = bucket.get_blob("t/one.parquet")
    assert blob.size > 100_000
    count, total = connection.execute(f"SELECT count(*), sum(id) FROM 'gs://{bucket.name}/t/one.parquet'").fetchone()
    assert (count, total) == (100_000, 99_999 * 50_000)
    assert connection.execute(f"SELECT count(*) FROM 'gs://{bucket.name}/t/*.parquet'").fetchone() == (100_010,)
    bucket.blob("c.csv").upload_from_string("a,b\n1,x\n2,y\n")
    assert connection.execute(f"SELECT sum(a) FROM 'gs://{bucket.name}/c.csv'").fetchone() == (3,)
