"""Where keys are required, an engine gets a token for the storage that is good for one table, and for an hour at most."""
import time

import pyarrow as pa
import pytest
import requests
from pyiceberg.catalog import load_catalog
from support.keys import create_key
from support.server import CaudalServer

ROWS = pa.table({"id": pa.array(range(10), pa.int64())})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that wants keys, with tables n.t and n.t2."""
    with CaudalServer(tmp_path_factory.mktemp("guarded"), "auth: {required: always}\nbuckets: {lake: {}}\n") as server:
        server.engine_key = create_key(server, "token", "engine")
        server.catalog = load_catalog("caudal", type="rest", uri=f"{server.url}/iceberg", token=server.engine_key["secret"])
        server.catalog.create_namespace("n")
        for name in ("t", "t2"):
            server.catalog.create_table(f"n.{name}", schema=ROWS.schema, location=f"gs://lake/n/{name}").append(ROWS)
        yield server


def table(server, name, token=None, path=""):
    answer = requests.get(f"{server.url}/iceberg/v1/namespaces/n/tables/{name}{path}", timeout=30,
                          headers={"Authorization": f"Bearer {token or server.engine_key['secret']}"})
    answer.raise_for_status()
    return answer


def storage(server, token, method, path, **options):
    return requests.request(method, server.url + path, timeout=30, headers={"Authorization": f"Bearer {token}"}, **options)


def objects(server, token, prefix):
    return storage(server, token, "GET", "/storage/v1/b/lake/o", params={"prefix": prefix})


def test_the_key_itself_is_not_handed_on(guarded):
    config = table(guarded, "t").json()["config"]
    assert guarded.engine_key["secret"] not in str(config)
    minutes = (int(config["gcs.oauth2.token-expires-at"]) / 1000 - time.time()) / 60
    assert 40 < minutes <= 60
    assert config["gcs.oauth2.token"] != table(guarded, "t2").json()["config"]["gcs.oauth2.token"]


def test_a_tables_objects_and_no_others(guarded):
    token = table(guarded, "t").json()["config"]["gcs.oauth2.token"]
    names = [item["name"] for item in objects(guarded, token, "n/t/").json()["items"]]
    assert len(names) > 3
    assert [item["name"] for item in objects(guarded, token, "n/t").json()["items"]] == names
    other = objects(guarded, table(guarded, "t2").json()["config"]["gcs.oauth2.token"], "n/t2/").json()["items"][0]["name"]

    def at(name):
        return "/storage/v1/b/lake/o/" + requests.utils.quote(name, safe="")

    assert storage(guarded, token, "GET", at(names[0])).status_code == 200
    assert storage(guarded, token, "GET", "/lake/" + names[0]).status_code == 200
    assert storage(guarded, token, "GET", "/storage/v1/b/lake").status_code == 200
    upload = "/upload/storage/v1/b/lake/o"
    assert storage(guarded, token, "POST", upload, params={"uploadType": "media", "name": "n/t/x"}, data=b"x").status_code == 200
    multipart = (b'--b\r\nContent-Type: application/json\r\n\r\n{"name": "%s"}\r\n'
                 b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--")

    def related(name):
        return requests.post(guarded.url + upload, params={"uploadType": "multipart"}, data=multipart % name, timeout=30,
                             headers={"Authorization": f"Bearer {token}", "Content-Type": "multipart/related; boundary=b"}).status_code

    assert related(b"n/t/x") == 200
    refused = [
        objects(guarded, token, "n/"), objects(guarded, token, ""),
        storage(guarded, token, "GET", "/storage/v1/b/lake/o", params={"prefix": "n/t", "delimiter": "/"}),
        storage(guarded, token, "GET", at(other)), storage(guarded, token, "GET", "/lake/" + other),
        storage(guarded, token, "GET", "/lake/n/there-is-none"),
        storage(guarded, token, "DELETE", at(other)), storage(guarded, token, "PUT", "/lake/n/t2/x", data=b"x"),
        storage(guarded, token, "POST", upload, params={"uploadType": "media", "name": "n/t2/x"}, data=b"x"),
        storage(guarded, token, "POST", upload, params={"uploadType": "resumable"}, json={"name": "n/t2/x"}),
        storage(guarded, token, "POST", at("n/t/x") + "/rewriteTo/b/lake/o/n%2Ft2%2Fx"),
        storage(guarded, token, "POST", at(other) + "/copyTo/b/lake/o/n%2Ft%2Fy"),
        storage(guarded, token, "POST", at("n/t/y") + "/compose", json={"sourceObjects": [{"name": other}]}),
        storage(guarded, token, "GET", "/storage/v1/b"), storage(guarded, token, "DELETE", "/storage/v1/b/lake"),
        storage(guarded, token, "GET", "/storage/v1/b/another"),
        storage(guarded, token, "GET", "/storage/v1/b/lake/notificationConfigs"),
        storage(guarded, token, "GET", "/iceberg/v1/namespaces"), storage(guarded, token, "GET", "/api/v1/tables"),
        storage(guarded, token, "POST", "/api/v1/query", json={"sql": "SELECT 1"}), storage(guarded, token, "GET", "/api/v1/keys"),
    ]
    assert {f"{answer.request.method} {answer.request.url}": answer.status_code for answer in refused
            if answer.status_code != 403} == {}
    assert related(b"n/t2/x") == 403
    assert storage(guarded, token, "DELETE", at("n/t/x")).status_code == 204


def test_fresh_tokens(guarded):
    """As Iceberg's Java library asks when its token's end is near."""
    config = table(guarded, "t").json()["config"]
    path = config["gcs.oauth2.refresh-credentials-endpoint"]
    answer = requests.get(f"{guarded.url}/iceberg/{path}", timeout=30,
                          headers={"Authorization": f"Bearer {guarded.engine_key['secret']}"}).json()
    (credential,) = answer["storage-credentials"]
    assert credential["prefix"] == "gs"
    assert objects(guarded, credential["config"]["gcs.oauth2.token"], "n/t/").status_code == 200


def test_places_elsewhere(guarded):
    """A table whose files lie in other folders names them."""
    with guarded.catalog.load_table("n.t").transaction() as change:
        change.set_properties({"caudal.places": "gs://lake/n/t2, gs://other/x/"})
    token = table(guarded, "t").json()["config"]["gcs.oauth2.token"]
    assert objects(guarded, token, "n/t2/").status_code == 200
    assert objects(guarded, token, "n/t3/").status_code == 403
    guarded.catalog.load_table("n.t").scan().to_arrow()


def test_a_token_ends_with_its_key(guarded):
    key = create_key(guarded, "token", "short")
    token = table(guarded, "t", key["secret"]).json()["config"]["gcs.oauth2.token"]
    assert objects(guarded, token, "n/t/").status_code == 200
    guarded.cli("keys", "revoke", key["id"])
    assert objects(guarded, token, "n/t/").status_code == 401
