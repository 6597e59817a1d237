"""The Iceberg REST catalogue as a client without a library sees it: bodies, statuses, errors."""
import concurrent.futures

import pytest
import requests

SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "required": True, "type": "long"},
                                       {"id": 2, "name": "name", "required": False, "type": "string"}]}


@pytest.fixture
def call(server):
    def send(method, path, expect=200, **more):
        answer = server.request(method, "/iceberg/v1/" + path, **more)
        assert answer.status_code == expect, (answer.status_code, answer.text)
        return answer.json() if answer.text else None
    return send


def failed(call, method, path, status, type_, **more):
    error = call(method, path, status, **more)["error"]
    assert (error["code"], error["type"]) == (status, type_), error
    return error["message"]


def create(call, space, name="t", **more):
    return call("POST", f"namespaces/{space}/tables", json={"name": name, "schema": SCHEMA, **more})


def commit(call, space, name, requirements, updates, expect=200):
    return call("POST", f"namespaces/{space}/tables/{name}", expect,
                json={"requirements": requirements, "updates": updates})


def test_config_says_what_is_there(call):
    config = call("GET", "config")
    assert "POST /v1/{prefix}/transactions/commit" in config["endpoints"]
    assert not [one for one in config["endpoints"] if "view" in one]
    assert "may be left out" in failed(call, "GET", "config?warehouse=other", 404, "NoSuchWarehouseException")
    call("GET", "config?warehouse=")


def test_namespaces(call):
    assert call("POST", "namespaces", json={"namespace": ["a"], "properties": {"owner": "x"}}) == {
        "namespace": ["a"], "properties": {"owner": "x"}}
    failed(call, "POST", "namespaces", 409, "AlreadyExistsException", json={"namespace": ["a"]})
    failed(call, "POST", "namespaces", 404, "NoSuchNamespaceException", json={"namespace": ["missing", "b"]})
    call("POST", "namespaces", json={"namespace": ["a", "b.c"]})
    assert ["a"] in call("GET", "namespaces")["namespaces"]
    assert call("GET", "namespaces?parent=a")["namespaces"] == [["a", "b.c"]]
    assert call("GET", "namespaces/a%1Fb.c")["namespace"] == ["a", "b.c"]
    call("HEAD", "namespaces/a", 204)
    assert call("POST", "namespaces/a/properties", json={"updates": {"k": "v"}, "removals": ["owner", "none"]}) == {
        "updated": ["k"], "removed": ["owner"], "missing": ["none"]}
    assert call("GET", "namespaces/a")["properties"] == {"k": "v", "location": "gs://lake/a"}
    failed(call, "POST", "namespaces/a/properties", 400, "BadRequestException",
           json={"updates": {"k": "v"}, "removals": ["k"]})
    failed(call, "DELETE", "namespaces/a", 409, "NamespaceNotEmptyException")
    call("DELETE", "namespaces/a%1Fb.c", 204)
    call("DELETE", "namespaces/a", 204)
    failed(call, "GET", "namespaces/a", 404, "NoSuchNamespaceException")


@pytest.mark.asan
@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "..", "x" * 256, 'a"b'])
def test_bad_names(call, name):
    assert failed(call, "POST", "namespaces", 400, "BadRequestException", json={"namespace": [name]})


def test_pages(call, space):
    for number in range(5):
        create(call, space, f"t{number}")
    assert len(call("GET", f"namespaces/{space}/tables")["identifiers"]) == 5
    names, token = [], ""
    while token is not None:
        page = call("GET", f"namespaces/{space}/tables?pageSize=2&pageToken={token}")
        names += [one["name"] for one in page["identifiers"]]
        token = page.get("next-page-token")
    assert names == [f"t{number}" for number in range(5)]


def test_create_load_drop(call, space, server):
    made = create(call, space, properties={"owner": "me"})
    metadata = made["metadata"]
    assert metadata["format-version"] == 2 and metadata["properties"]["owner"] == "me"
    assert metadata["location"].startswith(f"gs://lake/{space}/t-")
    assert made["config"]["gcs.service.host"] == server.url
    assert call("GET", f"namespaces/{space}/tables/t")["metadata"] == metadata
    # The metadata file is an object like others.
    bucket, name = made["metadata-location"].removeprefix("gs://").split("/", 1)
    assert server.get(f"/{bucket}/{name}").json() == metadata
    failed(call, "POST", f"namespaces/{space}/tables", 409, "AlreadyExistsException", json={"name": "t", "schema": SCHEMA})
    failed(call, "DELETE", f"namespaces/{space}", 409, "NamespaceNotEmptyException")
    call("HEAD", f"namespaces/{space}/tables/t", 204)
    call("DELETE", f"namespaces/{space}/tables/t", 204)
    failed(call, "GET", f"namespaces/{space}/tables/t", 404, "NoSuchTableException")
    # Java asks so for the table's table of files, before it takes the name apart.
    failed(call, "GET", f"namespaces/{space}%1Ft/tables/files", 404, "NoSuchTableException")
    again = call("POST", f"namespaces/{space}/register", json={"name": "u", "metadata-location": made["metadata-location"]})
    assert again["metadata"] == metadata


