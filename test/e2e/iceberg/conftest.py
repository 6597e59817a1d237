"""A server of its own for each file of tests, and a namespace for each test."""
import uuid

import pytest
from pyiceberg.catalog import load_catalog
from support.server import CaudalServer
from support.spark_engine import SparkEngine


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """One for all tests: use `spark.catalog(url)`."""
    engine = SparkEngine(tmp_path_factory.mktemp("spark"))
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with CaudalServer(tmp_path_factory.mktemp("iceberg"), "buckets: {elsewhere: {}}\n") as running:
        yield running


@pytest.fixture
def catalog(server):
    return load_catalog("caudal", type="rest", uri=f"{server.url}/iceberg")


@pytest.fixture
def space(catalog):
    name = f"n{uuid.uuid4().hex[:8]}"
    catalog.create_namespace(name, {"owner": "tests"})
    return name
