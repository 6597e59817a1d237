"""The server of the crash loop with functions: one of each kind, on the packages of the tests."""
import os
import pathlib
import shutil

from receiver import SECRET

CACHE = pathlib.Path(os.environ.get("CAUDAL_CACHE", pathlib.Path.home() / ".cache/caudal"))
SOURCES = pathlib.Path(__file__).resolve().parent / "functions"

# SQL reads objects that may be replaced before their run begins; of the others no generation is lost.
INBOX, KEPT = "inbox", "kept"
CLEAN, MADE = "clean", "made"  # what SQL writes, with all versions; what the others write
BUCKET_OF = {"sql": INBOX, "python": KEPT, "node": KEPT, "http": KEPT}
FRAMEWORKS = ("python", "node")

CONFIG = """\
buckets:
  inbox: {{}}
  kept: {{versioning: true}}
  clean: {{versioning: true}}
  made: {{}}
functions:
  sql:
    kind: sql
    trigger: {{bucket: inbox, prefix: sql/}}
    concurrency: 2
    retry: {retry}
    inputs:
      raw: {{uri: $event, columns: {{id: text, amount: integer, kind: text}}}}
    sql: |
      CREATE VIEW good AS FROM raw;
      CREATE VIEW totals AS
        SELECT kind, count(*) AS rows, sum(amount) AS total FROM good GROUP BY kind ORDER BY kind;
    expect:
      - {{table: good, rule: complete, of: raw}}
      - {{table: good, column: id, rule: not_null, action: quarantine, reason: no id}}
      - {{table: good, column: amount, rule: range, max: 1000, action: quarantine, reason: too much}}
      - {{table: good, column: kind, rule: accepted_values, values: [a, b, c], action: quarantine, reason: unknown kind}}
    outputs:
      - {{table: good, uri: "gs://clean/{{folder}}/{{stem}}/good.csv"}}
      - {{table: good, uri: "gs://clean/{{folder}}/{{stem}}/good.parquet"}}
      - {{table: totals, uri: "gs://clean/{{folder}}/{{stem}}/totals.csv"}}
      - {{quarantine_of: good, uri: "gs://clean/{{folder}}/{{stem}}/bad.csv"}}
  python:
    kind: python
    trigger: {{bucket: kept, prefix: python/}}
    concurrency: 2
    retry: {retry}
    source: {sources}/python
    target: run
    signature: event
    interpreter: {cache}/python/bin/python
    install: false
    calls_max: 40
    environment: {{OUTPUT: made}}
  node:
    kind: node
    trigger: {{bucket: kept, prefix: node/}}
    concurrency: 2
    retry: {retry}
    source: {sources}/node
    target: run
    signature: event
    install: false
    environment: {{OUTPUT: made, NODE_PATH: {cache}/node/node_modules}}
  http:
    kind: http
    trigger: {{bucket: kept, prefix: http/}}
    concurrency: 4
    timeout: 2s
    retry: {retry}
    url: http://127.0.0.1:{receiver}/
    secret: {secret}
"""
RETRY = "{first: 20ms, max: 300ms, window: 1h}"


def config(sources, receiver_port):
    return CONFIG.format(sources=sources, receiver=receiver_port, secret=SECRET, cache=CACHE, retry=RETRY)


def write_sources(folder, revision):
    """Copies that differ by their revision, so that a new one is deployed at the next start."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, comment in (("python/main.py", "#"), ("node/index.js", "//")):
        with open(folder / name, "a") as source:
            source.write(f"{comment} {revision}\n")