def test_etag(call, space, server):
    create(call, space)
    path = f"/iceberg/v1/namespaces/{space}/tables/t"
    etag = server.get(path).headers["ETag"]
    assert server.get(path, headers={"If-None-Match": etag}).status_code == 304
    commit(call, space, "t", [], [{"action": "set-properties", "updates": {"a": "1"}}])
    assert server.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_commits_check_their_requirements(call, space):
    uuid = create(call, space)["metadata"]["table-uuid"]
    done = commit(call, space, "t", [{"type": "assert-table-uuid", "uuid": uuid}],
                  [{"action": "set-properties", "updates": {"a": "1"}}])
    assert done["metadata"]["properties"]["a"] == "1"
    assert done["metadata-location"].rsplit("/", 1)[1].startswith("00001-")
    for requirement in ({"type": "assert-table-uuid", "uuid": "9b5c4a9e-0000-4000-8000-000000000000"},
                        {"type": "assert-create"}, {"type": "assert-current-schema-id", "current-schema-id": 7},
                        {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 5}):
        answer = commit(call, space, "t", [requirement], [{"action": "set-properties", "updates": {"a": "2"}}], 409)
        assert answer["error"]["type"] == "CommitFailedException", answer
    answer = commit(call, space, "t", [], [{"action": "frobnicate"}], 400)
    assert "frobnicate" in answer["error"]["message"]
    assert call("GET", f"namespaces/{space}/tables/t")["metadata"]["properties"] == {"a": "1"}


def test_staged_tables_are_made_by_their_commit(call, space):
    staged = create(call, space, **{"stage-create": True})
    assert "metadata-location" not in staged
    failed(call, "GET", f"namespaces/{space}/tables/t", 404, "NoSuchTableException")
    metadata = staged["metadata"]
    updates = [{"action": "assign-uuid", "uuid": metadata["table-uuid"]},
               {"action": "upgrade-format-version", "format-version": 2},
               {"action": "add-schema", "schema": metadata["schemas"][0], "last-column-id": metadata["last-column-id"]},
               {"action": "set-current-schema", "schema-id": -1},
               {"action": "add-spec", "spec": metadata["partition-specs"][0]},
               {"action": "set-default-spec", "spec-id": -1},
               {"action": "add-sort-order", "sort-order": metadata["sort-orders"][0]},
               {"action": "set-default-sort-order", "sort-order-id": -1},
               {"action": "set-location", "location": metadata["location"]}]
    done = commit(call, space, "t", [{"type": "assert-create"}], updates)
    assert done["metadata"]["table-uuid"] == metadata["table-uuid"]
    assert done["metadata"]["location"] == metadata["location"]
    commit(call, space, "t", [{"type": "assert-create"}], updates, 409)


def test_several_tables_change_together_or_not_at_all(call, space):
    uuids = {name: create(call, space, name)["metadata"]["table-uuid"] for name in "ab"}

    def changes(uuid_of_b):
        return {"table-changes": [
            {"identifier": {"namespace": [space], "name": name}, "requirements": [{"type": "assert-table-uuid", "uuid": uuid}],
             "updates": [{"action": "set-properties", "updates": {"n": "1"}}]}
            for name, uuid in (("a", uuids["a"]), ("b", uuid_of_b))]}

    failed(call, "POST", "transactions/commit", 409, "CommitFailedException", json=changes(uuids["a"]))
    assert "n" not in call("GET", f"namespaces/{space}/tables/a")["metadata"].get("properties", {})
    call("POST", "transactions/commit", 204, json=changes(uuids["b"]))
    for name in "ab":
        assert call("GET", f"namespaces/{space}/tables/{name}")["metadata"]["properties"]["n"] == "1"


