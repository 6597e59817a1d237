"""How long it takes from an upload to the first line of a warm Python function."""
import http.client
import json
import statistics
import time

from server import FunctionServer, python_with_packages

FUNCTION = '''
import time

def handle(data, context):
    print("first line", time.clock_gettime_ns(time.CLOCK_MONOTONIC), flush=True)
'''


def config(source):
    return f"""
buckets: {{landing: {{}}}}
functions:
  clock:
    kind: python
    trigger: {{bucket: landing}}
    source: {json.dumps(str(source))}
    target: handle
    signature: event
    interpreter: {python_with_packages()}
    install: false
"""


def one(server, connection, number):
    """Milliseconds from before the request was sent, and from after its answer was read, to the first line."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    connection.request("POST", f"/upload/storage/v1/b/landing/o?uploadType=media&name=o{number}", b"x" * 100)
    answer = connection.getresponse()
    text = answer.read()
    answered = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    if answer.status != 200:
        raise RuntimeError(f"upload: {answer.status} {text[:300]!r}")
    run = server.wait_run("clock", f"o{number}", 30)
    log = server.get(f"/api/v1/runs/{run['id']}/logs")["text"]
    [line] = [line for line in log.splitlines() if line.startswith("first line ")]
    first = int(line.split()[-1])
    return (first - before) / 1e6, (first - answered) / 1e6


def measure(folder, binary, events, say):
    source = folder / "clock"
    source.mkdir()
    (source / "main.py").write_text(FUNCTION)
    server = FunctionServer(folder / "caudal", binary, config(source))
    try:
        server.wait_ready("clock")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        times = [one(server, connection, number) for number in range(-10, events)][10:]
    finally:
        server.stop()
    sent = sorted(a for a, _ in times)
    answered = sorted(b for _, b in times)
    result = {"events": events, "p50_ms": statistics.median(sent), "p99_ms": sent[int(len(sent) * 0.99)],
              "p50_after_answer_ms": statistics.median(answered)}
    say(f"  latency: {result}")
    return result
