"""A server of its own for each file of tests, a dataset for each test, and the ways in and out."""
import uuid

import pyarrow as pa
import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from pyiceberg.catalog import load_catalog
from support.server import CaudalServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with CaudalServer(tmp_path_factory.mktemp("tables"), "buckets: {files: {}}\n") as running:
        yield running


@pytest.fixture
def catalog(server):
    return load_catalog("caudal", type="rest", uri=f"{server.url}/iceberg")


@pytest.fixture
def dataset():
    return f"d{uuid.uuid4().hex[:8]}"


class Tables:
    """Loads by the admin API, reads by pyiceberg."""

    def __init__(self, server, catalog, folder):
        self.server, self.catalog, self.folder = server, catalog, folder

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, table, *sources, check=True, **options):
        """The answer, or with check=False the error. Local files are uploaded, gs:// URIs are named."""
        url = f"{self.server.url}/api/v1/load"
        if str(sources[0]).startswith("gs://"):
            known = {name: options.pop(name) for name in ("schema", "key", "mode", "format") if name in options}
            answer = requests.post(url, json={"table": table, "sources": list(sources), "options": options} | known, timeout=200)
        else:
            parameters = {"table": table, "name": sources[0].name} | options
            with open(sources[0], "rb") as file:
                answer = requests.post(f"{url}/upload", data=file, params=parameters, timeout=200)
        if check:
            assert answer.status_code == 200, answer.text
            return answer.json()
        return answer.json()["error"]

    def post(self, body):
        return requests.post(f"{self.server.url}/api/v1/load", json=body, timeout=200)

    def put(self, name, content):
        client = storage.Client(project="e2e", credentials=AnonymousCredentials(),
                                client_options={"api_endpoint": self.server.url})
        client.bucket("files").blob(name).upload_from_string(content)
        return f"gs://files/{name}"

    def read(self, table) -> pa.Table:
        return self.catalog.load_table(table).scan().to_arrow()

    def rows(self, table, *order):
        found = self.read(table)
        return found.sort_by([(name, "ascending") for name in order or found.column_names[:1]]).to_pylist()


@pytest.fixture
def tables(server, catalog, tmp_path):
    return Tables(server, catalog, tmp_path)
