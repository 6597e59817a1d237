"""A webhook that keeps a record of every delivery, fails now and then, and sometimes isn't there at all."""
import collections
import hashlib
import hmac
import json
import random
import socket
import threading

SECRET = "chaos-secret"


class Seen:
    """One event: when it was first tried and first delivered, on the receiver's own count."""
    __slots__ = ("id", "first", "succeeded", "tries", "md5", "last_succeeded")

    def __init__(self, event_id, first):
        self.id, self.first, self.succeeded, self.tries, self.md5 = event_id, first, None, 0, None
        self.last_succeeded = False  # what the last try was answered

    def __getstate__(self):
        return [getattr(self, name) for name in self.__slots__]

    def __setstate__(self, state):
        for name, value in zip(self.__slots__, state):
            setattr(self, name, value)


class Receiver:
    def __init__(self, seed):
        self.lock = threading.Lock()
        self.rng = random.Random(seed)
        self.count = 0
        self.events = collections.defaultdict(dict)  # (bucket, object) → key → Seen
        self.ids = {}
        self.problems = []
        self.failing = 0.0       # share of deliveries answered 500 or cut off
        self.down = False        # refuses: closes every connection unread
        self.deliveries = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    # -- what the oracle asks

    def seen(self, bucket, name, key):
        with self.lock:
            return self.events.get((bucket, name), {}).get(key)

    def keys_of(self, bucket, name):
        with self.lock:
            return set(self.events.get((bucket, name), ()))

    def forget(self, bucket, name):
        with self.lock:
            self.events.pop((bucket, name), None)

    def state(self):
        with self.lock:
            return self.count, dict(self.events), self.ids

    def restore(self, state):
        self.count, events, self.ids = state
        self.events.update(events)

    # -- deliveries

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            reader = connection.makefile("rb")
            while True:
                try:
                    line = reader.readline()
                    if not line or self.down:
                        return
                    headers = {}
                    while (header := reader.readline().strip()):
                        name, _, value = header.partition(b":")
                        headers[name.decode().lower()] = value.strip().decode()
                    body = reader.read(int(headers.get("content-length", 0)))
                    status = self._take(headers, body)
                    if status is None:
                        return
                    connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
                except (OSError, ValueError):
                    return

    def _take(self, headers, body):
        """The status to answer; None to hang up."""
        resource = json.loads(body)
        key = self._key(headers, resource)
        place = (resource["bucket"], resource["name"])
        with self.lock:
            self.count += 1
            self.deliveries += 1
            self._check(headers, body, place, key)
            seen = self.events[place].get(key)
            if seen is None:
                seen = self.events[place][key] = Seen(headers["ce-id"], self.count)
                seen.md5 = resource.get("md5Hash")
            seen.tries += 1
            roll = self.rng.random()
            seen.last_succeeded = roll >= self.failing
            if not seen.last_succeeded:
                return 500 if roll < self.failing * 0.7 else None
            if seen.succeeded is None:
                seen.succeeded = self.count
            return 204

    @staticmethod
    def _key(headers, resource):
        kind = headers["ce-type"].rpartition(".")[2]
        generation = int(resource["generation"])
        if kind == "metadataUpdated":
            return kind, generation, int(resource["metageneration"])
        return kind, generation

    def _check(self, headers, body, place, key):
        fields = dict(part.split("=", 1) for part in headers.get("caudal-signature", "").split(",") if "=" in part)
        expected = hmac.new(SECRET.encode(), fields.get("t", "").encode() + b"." + body, hashlib.sha256).hexdigest()
        if fields.get("v1") != expected:
            self.problems.append(f"event {place} {key}: wrong signature")
        what = (place, key)
        if self.ids.setdefault(headers["ce-id"], what) != what:
            self.problems.append(f"event id {headers['ce-id']} means {what} and {self.ids[headers['ce-id']]}")
        seen = self.events[place].get(key)
        if seen is not None and seen.id != headers["ce-id"]:
            self.problems.append(f"event {what} has the ids {seen.id} and {headers['ce-id']}")
