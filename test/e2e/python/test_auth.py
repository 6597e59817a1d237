"""Keys, tokens, and what a server does without them."""
import socket

import pytest
import requests
from google.api_core import exceptions
from google.auth.exceptions import InvalidOperation
from google.cloud import storage
from google.oauth2.credentials import Credentials
from support.keys import create_key, credentials_of, service_account_key
from support.server import CaudalServer, StartError

ALWAYS = "auth: {required: always}\n"


def test_other_addresses_need_a_key_first(tmp_path):
    server = CaudalServer(tmp_path / "open", "", listen="0.0.0.0:0")
    with pytest.raises(StartError) as caught:
        server.start()
    assert "keys create" in str(caught.value)


def test_a_key_opens_the_server(start, connect, monkeypatch):
    server = start(ALWAYS)
    # The client tries to refresh its (anonymous) credentials at a 401.
    with pytest.raises((exceptions.Unauthorized, InvalidOperation)):
        connect(server.url).create_bucket("secret-bucket")
    assert server.get("/storage/v1/b?project=p").status_code == 401
    token = create_key(server, "token", "tester")["secret"]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    client = storage.Client(project="p", credentials=Credentials(token))
    bucket = client.create_bucket("secret-bucket")
    bucket.blob("a").upload_from_string("x")
    assert bucket.blob("a").download_as_bytes() == b"x"
    for header in ("Bearer nonsense", "Bearer " + token[:-1], "Bearer caudal_x_y", "Basic eDp5", "Bearer"):
        answer = server.get("/storage/v1/b/secret-bucket", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert token not in answer.text
    for path in ("/secret-bucket/a", "/download/storage/v1/b/secret-bucket/o/a?alt=media", "/b/secret-bucket/o/a",
                 "/api/v1/status", "/api/v1/keys", "/api/v1/events"):
        assert server.get(path).status_code in (401, 403), path
    assert server.get("/healthz").status_code == 200
    assert server.get("/readyz").status_code == 200


def test_service_account_gets_tokens(start, monkeypatch):
    server = start(ALWAYS)
    key = service_account_key(server)
    assert key["token_uri"] == server.url + "/token"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    client = storage.Client(project="p", credentials=credentials_of(key))
    client.create_bucket("sa-bucket").blob("a").upload_from_string("x")
    server.restart()
    assert client.bucket("sa-bucket").blob("a").download_as_bytes() == b"x"
    key["private_key"] = service_account_key(server, "other")["private_key"]
    with pytest.raises(Exception) as caught:
        storage.Client(project="p", credentials=credentials_of(key)).get_bucket("sa-bucket")
    assert "invalid_grant" in str(caught.value) or "nvalid" in str(caught.value)


def test_revoked_tokens_are_refused(start):
    server = start(ALWAYS)
    issued = create_key(server, "token", "tester")
    headers = {"Authorization": "Bearer " + issued["secret"]}
    assert server.get("/storage/v1/b?project=p", headers=headers).status_code == 200
    server.cli("keys", "revoke", issued["id"])
    assert server.get("/storage/v1/b?project=p", headers=headers).status_code == 401


def test_secrets_are_not_kept_in_plain_sight(start):
    server = start(ALWAYS)
    token = create_key(server, "token", "tester")["secret"]
    server.get("/storage/v1/b?project=p", headers={"Authorization": "Bearer " + token})
    server.stop()
    for file in server.folder.rglob("*"):
        if file.is_file():
            assert token.encode() not in file.read_bytes(), file
    assert token not in "".join(server.output)
    server.start()


def test_upload_sessions_need_no_key_of_their_own(start):
    """Whoever holds the address of an upload may go on with it, as in Cloud Storage."""
    server = start(ALWAYS)
    headers = {"Authorization": "Bearer " + create_key(server, "token", "tester")["secret"]}
    requests.post(server.url + "/storage/v1/b?project=p", json={"name": "up-bucket"}, headers=headers, timeout=30)
    begun = requests.post(server.url + "/upload/storage/v1/b/up-bucket/o?uploadType=resumable&name=x", headers=headers,
                          timeout=30)
    assert requests.put(begun.headers["Location"], data=b"x", timeout=30).status_code == 200
    assert requests.post(server.url + "/upload/storage/v1/b/up-bucket/o?uploadType=resumable&name=y",
                         timeout=30).status_code == 401


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"Host": "evil.example:80"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
    {"Host": "127.0.0.1.evil.example"}, {"Origin": "http://localhost.evil.example"},
])
def test_web_pages_cannot_drive_a_loopback_server(server, bucket, headers):
    for method, path in (("GET", "/storage/v1/b?project=p"), ("DELETE", f"/storage/v1/b/{bucket.name}"),
                         ("POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=x"),
                         ("GET", f"/{bucket.name}/x"), ("POST", "/api/v1/keys")):
        answer = server.request(method, path, headers=headers, data=b"x" if method == "POST" else None)
        assert answer.status_code in (400, 403, 421), (method, path)
    assert bucket.exists()
    assert bucket.get_blob("x") is None


def test_own_names_pass(server, bucket):
    for host in (f"localhost:{server.port}", f"127.0.0.1:{server.port}", f"[::1]:{server.port}"):
        assert server.get(f"/storage/v1/b/{bucket.name}", headers={"Host": host}).status_code == 200, host
    same = server.get(f"/storage/v1/b/{bucket.name}", headers={"Origin": server.url})
    assert same.status_code == 200


def test_a_taken_port_is_named(server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StartError) as caught:
            CaudalServer(tmp_path / "second", "", listen=address).start()
    assert str(taken.getsockname()[1] if taken.fileno() >= 0 else address.split(":")[1]) in str(caught.value)


def test_a_folder_in_use_is_refused(server):
    with pytest.raises(StartError) as caught:
        second = CaudalServer(server.folder)
        second.start()
    assert "in use" in str(caught.value) or "another" in str(caught.value) or "lock" in str(caught.value)
