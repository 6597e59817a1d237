"""What must be there: the state of every object by the changes that were acknowledged, and their events.

A change in flight at the death of the server may have happened or not: `settle` finds out which, from what is there
after the restart, and accepts nothing in between.
"""
import dataclasses

import content

FINALIZED, DELETED, ARCHIVED, UPDATED = "finalized", "deleted", "archived", "metadataUpdated"


class Violation(Exception):
    """Something that was promised did not hold."""


@dataclasses.dataclass(frozen=True)
class Version:
    generation: int
    metageneration: int
    atoms: tuple
    content_type: str
    metadata: tuple        # sorted (key, value) pairs
    md5: str | None        # none for composed objects
    crc32c: str | None     # none: not known without the server's answer

    def differs_from(self, resource):
        """The first field in which the server's resource differs; empty if none."""
        expected = {
            "generation": str(self.generation), "metageneration": str(self.metageneration),
            "size": str(content.size_of(self.atoms)), "contentType": self.content_type,
            "metadata": dict(self.metadata), "md5Hash": self.md5,
        }
        if self.crc32c is not None:
            expected["crc32c"] = self.crc32c
        for field, value in expected.items():
            got = resource.get(field, {} if field == "metadata" else None)
            if got != value:
                return f"{field} is {got!r}, not {value!r}"
        return ""


@dataclasses.dataclass(frozen=True)
class State:
    live: Version | None = None
    archived: tuple = ()   # Versions, by generation

    def differs_from(self, live, archived):
        """Against resources: the live one or None, and the noncurrent ones by generation."""
        if (self.live is None) != (live is None):
            return ("is gone" if live is None else f"is there, generation {live['generation']}, "
                    f"{live.get('size')} bytes, but must not be")
        if self.live is not None and (problem := self.live.differs_from(live)):
            return "live version: " + problem
        mine = [str(version.generation) for version in self.archived]
        theirs = [resource["generation"] for resource in archived]
        if mine != theirs:
            return f"noncurrent generations are {theirs}, not {mine}"
        for version, resource in zip(self.archived, archived):
            if problem := version.differs_from(resource):
                return f"noncurrent version {version.generation}: {problem}"
        return ""

    def versions(self):
        return (*self.archived, *([self.live] if self.live else []))


@dataclasses.dataclass(frozen=True)
class Put:
    """An upload, a copy or a composition."""
    atoms: tuple
    content_type: str
    metadata: tuple = ()
    composed: bool = False

    def version(self, generation):
        data = content.bytes_of(self.atoms)
        return Version(generation, 1, self.atoms, self.content_type, self.metadata,
                       None if self.composed else content.md5_of(data), content.crc32c_of(data))

    def apply(self, state, versioned, generation):
        group = {(FINALIZED, generation)}
        archived = state.archived
        if state.live:
            group.add((ARCHIVED if versioned else DELETED, state.live.generation))
            if versioned:
                archived = (*archived, state.live)
        return State(self.version(generation), archived), group


@dataclasses.dataclass(frozen=True)
class Delete:
    """Of the live version."""

    def apply(self, state, versioned, generation):
        gone = state.live
        if versioned:
            return State(None, (*state.archived, gone)), {(ARCHIVED, gone.generation)}
        return State(None, state.archived), {(DELETED, gone.generation)}


@dataclasses.dataclass(frozen=True)
class DeleteVersion:
    generation: int

    def apply(self, state, versioned, generation):
        kept = tuple(version for version in state.archived if version.generation != self.generation)
        return State(state.live, kept), {(DELETED, self.generation)}


@dataclasses.dataclass(frozen=True)
class Patch:
    metadata: tuple
    content_type: str | None = None

    def apply(self, state, versioned, generation):
        merged = dict(state.live.metadata) | dict(self.metadata)
        live = dataclasses.replace(state.live, metageneration=state.live.metageneration + 1,
                                   metadata=tuple(sorted(merged.items())),
                                   content_type=self.content_type or state.live.content_type)
        return State(live, state.archived), {(UPDATED, live.generation, live.metageneration)}


