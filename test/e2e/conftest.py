"""What every end-to-end test gets: one server for the whole run, a bucket of its own, and ways to start others."""
import concurrent.futures
import http.client
import itertools
import os
from urllib.parse import quote

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from support.server import CaudalServer, binary
from support.webhook import WebhookReceiver

# A gcsfs that isn't told otherwise asks Google's type of bucket by gRPC first: see docs/clients.md.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
    os.environ.pop(name, None)

numbers = itertools.count(1)


def pytest_sessionstart(session):
    if not binary().exists():
        pytest.exit(f"{binary()} doesn't exist: run `make dev` first", returncode=2)


@pytest.fixture(scope="session")
def hook():
    """Gets the events of every bucket of the shared server, as CloudEvents."""
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def topic():
    """The topic `changes` of the shared server pushes here, in Pub/Sub's form."""
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def server(tmp_path_factory, hook, topic):
    # Any port of 127.0.0.1 as host: some tests come through a proxy.
    config = f"""
server: {{allowed_hosts: [127.0.0.1]}}
events:
  subscribers:
    - name: e2e
      webhook: {hook.url}
      secret: hunter2hunter2
  topics:
    changes: {{push: "{topic.url}"}}
"""
    with CaudalServer(tmp_path_factory.mktemp("caudal"), config) as running:
        yield running


@pytest.fixture(autouse=True)
def still_alive(request):
    """A test that brings the shared server down fails, not the next one."""
    yield
    if "server" in request.fixturenames:
        running = request.getfixturevalue("server")
        assert running.alive(), "the server died:\n" + "".join(running.output[-60:])


@pytest.fixture
def start(tmp_path):
    """Starts servers of the test's own: start(config="…", env={…})."""
    running = []

    def one(config="", **options):
        server_ = CaudalServer(tmp_path / f"own{len(running)}", config, **options)
        running.append(server_)
        return server_.start()

    yield one
    for server_ in running:
        server_.__exit__(None)


@pytest.fixture
def connect(monkeypatch):
    """connect(url): Google's client for a server that isn't the shared one, or through a proxy."""
    def one(url):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        return storage.Client(project="e2e", credentials=AnonymousCredentials())

    return one


@pytest.fixture
def client(server, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    return storage.Client(project="e2e", credentials=AnonymousCredentials())


@pytest.fixture
def bucket_name():
    return f"e2e-{os.getpid()}-{next(numbers)}"


@pytest.fixture
def bucket(client, bucket_name):
    return client.create_bucket(bucket_name)


@pytest.fixture(scope="session")
def many_objects(server):
    """A bucket of 100,000 small objects: its name, and their names in order."""
    bucket = f"e2e-many-{os.getpid()}"
    requests.post(f"{server.url}/storage/v1/b?project=e2e", json={"name": bucket}, timeout=30).raise_for_status()
    names = [f"y{i // 10_000}/m{i // 1000 % 10}/{i:06d}.txt" for i in range(100_000)]

    address = server.url.removeprefix("http://")

    def put(part):
        connection = http.client.HTTPConnection(address, timeout=60)  # several times as fast as requests
        for name in part:
            connection.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}", b"x")
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        list(pool.map(put, [names[at::32] for at in range(32)]))
    return bucket, names
