"""Tables that pyiceberg, Trino and Caudal make and change in turn: each reads them row for row, and through filters on every column."""
import pytest
from agreement import check
from engines import Caudal, PyIceberg, can
from generated import make_case
from trino_sql import Trino

CASES = [make_case(number, can, ("pyiceberg", "trino", "caudal")) for number in range(30) if number % 10 != 7]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def engines(server, trino, catalog):
    catalog.create_namespace("generated")
    made = [PyIceberg(catalog, "generated"), Trino(trino, catalog, "generated"), Caudal(server.url, "generated")]
    return {engine.name: engine for engine in made}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_trino_and_others_read_what_each_wrote(case, engines):
    check(case, engines)
