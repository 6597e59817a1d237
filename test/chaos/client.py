"""The Cloud Storage JSON API over one keep-alive connection, without a library between the test and the answer."""
import http.client
import json
import socket
import urllib.parse


class Lost(Exception):
    """The connection ended before the answer: nobody knows whether the request was carried out."""


class Refused(Exception):
    """An answer that isn't success."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


def quote(name):
    return urllib.parse.quote(name, safe="")


class Client:
    def __init__(self, port, timeout=20):
        self.port, self.timeout = port, timeout
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def close(self):
        self.connection.close()

    def exchange(self, method, path, body=None, headers=None):
        try:
            if self.connection.sock is None:
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.request(method, path, body, headers or {})
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as problem:
            self.connection.close()
            raise Lost(repr(problem)) from problem

    def call(self, method, path, body=None, headers=None):
        """The parsed JSON of a success."""
        status, _, payload = self.exchange(method, path, body, headers)
        if status >= 300:
            raise Refused(status, f"{method} {path}: {payload[:500].decode(errors='replace')}")
        return json.loads(payload) if payload else None

    def call_json(self, method, path, value):
        return self.call(method, path, json.dumps(value), {"Content-Type": "application/json"})

    # -- buckets

    def make_bucket(self, name, versioned):
        body = {"name": name, "versioning": {"enabled": versioned}}
        return self.call_json("POST", "/storage/v1/b?project=chaos", body)

    def bucket_exists(self, name):
        try:
            self.call("GET", f"/storage/v1/b/{name}")
            return True
        except Refused as refused:
            if refused.status == 404:
                return False
            raise

    def list(self, bucket, versions):
        token, items = "", []
        while True:
            page = self.call("GET", f"/storage/v1/b/{bucket}/o?maxResults=500&versions={str(versions).lower()}"
                             + (f"&pageToken={quote(token)}" if token else ""))
            items += page.get("items", [])
            token = page.get("nextPageToken")
            if not token:
                return items

    # -- objects

    def upload_media(self, bucket, name, data, content_type):
        return self.call("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name)}", data,
                         {"Content-Type": content_type})

    def upload_multipart(self, bucket, name, data, content_type, metadata, md5):
        resource = {"name": name, "contentType": content_type, "metadata": metadata, "md5Hash": md5}
        boundary = b"chaos-0123456789-boundary"
        body = b"".join([b"--", boundary, b"\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n",
                         json.dumps(resource).encode(), b"\r\n--", boundary, b"\r\nContent-Type: ",
                         content_type.encode(), b"\r\n\r\n", data, b"\r\n--", boundary, b"--\r\n"])
        return self.call("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart", body,
                         {"Content-Type": "multipart/related; boundary=" + boundary.decode()})

    def start_resumable(self, bucket, name, content_type, metadata):
        status, headers, payload = self.exchange(
            "POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name={quote(name)}",
            json.dumps({"contentType": content_type, "metadata": metadata}),
            {"Content-Type": "application/json", "X-Upload-Content-Type": content_type})
        if status != 200:
            raise Refused(status, payload[:500].decode(errors="replace"))
        location = urllib.parse.urlsplit(headers["Location"])
        return f"{location.path}?{location.query}"

    def send_chunk(self, session, data, first, total):
        """(bytes that the server has, None) while incomplete, (None, resource) once complete. No data: asks."""
        if data is None:
            span = f"bytes */{'*' if total is None else total}"
        elif data:
            span = f"bytes {first}-{first + len(data) - 1}/{'*' if total is None else total}"
        else:
            span = f"bytes */{total}"
        status, headers, payload = self.exchange("PUT", session, data or b"", {"Content-Range": span})
        if status == 308:
            span = headers.get("Range")
            return (int(span.rpartition("-")[2]) + 1 if span else 0), None
        if status not in (200, 201):
            raise Refused(status, f"PUT {session} {span}: {payload[:500].decode(errors='replace')}")
        return None, json.loads(payload)

    def read(self, bucket, name, generation=None):
        path = f"/download/storage/v1/b/{bucket}/o/{quote(name)}?alt=media"
        if generation is not None:
            path += f"&generation={generation}"
        status, _, payload = self.exchange("GET", path)
        if status != 200:
            raise Refused(status, f"GET {path}: {payload[:300].decode(errors='replace')}")
        return payload

    def delete(self, bucket, name, generation=None):
        path = f"/storage/v1/b/{bucket}/o/{quote(name)}"
        self.call("DELETE", path + (f"?generation={generation}" if generation is not None else ""))

    def patch(self, bucket, name, change):
        return self.call_json("PATCH", f"/storage/v1/b/{bucket}/o/{quote(name)}", change)

    def compose(self, bucket, name, sources, content_type, metadata):
        return self.call_json("POST", f"/storage/v1/b/{bucket}/o/{quote(name)}/compose",
                              {"sourceObjects": [{"name": source} for source in sources],
                               "destination": {"contentType": content_type, "metadata": metadata}})

    def copy(self, bucket, source, to_bucket, name):
        answer = self.call("POST", f"/storage/v1/b/{bucket}/o/{quote(source)}/rewriteTo/b/{to_bucket}/o/{quote(name)}")
        if not answer.get("done"):
            raise Refused(200, f"a rewrite that isn't done: {answer}")
        return answer["resource"]
