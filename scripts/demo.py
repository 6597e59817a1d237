#!/usr/bin/env python3
"""Short scenarios on private servers: uploads, events, a kill in the middle of an upload, and what is left after it;
then a file that lands in a bucket and becomes clean tables; then a PostgreSQL that is copied while it changes.

Run it by `make demo`. It needs nothing outside this machine, uses a temporary folder, and removes it at the end.
"""
import base64
import hashlib
import io
import os
import random
import sys
import tempfile
import time
import warnings

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from demo_payments import payments
from demo_postgres import replication
from support.cutting_proxy import CuttingProxy
from support.server import CaudalServer
from support.webhook import WebhookReceiver

MIB = 1 << 20
SIZE = 64 * MIB
CHUNK = 8 * MIB
failures = []


def say(text=""):
    print(text, flush=True)


def step(number, text):
    say(f"\n{number}. {text}")


def check(what, good):
    say(f"   {'ok  ' if good else 'FAIL'} {what}")
    if not good:
        failures.append(what)


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def client_of(url):
    os.environ["STORAGE_EMULATOR_HOST"] = url
    return storage.Client(project="demo", credentials=AnonymousCredentials())


def upload_files(bucket, acknowledged):
    """Small files, one overwritten, one with new metadata, one deleted. Fills `acknowledged`: name to MD5."""
    for day in range(1, 11):
        name, text = f"payments/2026-11-{day:02d}.csv", f"id,amount\n{day},{day * 10}.50\n"
        bucket.blob(name).upload_from_string(text, content_type="text/csv")
        acknowledged[name] = md5(text.encode())
    corrected = "id,amount\n1,11.50\n"
    bucket.blob("payments/2026-11-01.csv").upload_from_string(corrected, content_type="text/csv")
    acknowledged["payments/2026-11-01.csv"] = md5(corrected.encode())
    labelled = bucket.blob("payments/2026-11-02.csv")
    labelled.metadata = {"checked": "yes"}
    labelled.patch()
    bucket.blob("payments/2026-11-10.csv").delete()
    del acknowledged["payments/2026-11-10.csv"]
    return 14  # events: 11 finalized, 1 metadata update, 2 deleted (one of them overwritten)


def show(deliveries, rows):
    for one in deliveries[:rows]:
        say(f"   {one.type:16} {one.object:28} {one.data['size']:>9} bytes   generation {one.data['generation']}")
    if len(deliveries) > rows:
        say(f"   … and {len(deliveries) - rows} more")


def upload_across_a_kill(server, acknowledged):
    """A large resumable upload; the server is killed while a chunk is on its way."""
    data = random.Random(1).randbytes(SIZE)
    story = {}

    def kill_and_restart():
        pid = server.process.pid
        server.kill()
        began = time.monotonic()
        server.start()
        story.update(pid=pid, seconds=time.monotonic() - began)

    with CuttingProxy(("127.0.0.1", server.port), 3 * CHUNK + CHUNK // 2, on_cut=kill_and_restart) as proxy:
        blob = client_of(proxy.url).bucket("landing").blob("backup.tar", chunk_size=CHUNK)
        blob.upload_from_file(io.BytesIO(data), size=SIZE)
        cuts = proxy.cuts_made
    acknowledged["backup.tar"] = md5(data)
    check(f"process {story.get('pid')} was killed (-9) after about {3 * CHUNK // MIB} of {SIZE // MIB} MiB", cuts == 1)
    check(f"it recovered in {story.get('seconds', 0):.2f} s, and Google's client finished the same upload by itself",
          blob.size == SIZE)


def main():
    warnings.filterwarnings("ignore")
    say("Caudal: buckets that Google's own clients use, with events that are never lost")
    acknowledged = {}
    with tempfile.TemporaryDirectory(prefix="caudal-demo-") as folder, WebhookReceiver() as receiver:
        # Any port of 127.0.0.1 as host: step 3 comes through a proxy.
        config = "server: {allowed_hosts: [127.0.0.1]}\n" + f"events: {{subscribers: [{{name: demo, webhook: \"{receiver.url}\", retry: {{first: 100ms, max: 1s}}}}]}}\n"
        server = CaudalServer(f"{folder}/data", config)
        with server:
            say(f"A private server runs at {server.url}, its data in {server.folder}")
            step(1, "Upload with Google's Python client (google-cloud-storage, unmodified)")
            bucket = client_of(server.url).create_bucket("landing")
            expected = upload_files(bucket, acknowledged)
            check(f"{len(acknowledged)} objects in gs://landing/payments/", len(list(bucket.list_blobs())) == len(acknowledged))

            step(2, "The events that a webhook received")
            show(receiver.wait_for(lambda all_: len({one.id for one in all_}) >= expected), 20)

            step(3, "Kill the server in the middle of a resumable upload")
            upload_across_a_kill(server, acknowledged)

            step(4, "What is left after it")
            bucket = client_of(server.url).bucket("landing")
            there = {one.name: one for one in bucket.list_blobs()}
            check(f"every acknowledged object is there: {len(acknowledged)}", set(there) == set(acknowledged))
            check("every byte of them is what was sent (MD5 of each download)",
                  all(md5(there[name].download_as_bytes()) == digest for name, digest in acknowledged.items()))
            deliveries = receiver.wait_for(lambda all_: len({one.id for one in all_}) >= expected + 1)
            check(f"every event was delivered: {expected + 1} changes, {len({one.id for one in deliveries})} event ids, "
                  f"{len(deliveries)} deliveries", len({one.id for one in deliveries}) == expected + 1)
        checked = server.cli("fsck", check=False)
        check("caudal fsck finds the stopped data folder clean", checked.returncode == 0)
        if checked.returncode:
            say(checked.stdout + checked.stderr)
        step(5, "A file of payments lands in raw/, and the clean tables appear (examples/payments, a SQL function)")
        payments(folder, say, check, step)
        replication(folder, say, check, step)
    say()
    if failures:
        say(f"{len(failures)} checks failed: {'; '.join(failures)}")
        return 1
    say("All of it worked. Where to look next:")
    say("   make run                 a server of your own on http://127.0.0.1:8080 (examples/platform/caudal.yaml)")
    say("   examples/payments        the function of step 5, its rules, and a README to follow step by step")
    say("   docs/functions-sql.md    what SQL functions take, check and write")
    say("   docs/sources.md          databases whose changes come into tables")
    say("   docs/queries.md          SQL over tables, from the command line and over HTTP")
    say("   docs/tables.md           tables: who can read and write them, and how they are kept")
    say("   docs/clients.md          point gsutil, gcloud, Python, Node, gcsfs, pandas or DuckDB at it")
    say("   docs/cli.md              every command: caudal --help, caudal events tail, caudal keys create, …")
    say("   docs/ARCHITECTURE.md     how it is built; make test runs everything that keeps it so")
    return 0


if __name__ == "__main__":
    sys.exit(main())
