"""A server with one table of all types, made by pyiceberg over REST."""
import uuid

import pytest
from pyiceberg.catalog import load_catalog
from support.all_types import SCHEMA, TABLE
from support.server import CaudalServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with CaudalServer(tmp_path_factory.mktemp("queries"), "log: {level: info}\n") as running:
        yield running


@pytest.fixture(scope="module")
def space(server):
    catalog = load_catalog("caudal", type="rest", uri=f"{server.url}/iceberg")
    name = f"q{uuid.uuid4().hex[:8]}"
    catalog.create_namespace(name)
    catalog.create_table(f"{name}.everything", schema=SCHEMA).append(TABLE)
    return name
