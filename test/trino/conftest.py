"""One Trino for all tests, before a server that takes anybody and one that asks for keys."""
import json
import pathlib
import sys
import uuid

import pytest
from pyiceberg.catalog import load_catalog
from support.keys import create_key, service_account_key
from support.server import CaudalServer
from support.trino_engine import TrinoEngine

# What makes and compares generated tables.
sys.path.append(str(pathlib.Path(__file__).parents[1] / "e2e/iceberg"))


def properties(server, key_file, **more):
    """As docs/tables.md says."""
    return {"connector.name": "iceberg", "iceberg.catalog.type": "rest", "iceberg.rest-catalog.uri": f"{server.url}/iceberg",
            "fs.native-gcs.enabled": "true", "gcs.endpoint": server.url, "gcs.project-id": "any",
            "gcs.json-key-file-path": key_file, **more}


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with CaudalServer(tmp_path_factory.mktemp("trino_server"), "buckets: {elsewhere: {}}\n") as running:
        yield running


@pytest.fixture(scope="session")
def locked(tmp_path_factory):
    with CaudalServer(tmp_path_factory.mktemp("trino_locked"), "auth: {required: always}\n") as running:
        yield running


@pytest.fixture(scope="session")
def token(locked):
    return create_key(locked, "token", "trino-token")["secret"]


@pytest.fixture(scope="session")
def trino(server, locked, token, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trino")
    files = {}
    for name, one in (("lake", server), ("locked", locked)):
        files[name] = folder / f"{name}.json"
        files[name].write_text(json.dumps(service_account_key(one, "trino")))
    engine = TrinoEngine(folder, {
        "lake": properties(server, files["lake"]),
        "locked": properties(locked, files["locked"], **{
            "iceberg.rest-catalog.security": "OAUTH2", "iceberg.rest-catalog.oauth2.token": token})})
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def catalog(server):
    return load_catalog("caudal", type="rest", uri=f"{server.url}/iceberg")


@pytest.fixture
def space(catalog):
    name = f"n{uuid.uuid4().hex[:8]}"
    catalog.create_namespace(name)
    return name
