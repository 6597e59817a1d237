"""One client: random changes, one after the other, each told to the oracle before and after."""
import dataclasses
import random
import threading
import time

import content
from client import Client, Lost, Refused
from oracle import Delete, DeleteVersion, Object, Patch, Put, Violation
from pauses import Deadline

OBJECTS_PER_BUCKET = 6
CHUNK = 256 * content.KIB
VERSIONS_MAX = 5
SESSIONS_MAX = 3
TYPES = ["application/octet-stream", "text/plain", "application/x-chaos"]
# Names that only look like paths, and some that need escapes.
NAMES = ["w{0}/object-{1}", "w{0}/a/../b{1}", "w{0}//{1}", "w{0}/ñandú {1} ☂", "w{0}/%2F{1}?#", "w{0}/object-{1}/below"]


class Numbers:
    """Unique numbers for atoms, over all clients and rounds."""

    def __init__(self, start=1):
        self.lock, self.next = threading.Lock(), start

    def take(self):
        with self.lock:
            self.next += 1
            return self.next


@dataclasses.dataclass
class Session:
    """A resumable upload that was begun, and what is known of it."""
    object: Object
    path: str
    put: Put
    acknowledged: int = 0   # bytes that the server said it has
    sent: int = 0           # bytes that may have reached it


