"""Bytes that no honest client sends: every one gets a 4xx or a closed connection, never a 5xx, a crash or a hang."""
import json
import random
import socket

import pytest
import requests

pytestmark = pytest.mark.asan


def raw(server, data, timeout=20, half_close=True):
    """Sends `data` as it is; returns all that came back."""
    data = data.replace(b"Host: localhost\r\n", b"Host: localhost:%d\r\n" % server.port)
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer
        except (ConnectionResetError, BrokenPipeError):
            return b""


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None


GET = b"GET /storage/v1/b?project=p HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize("data", [
    b"", b"\r\n\r\n", b"\0" * 100, b"GET", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",  # no Host
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    b"G\xffT / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\x01\x02 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /b/%ff%fe/o HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /storage/v1/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /storage/v1/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST /storage/v1/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST /storage/v1/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /storage/v1/b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /storage/v1/b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /storage/v1/b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
], ids=lambda data: repr(data[:24]))
def test_malformed_http(server, data):
    answer = raw(server, data)
    status = status_of(answer)
    assert status is None or 400 <= status < 500 or status in (501, 505), answer[:300]


def test_many_headers(server):
    answer = raw(server, GET + b"".join(b"X-%d: y\r\n" % i for i in range(20_000)) + b"\r\n")
    assert status_of(answer) in (None, 400, 413, 431)


def test_pipelined_requests_are_answered_in_order(server):
    paths = [b"/healthz", b"/storage/v1/b/none-such", b"/healthz"]
    data = b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" %
                    (path, b"Connection: close\r\n" if i == 2 else b"") for i, path in enumerate(paths))
    answer = raw(server, data, half_close=False)
    assert [int(one.split(b" ")[1]) for one in answer.split(b"HTTP/1.1")[1:] for one in [b"x" + one]] == [200, 404, 200]


JSON_BODIES = [
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"{\"name\": 1}", b'{"name": null}', b'{"name": "\\ud800"}', b"\xff\xfe{}",
    b'{"name": "' + b"a" * 100_000 + b'"}', b"[" * 100_000, b'{"a":' * 50_000, b'{"name": "ok-name", "labels": 5}',
    b'{"name": "ok-name", "versioning": []}', b'{"name": "ok-name", "lifecycle": {"rule": {}}}',
    b'{"name": "ok-name", "lifecycle": {"rule": [{"action": {"type": "Explode"}, "condition": {}}]}}',
    b'{"name": "ok-name", "retentionPolicy": {"retentionPeriod": "-5"}}',
    b'{"name": "ok-name", "retentionPolicy": {"retentionPeriod": "99999999999999999999"}}',
    b'{"name": "ok-name", "softDeletePolicy": {"retentionDurationSeconds": "x"}}',
    b'{"name": "ok-name", "labels": {"k": 7}}',
    b'{"name": "..\\u0000.."}',
]


@pytest.mark.parametrize("body", JSON_BODIES, ids=lambda body: repr(body[:40]))
def test_malformed_json(server, body):
    answer = requests.post(server.url + "/storage/v1/b?project=p", data=body,
                           headers={"Content-Type": "application/json"}, timeout=30)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert error["message"]
    assert error["errors"][0]["reason"]
    assert len(answer.content) < 10_000, "the answer repeats the request"


MULTIPART = [
    (b"", "multipart/related"), (b"", "multipart/related; boundary="), (b"x", "multipart/related; boundary=xx"),
    (b"--xx", "multipart/related; boundary=xx"), (b"--xx--", "multipart/related; boundary=xx"),
    (b"--xx\r\n\r\n{}\r\n--xx--", "multipart/related; boundary=xx"),
    (b"--xx\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\"}\r\n--xx--", "multipart/related; boundary=xx"),
    (b"--xx\r\nContent-Type: application/json\r\n\r\n{\"name\":\r\n--xx\r\n\r\nx\r\n--xx--", "multipart/related; boundary=xx"),
    (b"--xx\r\nContent-Type: application/json\r\n\r\n[]\r\n--xx\r\n\r\nx\r\n--xx--", "multipart/related; boundary=xx"),
    (b"--xx\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\"}\r\n--xx\r\n\r\nno end", "multipart/related; boundary=xx"),
    (b"--xx\r\n" + b"H: v\r\n" * 50_000 + b"\r\n", "multipart/related; boundary=xx"),
    (b"--xx\r\nContent-Type: application/json\r\n\r\n{\"name\":\"" + b"a" * 2_000_000 + b"\"}\r\n--xx\r\n\r\nx\r\n--xx--",
     "multipart/related; boundary=xx"),
    (b"x", "multipart/related; boundary=" + "b" * 5000), (b"x", 'multipart/related; boundary="xx'), (b"x", "text/plain"),
]


