"""After a restart: is everything there, and nothing else?"""
import collections
import time

import content
from client import Client, Lost, Refused
from oracle import Delete, DeleteVersion, Violation
from pauses import Deadline

EVENTS_WAIT_S = 60
SHARED_VERSIONS_KEPT = 4
FINISHED_UPLOADS_KEPT = 4
OLD_VERSIONS_KEPT = 3


def verify(run, round_rng):
    client = Client(run.server.port, timeout=60)
    try:
        for bucket, _ in run.buckets:
            if not client.bucket_exists(bucket):
                raise Violation(f"bucket {bucket} is gone")
        check_states(run, client)
        check_bytes(run, client, round_rng)
        resume_sessions(run, client, round_rng)
        wait_for_events(run)
        check_events(run)
        prune(run, client)
    except (Lost, Refused) as failure:
        raise Violation(f"after the restart: {failure!r}") from failure
    finally:
        client.close()


def everything(run):
    return [o for worker in run.workers for o in worker.objects] + run.shared


def check_states(run, client):
    listed = {}
    for bucket, _ in run.buckets:
        versions = collections.defaultdict(list)
        for resource in client.list(bucket, versions=True):
            versions[resource["name"]].append(resource)
        live = {resource["name"]: resource["generation"] for resource in client.list(bucket, versions=False)}
        listed[bucket] = (versions, live)
    for target in everything(run):
        versions, live = listed[target.bucket]
        resources = sorted(versions.pop(target.name, []), key=lambda r: int(r["generation"]))
        current = [r for r in resources if "timeDeleted" not in r]
        if [r["generation"] for r in current] != ([live[target.name]] if target.name in live else []):
            raise Violation(f"{target}: the list of versions and the list of live objects disagree")
        target.settle(current[0] if current else None, [r for r in resources if "timeDeleted" in r])
    for bucket, (versions, _) in listed.items():
        for name in versions:
            raise Violation(f"gs://{bucket}/{name} is there, but was never uploaded")


def check_bytes(run, client, rng):
    """Of what changed, and of a sample of the rest; fsck reads them all."""
    for target in everything(run):
        if not target.changed and rng.random() > 0.05:
            continue
        versions = target.state.versions() if hasattr(target, "state") else target.versions()
        for version in versions:
            data = client.read(target.bucket, target.name, version.generation)
            if data != content.bytes_of(version.atoms):
                raise Violation(f"{target}: generation {version.generation} reads as other bytes: {len(data)} of them, "
                                f"not {content.size_of(version.atoms)}")
        target.changed = False


def resume_sessions(run, client, rng):
    for worker in run.workers:
        for session in list(worker.sessions):
            worker.resume(session, client)
        for session in list(worker.sessions):
            if rng.random() < 0.5:
                worker.finish(session, client, rng)


def wait_for_events(run):
    deadline = Deadline(EVENTS_WAIT_S)
    while not deadline.passed():
        missing = sum(target.missing_events(run.receiver) for target in everything(run))
        if missing == 0:
            return
        time.sleep(0.02)


def check_events(run):
    for target in everything(run):
        target.check_events(run.receiver)
    if run.receiver.problems:
        raise Violation(run.receiver.problems[0])


def prune(run, client):
    """Keeps the disk from filling up. These changes count too: the next round looks for them."""
    for target in everything(run):
        target.forget_old_events(run.receiver)
    for target in run.shared:
        for generation in target.surplus(SHARED_VERSIONS_KEPT) if target.versioned else []:
            client.delete(target.bucket, target.name, generation)
    for worker in run.workers:
        finished = [o for o in worker.objects if "/resumable-" in o.name
                    and not any(session.object is o for session in worker.sessions)]
        for target in finished[:-FINISHED_UPLOADS_KEPT]:
            if target.state.live:
                client.delete(target.bucket, target.name)
                target.acknowledged(Delete())
            delete_versions(client, target, 0)
        gone = set(map(id, (o for o in finished if not o.state.versions())))
        worker.objects = [o for o in worker.objects if id(o) not in gone]
        for target in worker.objects:
            delete_versions(client, target, OLD_VERSIONS_KEPT)


def delete_versions(client, target, keep):
    for version in target.state.archived[:len(target.state.archived) - keep]:
        client.delete(target.bucket, target.name, version.generation)
        target.acknowledged(DeleteVersion(version.generation))