def test_commits_at_once_lose_nothing(call, space, server):
    create(call, space)

    def one(number):
        return requests.post(f"{server.url}/iceberg/v1/namespaces/{space}/tables/t", timeout=60, json={
            "requirements": [], "updates": [{"action": "set-properties", "updates": {f"k{number}": "v"}}]}).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(40))) == [200] * 40
    assert len(call("GET", f"namespaces/{space}/tables/t")["metadata"]["properties"]) == 40


def test_rename(call, space):
    made = create(call, space)
    create(call, space, "other")
    move = lambda to: {"source": {"namespace": [space], "name": "t"}, "destination": {"namespace": [space], "name": to}}  # noqa: E731
    failed(call, "POST", "tables/rename", 409, "AlreadyExistsException", json=move("other"))
    call("POST", "tables/rename", 204, json=move("new"))
    assert call("GET", f"namespaces/{space}/tables/new")["metadata"] == made["metadata"]
    failed(call, "POST", "tables/rename", 404, "NoSuchTableException", json=move("newer"))


def test_locations(call, space):
    made = create(call, space, location="gs://elsewhere/here/")
    assert made["metadata"]["location"] == "gs://elsewhere/here"
    for location in ("file:///tmp/x", "s3://b/x", "gs://no-such-bucket/x", "gs://", "/tmp"):
        failed(call, "POST", f"namespaces/{space}/tables", 400, "BadRequestException",
               json={"name": "x", "schema": SCHEMA, "location": location})


@pytest.mark.asan
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"name": 1}', b'{"name": "x"}', b'{"name": "x", "schema": {}}',
                                  b'{"name": "x", "schema": {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "geo"}]}}',
                                  b"\xff", b'{"name": "x", "schema": ' + b'{"a":' * 200 + b"1" + b"}" * 201])
def test_bad_bodies(call, space, body):
    failed(call, "POST", f"namespaces/{space}/tables", 400, "BadRequestException", data=body)
    failed(call, "POST", "transactions/commit", 400, "BadRequestException", data=body)


def test_survives_a_kill(start):
    server = start("")
    server.request("POST", "/iceberg/v1/namespaces", json={"namespace": ["n"]}).raise_for_status()
    made = server.request("POST", "/iceberg/v1/namespaces/n/tables", json={"name": "t", "schema": SCHEMA}).json()
    server.kill()
    server.start()
    assert server.get("/iceberg/v1/namespaces/n/tables/t").json()["metadata"] == made["metadata"]


@pytest.mark.parametrize("where", ["lake.create", "lake.commit.move", "lake.commit.done", "lake.drop", "lake.rename",
                                   "lake.register", "lake.namespace.create", "lake.namespace.change", "lake.namespace.drop"])
def test_death(start, where):
    """A change that was cut short is there as a whole, or not at all; and so it stays."""
    server = start("", env={"CAUDAL_FAILPOINTS": f"{where}=kill"})
    calls = [("POST", "namespaces", {"namespace": ["n"]}), ("POST", "namespaces/n/properties", {"updates": {"a": "1"}}),
             ("POST", "namespaces/n/tables", {"name": "t", "schema": SCHEMA}),
             ("POST", "namespaces/n/tables/t", {"requirements": [], "updates": [{"action": "set-properties", "updates": {"a": "1"}}]}),
             ("POST", "tables/rename", {"source": {"namespace": ["n"], "name": "t"}, "destination": {"namespace": ["n"], "name": "u"}}),
             ("POST", "namespaces/n/register", {"name": "v", "metadata-location": None}),
             ("DELETE", "namespaces/n/tables/v", None), ("DELETE", "namespaces/n/tables/u", None), ("DELETE", "namespaces/n", None)]
    deaths, metadata = 0, None
    for method, path, body in calls:
        if body and "metadata-location" in body:
            metadata = server.get("/iceberg/v1/namespaces/n/tables/u").json()
            body = {**body, "metadata-location": metadata["metadata-location"]}
        for attempt in range(2):
            try:
                answer = server.request(method, f"/iceberg/v1/{path}", json=body)
            except requests.ConnectionError:
                deaths += 1
                server.process.wait(60)
                server.env.pop("CAUDAL_FAILPOINTS")
                server.restart()
                continue
            # The second time, what the first did may be there already.
            assert answer.status_code in ((200, 204) if attempt == 0 else (200, 204, 404, 409)), (path, answer.text)
            break
        if path == "namespaces/n/tables/t":
            table = server.get("/iceberg/v1/namespaces/n/tables/t").json()["metadata"]
            assert table["properties"] == {"a": "1"}
    assert deaths == 1
    assert server.get("/iceberg/v1/namespaces").json() == {"namespaces": []}
    assert server.stop() == 0
    checked = server.cli("fsck", check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