@pytest.mark.parametrize("body, kind", MULTIPART, ids=lambda value: repr(value[:40]))
def test_malformed_multipart(server, bucket, body, kind):
    answer = requests.post(f"{server.url}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart", data=body,
                           headers={"Content-Type": kind}, timeout=30)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert answer.json()["error"]["message"]
    assert not list(bucket.list_blobs())


@pytest.mark.parametrize("body", [
    b"", b"--b\r\n", b"--b\r\n\r\n\r\n--b--", b"--b\r\nContent-Type: application/http\r\n\r\nGET\r\n--b--",
    b"--b\r\nContent-Type: application/http\r\n\r\nGET /storage/v1/b/x HTTP/1.1\r\n\r\n",
    b"--b\r\nContent-Type: application/http\r\n\r\nPOST /batch/storage/v1 HTTP/1.1\r\n\r\n\r\n--b--",
    b"--b\r\nContent-Type: application/http\r\n\r\nGET http://other.example/ HTTP/1.1\r\n\r\n\r\n--b--",
    b"--b\r\nContent-Type: application/http\r\n\r\nDELETE /storage/v1/b/x/o/y HTTP/1.1\r\n\r\n" * 200 + b"--b--",
], ids=lambda body: repr(body[:60]))
def test_malformed_batch(server, body):
    answer = requests.post(server.url + "/batch/storage/v1", data=body,
                           headers={"Content-Type": "multipart/mixed; boundary=b"}, timeout=30)
    assert answer.status_code < 500, answer.text[:300]


@pytest.mark.parametrize("body", [
    b"", b"<", b"<a>", b"<CompleteMultipartUpload>", b"<CompleteMultipartUpload/>", b"<a><b></a>",
    b"<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>",
    b"<CompleteMultipartUpload><Part><PartNumber>99999999999</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]><CompleteMultipartUpload>&y;</CompleteMultipartUpload>',
    b"<a>" * 100_000, b"\xff\xfe<a/>",
], ids=lambda body: repr(body[:40]))
def test_malformed_xml(server, bucket, body):
    begun = requests.post(f"{server.url}/{bucket.name}/x?uploads", timeout=30)
    upload = begun.text.split("<UploadId>")[1].split("</UploadId>")[0]
    answer = requests.post(f"{server.url}/{bucket.name}/x?uploadId={upload}", data=body, timeout=30)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert b"root:" not in answer.content
    assert b"<Code>" in answer.content


def test_bodies_over_the_limit(start, connect):
    server = start("storage: {object_bytes_max: 1MiB}\n")
    bucket = connect(server.url).create_bucket("small-bucket")
    url = f"{server.url}/upload/storage/v1/b/small-bucket/o?uploadType=media&name=x"
    for body in (b"x" * ((1 << 20) + 1), (b"y" * 65536 for _ in range(40))):
        try:
            answer = requests.post(url, data=body, timeout=30)
            assert answer.status_code in (400, 413), answer.text
            assert answer.json()["error"]["message"]
        except requests.ConnectionError:
            pass  # answered and closed before all was sent
    assert bucket.get_blob("x") is None
    assert requests.post(url, data=b"x" * (1 << 20), timeout=30).status_code == 200
    big = requests.post(server.url + "/storage/v1/b?project=p", data=b'{"name": "' + b"a" * (64 << 20) + b'"}', timeout=60)
    assert big.status_code in (400, 413)


