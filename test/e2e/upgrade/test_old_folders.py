"""Data folders that earlier versions wrote, as a kill left them: this version opens them and finds everything."""
import datetime
import json
import pathlib
import tarfile
import time

import pytest
import requests
from fixtures.make_data_folder import CHUNK, CONFIG, Maker, body, owed
from support.server import ROOT, CaudalServer

FOLDERS = sorted((ROOT / "test/fixtures").glob("data-folder-v*.tar.gz"))


def test_there_is_one():
    assert FOLDERS


@pytest.mark.parametrize("archive", FOLDERS, ids=lambda path: path.name.split(".")[0])
def test_opens_and_finds_everything(archive, tmp_path):
    expected = json.loads(pathlib.Path(str(archive).replace(".tar.gz", ".json")).read_text())
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path)
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    expected["soft_deleted"] = [item for item in expected["soft_deleted"] if item["hardDeleteTime"] > now]
    with CaudalServer(tmp_path, CONFIG) as server:
        found = Maker(server.url).contents()
        for kind in ("buckets", "objects", "soft_deleted"):
            assert without_new_keys(found[kind], expected[kind]) == expected[kind]
        assert owed(server) == expected["owed"]
        for item in expected["objects"]:
            answer = server.get(f"/storage/v1/b/{item['bucket']}/o/{requests.utils.quote(item['name'], safe='')}",
                                params={"alt": "media", "generation": item["generation"]})
            assert answer.status_code == 200, item
            assert len(answer.content) == int(item["size"]), item
            if item["name"] not in ("copy", "composed"):
                assert answer.content == body(item["name"], int(item["size"])), item
        if time.time() - expected["made"] < 364 * 86400:  # then the upload expires
            finish_upload(server, expected["upload"])
    assert "sound" in server.cli("fsck").stdout


def finish_upload(server, upload):
    path = f"/upload/storage/v1/b/plain/o?uploadType=resumable&upload_id={upload}"
    status = server.request("PUT", path, headers={"Content-Range": "bytes */*"})
    assert (status.status_code, status.headers["Range"]) == (308, f"bytes=0-{CHUNK - 1}")
    rest = body("unfinished", CHUNK + 100)[CHUNK:]
    done = server.request("PUT", path, data=rest, headers={"Content-Range": f"bytes {CHUNK}-{CHUNK + 99}/{CHUNK + 100}"})
    assert done.status_code == 200, done.text
    read = server.get("/storage/v1/b/plain/o/unfinished", params={"alt": "media"})
    assert read.content == body("unfinished", CHUNK + 100)


def without_new_keys(found, expected):
    """A later version may say more about a thing; what the earlier one said must stay."""
    assert len(found) == len(expected)
    return [{key: item[key] for key in old if key in item} for item, old in zip(found, expected)]


def test_a_newer_folder_is_refused(tmp_path):
    server = CaudalServer(tmp_path, "platform: {name: newer}\n")
    with server:
        pass
    version_file = tmp_path / "data/FORMAT"
    version_file.write_text(version_file.read_text().replace("version 1", "version 99"))
    done = server.cli("up", check=False)
    assert done.returncode != 0
    assert "99" in done.stderr + done.stdout and "newer" in done.stderr + done.stdout


def test_a_folder_in_use_is_refused(tmp_path):
    with CaudalServer(tmp_path, "platform: {name: used}\n") as server:
        done = server.cli("up", "--listen", "127.0.0.1:0", check=False)
        assert done.returncode != 0
        assert "another" in done.stderr + done.stdout
        assert server.get("/readyz").status_code == 200
