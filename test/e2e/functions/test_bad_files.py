"""Files that are no good: a failed run with a clear message, a dead letter, no partial output; the next one is served."""
import gzip
import io
import os
import zlib

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from support.runs import runs, wait_for_dead_letter, wait_for_run
from support.server import CaudalServer

CONFIG = """
server: {listen: 127.0.0.1:0}
buckets: {landing: {}, clean: {}}
functions:
  clean:
    kind: sql
    trigger: {bucket: landing}
    inputs:
      raw: {uri: $event, format: csv, columns: {id: text, amount: "decimal(18,2)"}, unpacked_max: 64MiB}
    sql: CREATE VIEW good AS SELECT id, amount FROM raw
    outputs:
      - {table: good, uri: "gs://clean/{name}.parquet"}
      - {table: good, uri: "gs://clean/{name}.csv"}
"""
HEADER = b"id,amount\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with CaudalServer(tmp_path_factory.mktemp("bad-files"), CONFIG) as running:
        yield running


@pytest.fixture
def client(server, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    return storage.Client(project="e2e", credentials=AnonymousCredentials())


def serves_the_next(server, client, name):
    client.bucket("landing").blob(name).upload_from_string(HEADER + b"x,1.50\n")
    assert wait_for_run(server, "clean", name)["status"] == "succeeded"
    assert client.bucket("clean").blob(name + ".csv").download_as_bytes() == b"id,amount\nx,1.50\n"


def refused(server, client, name, timeout=120):
    run = wait_for_run(server, "clean", name, timeout=timeout)
    assert run["status"] == "failed", run
    assert run["error_kind"] == "invalid" and run["attempt"] == 1, run
    assert run["error"].startswith(f"input 'raw' (gs://landing/{name}): "), run
    assert [one for one in runs(server, "clean") if f"/{name}#" in one["input"]] == [run], "it was tried again"
    assert run["outputs"] == []
    assert not [blob.name for blob in client.list_blobs("clean", prefix=name)]
    wait_for_dead_letter(server, name)
    serves_the_next(server, client, f"after-{name}.csv")
    return run["error"].split("): ", 1)[1]


@pytest.mark.parametrize("name, data, message", [
    ("empty.csv", b"", "it is empty"),
    ("header-only.csv", HEADER, "it has no rows; set 'allow_empty' if that may be"),
    ("latin1.csv", HEADER + "Muñoz,1\n".encode("latin-1"), "line 2: it isn't UTF-8; CSV files must be UTF-8"),
    ("utf16.csv", (HEADER + b"x,1\n").decode().encode("utf-16"), "it is UTF-16; CSV files must be UTF-8"),
    ("missing.csv", b"id,name\nx,y\n", "the column 'amount' is missing; the header has 'id', 'name'"),
    ("short.csv", HEADER + b"x,1\ny\n", "line 3: there is 1 column instead of 2"),
    ("value.csv", HEADER + b"x,1.005\n", "row 1, column 'amount': '1.005' is no decimal(18,2)"),
    ("program.csv", b"\x7fELF\x02\x01\x01" + bytes(5000), "it isn't text: its first line has control characters"),
    ("noise.csv", os.urandom(300_000), None),
    ("not-packed.csv.gz", HEADER + b"x,1\n", None),
    ("cut.csv.gz", gzip.compress(HEADER + b"x,1\n")[:-4], "it is cut short"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_bad_file(server, client, name, data, message):
    client.bucket("landing").blob(name).upload_from_string(data)
    error = refused(server, client, name)
    assert len(error) < 300
    if message:
        assert error == message


def test_gzip_bomb(server, client):
    """A gigabyte in a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(HEADER + b"x,")
    zeros = bytes(1 << 24)
    for _ in range(64):
        bomb += packer.compress(zeros)
    bomb += packer.flush()
    client.bucket("landing").blob("bomb.csv.gz").upload_from_string(bomb)
    assert "it unpacks to more than 67108864 bytes" in refused(server, client, "bomb.csv.gz")


class Ones(io.RawIOBase):
    """A CSV whose second line is `length` bytes long, made as it is read."""

    def __init__(self, length):
        super().__init__()
        self.size = len(HEADER) + length
        self.at = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = [0, self.at, self.size][whence] + offset
        return self.at

    def readinto(self, buffer):
        length = max(0, min(len(buffer), self.size - self.at))
        piece = (HEADER[self.at:] + b"1" * length)[:length]
        buffer[:length] = piece
        self.at += length
        return length


@pytest.mark.slow
def test_line_of_a_gigabyte(server, client):
    line = Ones(1 << 30)
    blob = client.bucket("landing").blob("line.csv", chunk_size=64 << 20)
    blob.upload_from_file(io.BufferedReader(line, 1 << 20), size=line.size, timeout=300)
    assert refused(server, client, "line.csv", timeout=300) == (
        "line 2: it is longer than 2097152 bytes, the limit; raise 'line_max' if such lines are meant")