class Worker:
    """Owns its objects. Its state outlives the rounds; `run` is called in a thread of each."""

    def __init__(self, number, buckets, shared, shared_lock, numbers):
        self.number, self.numbers = number, numbers
        self.buckets, self.shared, self.shared_lock = buckets, shared, shared_lock
        self.objects = [Object(bucket, NAMES[i % len(NAMES)].format(number, i), versioned)
                        for bucket, versioned in buckets for i in range(OBJECTS_PER_BUCKET)]
        self.sessions = []
        self.last_generation = 0
        self.operations = 0
        self.rng = None
        self.client = None
        self.dying = None
        self.violation = None

    def __getstate__(self):
        gone = {"rng", "client", "dying", "shared_lock", "numbers"}
        return {key: value for key, value in self.__dict__.items() if key not in gone}

    def all_objects(self):
        return self.objects

    # -- the loop

    def run(self, port, seed, dying, pace_s=0, enough=lambda: False):
        """Until the server dies, or `enough()`. `dying()` says whether it is dead or about to be."""
        self.rng, self.dying = random.Random(seed), dying
        self.client = Client(port)
        try:
            while not enough():
                self.step()
                self.operations += 1
                if pace_s:
                    time.sleep(self.rng.uniform(0, pace_s))
        except Lost:
            self.expect_death("the connection was lost")
        except Refused as refused:
            self.expect_death(f"refused with {refused}")
        except Violation as violation:
            self.violation = violation
        except Exception as problem:  # an answer that can't be understood is the server's fault too
            self.violation = Violation(f"client {self.number}: {problem!r}")
        finally:
            self.client.close()

    def expect_death(self, what):
        """A failure is only an excuse for a server that dies."""
        deadline = Deadline(3)
        while not self.dying():
            if deadline.passed():
                self.violation = Violation(f"client {self.number}: {what}, but the server lives")
                return
            time.sleep(0.01)

    def step(self):
        kind = self.rng.random()
        if kind < 0.06:
            return self.step_shared()
        if kind < 0.16:
            return self.step_session()
        target = self.rng.choice(self.objects)
        live = target.state.live
        if live is None and "/resumable-" in target.name:  # only its own upload makes it
            return None
        if len(target.state.archived) > VERSIONS_MAX:
            return self.delete_version(target)
        if live is None or kind < 0.5:
            return self.upload(target)
        if kind < 0.62:
            return self.delete(target)
        if kind < 0.72:
            return self.patch(target)
        if kind < 0.80:
            return self.compose(target)
        if kind < 0.88:
            return self.copy(target)
        if target.state.archived and kind < 0.92:
            return self.delete_version(target)
        return self.read(target)

    # -- changes

    def record(self, target, operation, request):
        """`request` carries the operation out and returns the object's resource, if it has one."""
        target.pending = operation
        resource = request()
        generation = None
        if isinstance(operation, Put):
            generation = int(resource["generation"])
            self.check_generation(target, generation)
        target.acknowledged(operation, generation)
        if resource is not None and not isinstance(operation, Delete | DeleteVersion):
            if problem := target.state.live.differs_from(resource):
                raise Violation(f"{target}: the answer to {type(operation).__name__}: {problem}")

    def check_generation(self, target, generation):
        if generation <= self.last_generation:
            raise Violation(f"{target}: generation {generation} came after {self.last_generation}")
        self.last_generation = generation

    def new_put(self, metadata=True):
        number = self.numbers.take()
        pairs = (("number", str(number)), ("who", f"client {self.number} ñ")) if metadata else ()
        return Put(((number, content.random_size(self.rng)),), self.rng.choice(TYPES), pairs)

    def upload(self, target):
        if self.rng.random() < 0.5:
            put = self.new_put(metadata=False)
            self.record(target, put, lambda: self.client.upload_media(
                target.bucket, target.name, content.bytes_of(put.atoms), put.content_type))
        else:
            put = self.new_put()
            data = content.bytes_of(put.atoms)
            self.record(target, put, lambda: self.client.upload_multipart(
                target.bucket, target.name, data, put.content_type, dict(put.metadata), content.md5_of(data)))

    def delete(self, target):
        self.record(target, Delete(), lambda: self.client.delete(target.bucket, target.name))

    def delete_version(self, target):
        generation = self.rng.choice(target.state.archived).generation
        self.record(target, DeleteVersion(generation),
                    lambda: self.client.delete(target.bucket, target.name, generation))

    def patch(self, target):
        pairs = (("patched", str(self.numbers.take())),)
        content_type = self.rng.choice([None, *TYPES])
        change = {"metadata": dict(pairs)}
        if content_type:
            change["contentType"] = content_type
        self.record(target, Patch(pairs, content_type),
                    lambda: self.client.patch(target.bucket, target.name, change))

    def compose(self, target):
        sources = [o for o in self.objects if o.bucket == target.bucket and o.state.live and not o.pending]
        picked = [self.rng.choice(sources) for _ in range(self.rng.randrange(1, 5))]
        atoms = tuple(atom for source in picked for atom in source.state.live.atoms)
        if content.size_of(atoms) > content.SIZE_MAX or len(atoms) > 64:
            return
        put = Put(atoms, self.rng.choice(TYPES), (("composed", str(self.numbers.take())),), composed=True)
        self.record(target, put, lambda: self.client.compose(
            target.bucket, target.name, [source.name for source in picked], put.content_type, dict(put.metadata)))

    def copy(self, target):
        sources = [o for o in self.objects if o.state.live and not o.pending]
        source = self.rng.choice(sources)
        live = source.state.live
        put = Put(live.atoms, live.content_type, live.metadata, composed=live.md5 is None)
        self.record(target, put, lambda: self.client.copy(source.bucket, source.name, target.bucket, target.name))

    def read(self, target):
        live = target.state.live
        if self.client.read(target.bucket, target.name) != content.bytes_of(live.atoms):
            raise Violation(f"{target}: generation {live.generation} reads as other bytes")

    def step_shared(self):
        target = self.rng.choice(self.shared)
        put = self.new_put(metadata=False)
        with self.shared_lock:
            target.pending.append(put)
        resource = self.client.upload_media(target.bucket, target.name, content.bytes_of(put.atoms), put.content_type)
        generation = int(resource["generation"])
        self.check_generation(target, generation)
        with self.shared_lock:
            target.acknowledged(put, generation)

    # -- resumable uploads, left open across rounds

    def step_session(self):
        if len(self.sessions) < SESSIONS_MAX and self.rng.random() < 0.5:
            self.begin_session()
        elif self.sessions:
            session = self.rng.choice(self.sessions)
            for _ in range(self.rng.randrange(1, 4)):
                if not self.send_next(session):
                    break

    def begin_session(self):
        bucket, versioned = self.rng.choice(self.buckets)
        number = self.numbers.take()
        size = self.rng.choice([0, 1, CHUNK - 1, CHUNK, 2 * CHUNK, 2 * CHUNK + 1, self.rng.randrange(1536 * content.KIB)])
        put = Put(((number, size),), self.rng.choice(TYPES), (("number", str(number)),))
        target = Object(bucket, f"w{self.number}/resumable-{number}", versioned)
        path = self.client.start_resumable(bucket, target.name, put.content_type, dict(put.metadata))
        self.objects.append(target)
        self.sessions.append(Session(target, path, put))
        self.forget_an_old_one()

    def forget_an_old_one(self):
        """Objects of completed uploads are deleted once they are many."""
        done = [o for o in self.objects if "/resumable-" in o.name and o.state.live and not o.pending]
        if len(done) > 8:
            target = done[0]
            if not target.state.archived and not target.versioned:
                self.delete(target)

    def send_next(self, session):
        """One chunk. False when the upload is complete."""
        total = content.size_of(session.put.atoms)
        first = session.acknowledged
        data = content.bytes_of(session.put.atoms)[first:first + CHUNK * self.rng.randrange(1, 3)]
        session.sent = max(session.sent, first + len(data))
        last = first + len(data) == total
        if last:
            session.object.pending = session.put
        # The size is often told with the last chunk only, as clients that stream do.
        told = total if last or total % 2 else None
        persisted, resource = self.client.send_chunk(session.path, data, first, told)
        if resource is None:
            if last or not first <= persisted <= first + len(data):
                raise Violation(f"{session.object}: after bytes {first} to {first + len(data)} of {total} "
                                f"the upload stands at {persisted}")
            session.acknowledged = persisted
            return True
        self.completed(session, resource)
        return False

    def completed(self, session, resource):
        self.sessions.remove(session)
        generation = int(resource["generation"])
        if session.object.state.live is None:
            session.object.acknowledged(session.put, generation)
        if problem := session.object.state.live.differs_from(resource):
            raise Violation(f"{session.object}: the answer to its resumable upload: {problem}")

    def resume(self, session, client):
        """After a restart: the upload stands where it was acknowledged, or further, and goes on from there."""
        self.client = client
        total = content.size_of(session.put.atoms)
        persisted, resource = client.send_chunk(session.path, None, 0, None)
        if resource is not None:
            if session.object.state.live is None:
                raise Violation(f"{session.object}: its upload is complete, but the object isn't there")
            return self.completed(session, resource)
        if session.object.state.live is not None:
            raise Violation(f"{session.object}: it is there, but its upload is not complete")
        if not session.acknowledged <= persisted <= session.sent:
            raise Violation(f"{session.object}: {session.acknowledged} bytes were acknowledged, {session.sent} sent, "
                            f"but the upload stands at {persisted} of {total}")
        session.acknowledged = persisted
        return None

    def finish(self, session, client, rng):
        self.client, self.rng = client, rng
        while self.send_next(session):
            pass