ENTRY_POINTS = ["/storage/v1/b", "/storage/v1/b/{b}", "/storage/v1/b/{b}/o", "/storage/v1/b/{b}/o/x", "/b/{b}/o/x",
                "/upload/storage/v1/b/{b}/o", "/download/storage/v1/b/{b}/o/x", "/batch/storage/v1", "/{b}/x", "/{b}",
                "/storage/v1/b/{b}/o/x/compose", "/storage/v1/b/{b}/o/x/rewriteTo/b/{b}/o/y", "/api/v1/status",
                "/api/v1/events", "/api/v1/keys", "/token", "/metrics", "/", "/ui/", "/resumable/upload/storage/v1/b/{b}/o"]
QUERIES = ["uploadType=media", "uploadType=resumable", "uploadType=x", "name=", "name=a", "generation=x", "generation=-1",
           "ifGenerationMatch=zz", "ifGenerationMatch=99999999999999999999", "maxResults=1e9", "pageToken=!!", "fields=(((",
           "fields=a,b(c", "projection=odd", "alt=media", "alt=x", "upload_id=x", "uploads", "uploadId=1", "partNumber=0",
           "prefix=%ff", "delimiter=%00", "matchGlob=%7B%7B", "versions=True", "X-Goog-Signature=00", "limit=-1", "after=x"]
BODIES = [b"", b"{}", b"[]", b"\0\1\2", b"<a/>", b"a=b", b'{"sourceObjects": [{}]}', b"--b\r\n\r\n", b"grant_type=x"]
KINDS = ["application/json", "multipart/mixed; boundary=b", "multipart/related; boundary=b", "text/plain", "",
         "application/x-www-form-urlencoded"]


@pytest.mark.parametrize("seed", range(4))
def test_random_requests_never_break_it(server, bucket, seed):
    """A thousand random combinations of what the API knows; a 5xx other than 501 is a defect."""
    random_ = random.Random(seed)
    with requests.Session() as session:
        for _ in range(250):
            method = random_.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
            path = random_.choice(ENTRY_POINTS).format(b=bucket.name)
            query = "&".join(random_.sample(QUERIES, random_.randrange(4)))
            headers = {"Content-Type": random_.choice(KINDS)}
            if random_.random() < 0.3:
                headers["Content-Range"] = random_.choice(["bytes 0-1/2", "bytes */*", "bytes 9-1/2", "x", "bytes 0-0/*"])
            if random_.random() < 0.3:
                headers["Range"] = random_.choice(["bytes=0-", "bytes=-0", "bytes=9-1", "bytes=0-1,3-4", "x"])
            body = random_.choice(BODIES) if method in ("POST", "PUT", "PATCH") else None
            answer = session.request(method, f"{server.url}{path}?{query}", headers=headers, data=body, timeout=30)
            assert answer.status_code < 500 or answer.status_code == 501, (
                seed, method, path, query, headers, body, answer.status_code, answer.text[:500])
            if answer.status_code >= 400 and "/v1/b" in path and method != "HEAD":
                assert json.loads(answer.text)["error"]["message"], (method, path, query)


@pytest.mark.parametrize("name", ["..", "a/../b", "../../etc/passwd", ".", "./x", "a//b", "//"])
def test_dots_in_raw_paths_are_just_names(server, bucket, name):
    encoded = name.replace("/", "%2F").encode()
    body = b"data of " + name.encode()
    put = (b"POST /upload/storage/v1/b/%s/o?uploadType=media&name=%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
           b"Content-Length: %d\r\n\r\n%s" % (bucket.name.encode(), encoded, len(body), body))
    assert status_of(raw(server, put, half_close=False)) == 200
    for dots in (encoded, encoded.replace(b".", b"%2E")):
        get = b"GET /storage/v1/b/%s/o/%s?alt=media HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % (
            bucket.name.encode(), dots)
        assert raw(server, get, half_close=False).endswith(body)
    assert [one.name for one in bucket.list_blobs()] == [name]