class Object:
    """One object that a single client changes, so that its state is known exactly. Not thread-safe."""

    def __init__(self, bucket, name, versioned):
        self.bucket, self.name, self.versioned = bucket, name, versioned
        self.state = State()
        self.pending = None          # in flight
        self.generation_max = 0
        self.event_groups = []       # sets of event keys, in commit order
        self.past_events = set()     # of rounds before: they may come again, for delivery is at least once
        self.changed = True          # its bytes were not verified since

    def acknowledged(self, operation, generation=None):
        """Also for one that was in flight and turned out to have happened."""
        if generation is not None:
            if generation <= self.generation_max:
                raise Violation(f"{self}: generation {generation} is not above {self.generation_max}")
            self.generation_max = generation
        self.state, group = operation.apply(self.state, self.versioned, generation)
        self.event_groups.append(group)
        self.pending = None
        self.changed = True

    def settle(self, live, archived):
        """Compares with what the server lists. Returns whether a change in flight happened (None: none was)."""
        problem = self.state.differs_from(live, archived)
        if self.pending is None:
            if problem:
                raise Violation(f"{self}: {problem}")
            return None
        operation, self.pending = self.pending, None
        if not problem:
            return False
        generation = int(live["generation"]) if live and isinstance(operation, Put) else None
        if generation is not None and generation <= self.generation_max:
            raise Violation(f"{self}: {problem}; {type(operation).__name__} was in flight")
        if isinstance(operation, Put) and generation is None:
            raise Violation(f"{self}: {problem}; an upload was in flight")
        after, _ = operation.apply(self.state, self.versioned, generation)
        if other := after.differs_from(live, archived):
            raise Violation(f"{self}: neither the state before {operation} ({problem}) nor the one after it ({other})")
        self.acknowledged(operation, generation)
        return True

    def check_events(self, receiver):
        """Every event was delivered, and none before its elders had been."""
        expected = set()
        done_before = 0
        for group in self.event_groups:
            latest = done_before
            for key in group:
                seen = receiver.seen(self.bucket, self.name, key)
                if seen is None or seen.succeeded is None:
                    raise Violation(f"{self}: event {key} was not delivered")
                if seen.first < done_before:
                    raise Violation(f"{self}: event {key} was tried before an earlier one of the object was delivered")
                latest = max(latest, seen.succeeded)
            done_before = latest
            expected |= group
        for key in receiver.keys_of(self.bucket, self.name) - expected - self.past_events:
            raise Violation(f"{self}: event {key} tells of a change that did not happen")

    def missing_events(self, receiver):
        return sum(1 for group in self.event_groups for key in group
                   if (seen := receiver.seen(self.bucket, self.name, key)) is None or seen.succeeded is None)

    def forget_old_events(self, receiver):
        """Those that were checked."""
        receiver.forget(self.bucket, self.name)
        self.past_events.update(*self.event_groups)
        self.event_groups = []

    def __str__(self):
        return f"gs://{self.bucket}/{self.name}"


class SharedObject:
    """One object that several clients overwrite at once: the highest generation wins. Calls under the caller's lock."""

    def __init__(self, bucket, name, versioned):
        self.bucket, self.name, self.versioned = bucket, name, versioned
        self.puts = {}       # generation → Put, acknowledged
        self.pending = []
        self.floor = 0       # generations up to it were settled before this round
        self.changed = True

    def acknowledged(self, operation, generation):
        if generation in self.puts or generation <= self.floor:
            raise Violation(f"{self}: generation {generation} was given before")
        self.puts[generation] = operation
        self.pending.remove(operation)
        self.changed = True

    def settle(self, live, archived):
        resources = {int(r["generation"]): r for r in (*archived, *([live] if live else []))}
        for generation, resource in resources.items():
            if generation in self.puts:
                continue
            match = next((put for put in self.pending if not put.version(generation).differs_from(resource)), None)
            if match is None:
                raise Violation(f"{self}: generation {generation} is of no known upload")
            self.puts[generation] = match
            self.pending.remove(match)
        expected = set(self.puts) if self.versioned else {max(self.puts)} if self.puts else set()
        if set(resources) != expected:
            raise Violation(f"{self}: generations {sorted(resources)} are there, not {sorted(expected)}")
        for generation, resource in resources.items():
            if problem := self.puts[generation].version(generation).differs_from(resource):
                raise Violation(f"{self}: generation {generation}: {problem}")
        if self.puts and live is not None and int(live["generation"]) != max(self.puts):
            raise Violation(f"{self}: generation {live['generation']} is live, not {max(self.puts)}")

    def expected_events(self):
        generations = sorted(g for g in self.puts if g > self.floor)
        keys = {(FINALIZED, g) for g in generations}
        if self.puts:
            replaced = DELETED if not self.versioned else ARCHIVED
            keys |= {(replaced, g) for g in self.puts if g < max(self.puts) and g >= self.floor and g}
        return keys

    def missing_events(self, receiver):
        return sum(1 for key in self.expected_events()
                   if (seen := receiver.seen(self.bucket, self.name, key)) is None or seen.succeeded is None)

    def check_events(self, receiver):
        """In the order of generations; a lost upload that a later one replaced at once may have its own events."""
        for key in self.expected_events():
            seen = receiver.seen(self.bucket, self.name, key)
            if seen is None or seen.succeeded is None:
                raise Violation(f"{self}: event {key} was not delivered")
        first = [receiver.seen(self.bucket, self.name, (FINALIZED, g)) for g in sorted(self.puts) if g > self.floor]
        for elder, younger in zip(first, first[1:]):
            if younger.first < elder.succeeded:
                raise Violation(f"{self}: an event was tried before an earlier one of the object was delivered")
        unknown = {key[1] for key in receiver.keys_of(self.bucket, self.name) if key[1] > self.floor} - set(self.puts)
        if self.versioned and unknown or len(unknown) > len(self.pending):
            raise Violation(f"{self}: events of generations {sorted(unknown)}, which never were")

    def forget_old_events(self, receiver):
        receiver.forget(self.bucket, self.name)
        if self.puts:
            self.floor = max(self.puts)
            if not self.versioned:
                self.puts = {self.floor: self.puts[self.floor]}
        self.pending = []

    def surplus(self, keep):
        """Noncurrent generations to delete, so that the disk doesn't fill up; forgets them."""
        old = sorted(self.puts)[:-keep]
        for generation in old:
            del self.puts[generation]
        return old

    def versions(self):
        there = self.puts if self.versioned else {max(self.puts)} if self.puts else ()
        return [self.puts[generation].version(generation) for generation in there]

    def __str__(self):
        return f"gs://{self.bucket}/{self.name}"
