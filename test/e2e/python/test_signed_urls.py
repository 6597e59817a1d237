"""V4 signed URLs: made by Google's client with keys that Caudal issues, and really verified."""
import datetime
import re
import urllib.parse

import pytest
import requests
from google.cloud import storage
from support.keys import create_key, credentials_of, service_account_key


@pytest.fixture(scope="module")
def credentials(server):
    return credentials_of(service_account_key(server, "signer-e2e"))


@pytest.fixture
def signer(server, credentials, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    return storage.Client(project="e2e", credentials=credentials)


@pytest.fixture
def blob(signer, bucket):
    bucket.blob("dir/a b+ü.txt").upload_from_string(b"signed", content_type="text/plain")
    return signer.bucket(bucket.name).blob("dir/a b+ü.txt")


def sign(server, blob, **options):
    options.setdefault("expiration", datetime.timedelta(minutes=5))
    return blob.generate_signed_url(version="v4", api_access_endpoint=server.url, **options)


def test_get(server, blob):
    answer = requests.get(sign(server, blob), timeout=30)
    assert (answer.status_code, answer.content) == (200, b"signed")
    part = requests.get(sign(server, blob), headers={"Range": "bytes=0-2"}, timeout=30)
    assert (part.status_code, part.content) == (206, b"sig")


def test_put_with_signed_headers(server, signer, bucket):
    blob = signer.bucket(bucket.name).blob("up.csv")
    url = sign(server, blob, method="PUT", content_type="text/csv", headers={"x-goog-meta-by": "url"})
    headers = {"Content-Type": "text/csv", "x-goog-meta-by": "url"}
    assert requests.put(url, data=b"1,2", headers=headers, timeout=30).status_code == 200
    assert bucket.get_blob("up.csv").metadata == {"by": "url"}
    other = requests.put(url, data=b"1,2", headers={**headers, "x-goog-meta-by": "other"}, timeout=30)
    assert other.status_code == 403
    assert b"SignatureDoesNotMatch" in other.content


def test_resumable_start(server, signer, bucket):
    blob = signer.bucket(bucket.name).blob("resumable")
    url = sign(server, blob, method="RESUMABLE", content_type="text/plain")
    start = requests.post(url, headers={"x-goog-resumable": "start", "Content-Type": "text/plain"}, timeout=30)
    assert start.status_code == 201, start.text
    done = requests.put(start.headers["Location"], data=b"through a URL", timeout=30)
    assert done.status_code == 200
    assert bucket.blob("resumable").download_as_bytes() == b"through a URL"


def tampered(url):
    yield "path", url.replace("/dir/", "/dir2/")
    yield "signature", re.sub(r"(Signature=)(.)", lambda m: m[1] + ("0" if m[2] != "0" else "1"), url)
    yield "expiry", re.sub(r"Expires=\d+", "Expires=604800", url)
    yield "date", re.sub(r"(X-Goog-Date=)(\d{4})", lambda m: m[1] + str(int(m[2]) + 1), url)
    yield "credential", url.replace("signer-e2e", "somebody")
    yield "extra", url + "&generation=1"
    yield "unsigned", re.sub(r"&?X-Goog-Signature=[0-9a-f]+", "", url)
    yield "algorithm", url.replace("GOOG4-RSA-SHA256", "GOOG4-RSA-SHA1")


def test_tampered_urls_are_refused(server, blob):
    url = sign(server, blob)
    for what, changed in tampered(url):
        assert changed != url, what
        answer = requests.get(changed, timeout=30)
        refused = (400, 403, 501) if what == "algorithm" else (400, 403)
        assert answer.status_code in refused, f"{what}: {answer.status_code}"
        assert b"signed" != answer.content, what
    assert requests.delete(url, timeout=30).status_code == 403
    assert requests.put(url, data=b"x", timeout=30).status_code == 403
    assert requests.get(url, timeout=30).status_code == 200


def test_expired_urls_are_refused(server, blob, monkeypatch):
    from google.cloud.storage import _signing

    # Made an hour ago, for a minute.
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    monkeypatch.setattr(_signing, "get_v4_now_dtstamps", lambda: (then.strftime("%Y%m%dT%H%M%SZ"), then.strftime("%Y%m%d")))
    url = sign(server, blob, expiration=60)
    answer = requests.get(url, timeout=30)
    assert answer.status_code in (400, 403)
    assert b"ExpiredToken" in answer.content or b"expired" in answer.content
    monkeypatch.undo()


def test_revoked_keys_no_longer_sign(server, bucket, monkeypatch):
    issued = create_key(server, "service-account", "short-lived")
    import json

    key = issued["secret"] if isinstance(issued["secret"], dict) else json.loads(issued["secret"])
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    bucket.blob("k").upload_from_string("k")
    blob = storage.Client(project="e2e", credentials=credentials_of(key)).bucket(bucket.name).blob("k")
    url = sign(server, blob)
    assert requests.get(url, timeout=30).status_code == 200
    server.cli("keys", "revoke", issued["id"])
    assert requests.get(url, timeout=30).status_code == 403


def test_query_is_part_of_what_is_signed(server, blob):
    url = sign(server, blob, response_disposition="attachment; filename=x")
    answer = requests.get(url, timeout=30)
    assert answer.headers["Content-Disposition"] == "attachment; filename=x"
    changed = url.replace(urllib.parse.quote("filename=x", safe=""), urllib.parse.quote("filename=y", safe=""))
    assert changed != url
    assert requests.get(changed, timeout=30).status_code == 403
