"""A thousand small files uploaded at once: how long until a function has run for each."""
import concurrent.futures
import json
import threading
import time

import servers
from server import FunctionServer, python_with_packages

FILES, ROWS, CLIENTS = 1000, 20, 16

PYTHON = '''
from google.cloud import storage

client = storage.Client()

def handle(data, context):
    text = client.bucket(data["bucket"]).blob(data["name"]).download_as_text()
    lines = text.splitlines()
    kept = [line for line in lines[1:] if not line.startswith(",")]
    client.bucket("clean").blob(data["name"] + ".csv").upload_from_string("\\n".join([lines[0], *kept]) + "\\n")
'''


def config(source):
    return f"""
buckets: {{sql: {{}}, python: {{}}, clean: {{}}}}
functions:
  sql:
    kind: sql
    trigger: {{bucket: sql}}
    inputs: {{raw: {{uri: $event, columns: {{id: text, amount: "decimal(18,2)"}}}}}}
    sql: CREATE VIEW good AS FROM raw
    expect: [{{table: good, column: id, rule: not_null, action: quarantine}}]
    outputs:
      - {{table: good, uri: "gs://clean/{{name}}.csv"}}
      - {{quarantine_of: good, uri: "gs://clean/{{name}}.bad.csv"}}
    concurrency: 2
  python:
    kind: python
    trigger: {{bucket: python}}
    source: {json.dumps(str(source))}
    target: handle
    signature: event
    interpreter: {python_with_packages()}
    install: false
    concurrency: 2
"""


class Uploader:
    """Uploads on a connection of each thread's own."""

    def __init__(self, port):
        self.port, self.local = port, threading.local()

    def __call__(self, bucket, name, body):
        if not hasattr(self.local, "connection"):
            self.local.connection = servers.http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.local.connection.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}", body)
        answer = self.local.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"upload: {answer.status} {text[:300]!r}")


def body_of(number):
    rows = "".join(f"{'' if row == number % ROWS else f'{number}-{row}'},{row}.50\n" for row in range(ROWS))
    return ("id,amount\n" + rows).encode()


def wait_all(server, function, seconds=900):
    deadline = time.monotonic() + seconds
    while True:
        told = server.get(f"/api/v1/functions/{function}")
        if told["runs"].get("succeeded", 0) >= FILES:
            return
        if told["dead"] or time.monotonic() > deadline:
            raise RuntimeError(f"{function}: {told}")
        time.sleep(0.02)


def measure_one(server, function, say):
    upload = Uploader(server.port)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda number: upload(function, f"{function}-{number}.csv", body_of(number)), range(FILES)))
    uploaded = time.monotonic() - start
    wait_all(server, function)
    seconds = time.monotonic() - start
    for number in range(FILES):
        kept = server.download("clean", f"{function}-{number}.csv.csv")
        wanted = b"".join(line for line in body_of(number).splitlines(True) if not line.startswith(b","))
        if kept.replace(b"\r", b"") != wanted:
            raise RuntimeError(f"{function}: wrong output for file {number}: {kept[:200]!r}")
    say(f"  small files: {function}: {FILES} uploaded in {uploaded:.1f} s, all done after {seconds:.1f} s, "
        f"{FILES / seconds:.0f} files/s")
    return {"uploaded_s": uploaded, "seconds": seconds, "per_second": FILES / seconds}


def measure(folder, binary, say):
    source = folder / "copy"
    source.mkdir()
    (source / "main.py").write_text(PYTHON)
    server = FunctionServer(folder / "caudal", binary, config(source))
    try:
        server.wait_ready("python")
        return {function: measure_one(server, function, say) for function in ("sql", "python")}
    finally:
        server.stop()
