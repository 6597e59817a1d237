"""Deaths in the middle of a SQL function's run: afterwards each output is there once, and the run has succeeded once."""
import contextlib

import pytest
import requests
from support.runs import runs, wait_for_run

CONFIG = """
server: {listen: 127.0.0.1:0}
buckets: {landing: {}, clean: {versioning: true}}
functions:
  clean:
    kind: sql
    trigger: {bucket: landing}
    retry: {first: 50ms, max: 200ms}
    inputs: {raw: {uri: $event}}
    sql: CREATE VIEW good AS FROM raw
    expect: [{table: good, column: id, rule: not_null, action: quarantine}]
    outputs:
      - {table: good, uri: "gs://clean/good.csv"}
      - {table: good, uri: "gs://clean/good.parquet"}
      - {quarantine_of: good, uri: "gs://clean/bad.csv"}
"""


@pytest.mark.parametrize("where", ["functions.run.before", "functions.sql.publish", "objects.publish_all.join",
                                   "functions.sql.published", "functions.run.after"])
def test_death(start, connect, where):
    server = start(CONFIG, env={"CAUDAL_FAILPOINTS": f"{where}=kill"})
    client = connect(server.url)
    # It may die before it has answered, but not before the upload is on disk: its event fired the function.
    with contextlib.suppress(requests.ConnectionError):
        server.request("POST", "/upload/storage/v1/b/landing/o?uploadType=media&name=x.csv", data=b"id,b\n1,2\n,3\n")
    server.process.wait(60)
    server.env.pop("CAUDAL_FAILPOINTS")
    server.restart()
    run = wait_for_run(server, "clean", "x.csv", status="succeeded")
    assert (run["rows_in"], run["rows_accepted"], run["rows_quarantined"]) == (2, 1, 1)
    assert len(runs(server, "clean", status="succeeded")) == 1
    versions = [blob.name for blob in client.list_blobs("clean", versions=True)]
    assert sorted(versions) == ["bad.csv", "good.csv", "good.parquet"]
    assert client.bucket("clean").blob("good.csv").download_as_bytes() == b"id,b\n1,2\n"
    assert client.bucket("clean").blob("bad.csv").download_as_bytes() == (
        b"id,b,_reason,_rule\n,3,id is missing,id_not_null\n")
    assert {int(output["generation"]) for output in run["outputs"]} == {
        blob.generation for blob in client.list_blobs("clean")}
