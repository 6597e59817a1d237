"""A receiver of webhooks that keeps what it gets, and lets a test wait for it."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time


class Delivery:
    """One POST. `type`, `object` and `id` are read from either form."""

    def __init__(self, headers, body):
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.time = time.monotonic()
        self.json = json.loads(body) if body else {}
        message = self.json.get("message") if "ce-type" not in self.headers else None
        if message is not None:
            self.attributes = message.get("attributes", {})
            self.id = message.get("messageId") or message.get("message_id")
            self.type = self.attributes.get("eventType")
            self.bucket = self.attributes.get("bucketId")
            self.object = self.attributes.get("objectId")
            self.data = json.loads(base64.b64decode(message["data"])) if message.get("data") else None
        else:
            self.attributes = {}
            self.id = self.headers.get("ce-id")
            self.type = self.headers.get("ce-type", "").rsplit(".", 1)[-1]
            self.bucket = self.headers.get("ce-bucket")
            self.object = self.json.get("name")
            self.data = self.json

    def signed_with(self, secret):
        fields = dict(part.split("=", 1) for part in self.headers.get("caudal-signature", "").split(",") if part)
        signed = f"{fields.get('t', '')}.".encode() + self.body
        return hmac.compare_digest(fields.get("v1", ""), hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest())


class WebhookReceiver:
    """`answer`, when set, maps a delivery to a status; without it every delivery gets 204."""

    def __init__(self, answer=None, port=0):
        self.answer = answer
        self._changed = threading.Condition()
        self._deliveries = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                delivery = Delivery(self.headers, body)
                status = receiver.answer(delivery) if receiver.answer else 204
                with receiver._changed:
                    delivery.status = status
                    receiver._deliveries.append(delivery)
                    receiver._changed.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def deliveries(self):
        with self._changed:
            return list(self._deliveries)

    def wait_for(self, condition, timeout=30):
        """Waits until `condition` (of the list of deliveries) holds; returns the list."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self._deliveries), timeout):
                seen = [(d.type, d.bucket, d.object) for d in self._deliveries]
                raise AssertionError(f"not delivered within {timeout} s; {len(seen)} came: {seen[-20:]}")
            return list(self._deliveries)

    def wait_for_objects(self, names, kind=None, timeout=30):
        wanted = set(names)
        return self.wait_for(lambda all_: wanted <= {d.object for d in all_ if kind in (None, d.type)}, timeout)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
