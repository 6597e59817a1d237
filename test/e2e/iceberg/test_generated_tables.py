"""Thirty tables that engines make and change in turn: every engine reads each row for row, and through filters on every column."""
import pytest
from agreement import check
from engines import Caudal, DuckDb, PyIceberg, Spark, can
from generated import make_case
from pyiceberg.catalog import load_catalog

CASES = [make_case(number, can) for number in range(30)]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def engines(server, spark):
    catalog = load_catalog("caudal", type="rest", uri=f"{server.url}/iceberg")
    catalog.create_namespace("generated")
    cached = spark.catalog(server.url, **{"io.manifest.cache-enabled": "true"})
    made = [PyIceberg(catalog, "generated"), Spark(spark, cached, "generated"), DuckDb(server.url, "generated"),
            Caudal(server.url, "generated")]
    return {engine.name: engine for engine in made}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_reads_what_others_wrote(case, engines):
    check(case, engines)
