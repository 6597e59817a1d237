"""gcsfs and pandas over gs://."""
import os
import subprocess
import sys
import time

import gcsfs
import pandas
import pytest


@pytest.fixture
def fs(server, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    gcsfs.GCSFileSystem.clear_instance_cache()
    return gcsfs.GCSFileSystem(endpoint_url=server.url, token="anon", project="e2e", cache_timeout=0)


def test_files_and_folders(fs, bucket):
    root = bucket.name
    fs.pipe(f"{root}/d/one.txt", b"1")
    fs.pipe({f"{root}/d/two.txt": b"22", f"{root}/d/e/three.txt": b"333"})
    assert sorted(fs.ls(f"{root}/d", detail=False)) == [f"{root}/d/e", f"{root}/d/one.txt", f"{root}/d/two.txt"]
    assert sorted(fs.find(root)) == [f"{root}/d/e/three.txt", f"{root}/d/one.txt", f"{root}/d/two.txt"]
    assert fs.glob(f"{root}/d/*.txt") == [f"{root}/d/one.txt", f"{root}/d/two.txt"]
    assert fs.cat(f"{root}/d/two.txt") == b"22"
    assert fs.cat_file(f"{root}/d/e/three.txt", start=1, end=2) == b"3"
    assert fs.info(f"{root}/d/one.txt")["size"] == 1
    assert fs.isdir(f"{root}/d") and fs.isfile(f"{root}/d/one.txt") and not fs.exists(f"{root}/x")
    fs.cp(f"{root}/d/one.txt", f"{root}/copy.txt")
    fs.mv(f"{root}/copy.txt", f"{root}/moved.txt")
    assert fs.cat(f"{root}/moved.txt") == b"1"
    fs.rm(f"{root}/d", recursive=True)
    assert fs.find(root) == [f"{root}/moved.txt"]
    with pytest.raises(FileNotFoundError):
        fs.cat(f"{root}/d/one.txt")


def test_large_files_in_blocks(fs, bucket):
    data = os.urandom(1 << 20) * 12
    with fs.open(f"{bucket.name}/big", "wb", block_size=5 << 20) as file:
        for at in range(0, len(data), 1 << 20):
            file.write(data[at:at + (1 << 20)])
    with fs.open(f"{bucket.name}/big", "rb", block_size=1 << 20) as file:
        file.seek(7 << 20)
        assert file.read(100) == data[7 << 20:(7 << 20) + 100]
        file.seek(0)
        assert file.read() == data
    assert fs.checksum(f"{bucket.name}/big")


def test_put_get_and_metadata(fs, bucket, tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(5):
        (tmp_path / "in" / f"{i}.txt").write_text(str(i))
    fs.put(str(tmp_path / "in"), f"{bucket.name}/in", recursive=True)
    fs.get(f"{bucket.name}/in", str(tmp_path / "out"), recursive=True)
    assert sorted(one.read_text() for one in (tmp_path / "out").rglob("*.txt")) == list("01234")
    fs.setxattrs(f"{bucket.name}/in/0.txt", content_type="text/x", colour="red")
    assert fs.getxattr(f"{bucket.name}/in/0.txt", "colour") == "red"


def test_buckets(fs, bucket_name):
    fs.mkdir(bucket_name)
    assert bucket_name in [one.rstrip("/") for one in fs.ls("", detail=False)]
    fs.rmdir(bucket_name)


def test_pandas(server, bucket, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    gcsfs.GCSFileSystem.clear_instance_cache()
    options = {"token": "anon", "endpoint_url": server.url}
    frame = pandas.DataFrame({"id": range(1000), "name": [f"n{i}" for i in range(1000)]})
    frame.to_csv(f"gs://{bucket.name}/t/frame.csv", index=False, storage_options=options)
    again = pandas.read_csv(f"gs://{bucket.name}/t/frame.csv", storage_options=options)
    assert again.equals(frame)
    frame.to_json(f"gs://{bucket.name}/t/frame.jsonl", orient="records", lines=True, storage_options=options)
    assert len(pandas.read_json(f"gs://{bucket.name}/t/frame.jsonl", lines=True, storage_options=options)) == 1000


@pytest.mark.skipif("CAUDAL_E2E_GRPC" not in os.environ, reason="takes minutes, in gcsfs's own retries")
def test_unconfigured_gcsfs_works_too(server, bucket):
    """Without GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT=false it asks for the bucket's type by gRPC first, and each time it
    gets no answer it tries for a minute. Nothing but gRPC over TLS at our port would spare it that."""
    program = (f"import gcsfs; fs = gcsfs.GCSFileSystem(endpoint_url={server.url!r}, token='anon', project='e2e');"
               f"fs.pipe('{bucket.name}/x', b'unconfigured'); print(fs.cat('{bucket.name}/x'))")
    env = {**os.environ, "STORAGE_EMULATOR_HOST": server.url}
    env.pop("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT")
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=600,
                          check=False)
    print(f"unconfigured gcsfs: {time.monotonic() - started:.1f} s")
    assert "unconfigured" in done.stdout, done.stderr[-2000:]
