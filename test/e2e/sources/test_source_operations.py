"""What an operator does with a source: watching it, rebuilding a replica from its history, letting old change files go."""
import json
import re
import threading
import time

from pyiceberg.catalog import load_catalog

KEYED = "CREATE TABLE t (id int PRIMARY KEY, n int, v text); INSERT INTO t SELECT i, i * 10, 'row ' || i FROM generate_series(1, 50) i;"


def metrics(shop):
    """{name with its labels: value} of those of sources."""
    found = {}
    for line in shop.server.get("/metrics").text.splitlines():
        if line.startswith("caudal_source_"):
            sample, value = line.rsplit(" ", 1)
            found[sample] = float(value)
    return found


def rebuild(shop, table="raw_shop.t", check=True):
    done = shop.server.cli("rebuild", table, "--json", check=check)
    return json.loads(done.stdout) if check else done


def load(shop, tmp_path, rows, *options, name="raw_shop.t"):
    """Changes a table behind the source's back."""
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shop.server.cli("load", name, str(file), *options)


def verify(shop):
    answer = shop.server.request("POST", "/api/v1/sources/shop/verify", json={})
    return json.loads(answer.text.splitlines()[-1])["report"]


def snapshots(shop, name):
    """Their ids, the newest first."""
    listed = json.loads(shop.server.cli("table", "history", f"raw_shop.{name}", "--json").stdout)["snapshots"]
    return [one["snapshot_id"] for one in listed]


def iceberg(shop):
    return load_catalog("caudal", type="rest", uri=f"{shop.server.url}/iceberg")


def test_metrics_and_status_tell_of_a_source(copied, needs):
    needs(13, "the status of a slot")
    shop = copied(KEYED + "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1)")
    shop.sql("UPDATE t SET n = n + 1; DELETE FROM u")
    shop.wait()
    told = metrics(shop)
    assert told['caudal_source_state{source="shop",state="streaming"}'] == 1
    assert told['caudal_source_state{source="shop",state="stopped"}'] == 0
    assert told['caudal_source_changes_landed_total{source="shop"}'] == told['caudal_source_changes_applied_total{source="shop"}'] == 102
    assert told['caudal_source_table_changes_applied_total{source="shop",table="public.t"}'] == 100
    assert told['caudal_source_table_changes_landed_total{source="shop",table="public.u"}'] == 2
    assert told['caudal_source_table_rows_read{source="shop",table="public.t"}'] == 50
    assert told['caudal_source_table_reading{source="shop",table="public.t"}'] == 0
    assert told['caudal_source_batches_waiting{source="shop"}'] == 0
    assert told['caudal_source_position_bytes{source="shop"}'] > 0
    assert abs(told['caudal_source_committed_timestamp_seconds{source="shop"}'] - time.time()) < 3600
    shop.until(lambda status: status.get("slot_status") and status["slot_bytes"] > 0, "the slot isn't looked at")
    assert metrics(shop)['caudal_source_slot_bytes{source="shop"}'] > 0
    [status] = shop.server.get("/api/v1/status").json()["sources"]
    assert status["name"] == "shop" and status["rows_applied"] == 102 and status["quarantined"] == 0
    shown = shop.server.cli("status").stdout
    assert re.search(r"shop +streaming +\S+/\S+", shown), shown
    shown = shop.server.cli("sources", "show", "shop").stdout
    assert re.search(r"public\.t +raw_shop\.t +streaming +50 .* 100 +0", shown), shown
    # A slot that nobody reads keeps more and more; the table of a stopped source is told, too.
    shop.sql("ALTER ROLE caudal NOLOGIN")
    try:
        shop.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active AND slot_name = '" + shop.slot + "'")
        # The first it hears is that its connection is gone.
        shop.until(lambda status: "not permitted to log in" in str(status.get("error")), "it goes on")
        told = metrics(shop)
        assert told['caudal_source_state{source="shop",state="streaming"}'] == 0
        assert "not permitted to log in" in shop.server.cli("status").stdout
    finally:
        shop.sql("ALTER ROLE caudal LOGIN")


HARD = """
CREATE TABLE t (id int PRIMARY KEY, n int, v text, big text);
ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
INSERT INTO t SELECT i, i * 10, 'row ' || i, repeat(i::text, 3000) FROM generate_series(1, 50) i;
CREATE TABLE k (a numeric, b text, v text, PRIMARY KEY (a, b)); INSERT INTO k VALUES ('NaN', 'x', 'one'), (1.5, 'y', 'two');
CREATE TABLE f (a int, b text); ALTER TABLE f REPLICA IDENTITY FULL; INSERT INTO f VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
CREATE TABLE e (id int PRIMARY KEY, v text); INSERT INTO e VALUES (1, 'gone');
"""
CHANGES = """
UPDATE t SET n = n + 1 WHERE id % 3 = 0; UPDATE t SET id = id + 1000 WHERE id IN (5, 7); DELETE FROM t WHERE id BETWEEN 20 AND 25;
INSERT INTO t VALUES (20, 1, 'again', repeat('x', 5000)); UPDATE t SET v = 'x' WHERE id = 20;
UPDATE k SET v = 'three' WHERE a = 'NaN'; UPDATE k SET a = 'NaN' WHERE b = 'y';
DELETE FROM f WHERE ctid = (SELECT min(ctid) FROM f); UPDATE f SET b = 'y' WHERE a IS NULL;
TRUNCATE e; INSERT INTO e VALUES (2, 'here');
"""
EVOLVES = """
ALTER TABLE t ADD COLUMN later int; ALTER TABLE t RENAME COLUMN big TO large; UPDATE t SET later = 7 WHERE id < 10;
ALTER TABLE t DROP COLUMN n; UPDATE t SET v = v || '!' WHERE id > 30;
"""


def test_a_replica_is_rebuilt_from_its_history(copied, needs, tmp_path):
    needs(14, "infinite numeric values")
    shop = copied(HARD)
    for part in (CHANGES, *EVOLVES.split("\n")):
        shop.sql(part)
        shop.wait()
    shop.check(history=False)
    load(shop, tmp_path, [{"id": 3}, {"id": 1005}], "--mode", "delete")
    load(shop, tmp_path, [{"id": 777, "v": "by hand", "_caudal": {"position": "x"}}], "--mode", "upsert")
    load(shop, tmp_path, [{"id": 2}], "--mode", "delete", name="raw_shop.e")
    for name in "kf":
        shop.server.cli("table", "rollback", f"raw_shop.{name}", snapshots(shop, name)[-1])
    found = verify(shop)
    assert {one["state"] for one in found["tables"]} == {"different"}, json.dumps(found)[:4000]
    for name in "tkfe":
        before = snapshots(shop, name)
        report = rebuild(shop, f"raw_shop.{name}")
        assert report["table"] == f"raw_shop.{name}" and report["position"]
        after = snapshots(shop, name)
        assert after[0] not in before and after[1] == before[0], "not one commit"
    found = verify(shop)
    assert found["equal"], json.dumps(found)[:4000]
    assert {one["id"]: one["source_rows"] for one in found["tables"]} == {"public.t": 45, "public.k": 2, "public.f": 2, "public.e": 1}
    # And the source goes on in it.
    shop.sql("UPDATE t SET v = 'later' WHERE id IN (3, 4); DELETE FROM t WHERE id = 8; INSERT INTO f VALUES (1, 'x'); DELETE FROM k WHERE b = 'x'")
    shop.check(history=False)


def test_a_rebuild_follows_what_is_landed_meanwhile(copied, tmp_path):
    shop = copied(KEYED)
    load(shop, tmp_path, [{"id": 9}, {"id": 10}], "--mode", "delete")
    done = threading.Event()

    def work():
        number = 1000
        while not done.is_set():
            number += 1
            shop.sql(f"BEGIN; INSERT INTO t VALUES ({number}, 1, 'new'); UPDATE t SET n = n + 1 WHERE id % 7 = 0;"
                     f"DELETE FROM t WHERE id = {number - 5}; COMMIT")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(3):
            report = rebuild(shop)
            assert report["rows"] >= 50
            assert verify(shop)["equal"]
        shop.sql("TRUNCATE t")
        assert rebuild(shop)["changes"] > 0
    finally:
        done.set()
        worker.join()
    shop.check()


def test_a_rebuild_is_refused_where_it_would_lose_rows(copied):
    shop = copied(KEYED)
    assert "no source has the table" in rebuild(shop, "raw_shop.none", check=False).stderr
    assert "no source has the table" in rebuild(shop, "raw_shop.t__changes", check=False).stderr
    table = iceberg(shop).load_table("raw_shop.t__changes")
    with table.transaction() as change:
        change.set_properties(**{"caudal.dropped-up-to": "00000001-0000000000000000-0000000000"})
    refused = rebuild(shop, check=False)
    assert refused.returncode != 0 and "landing.keep" in refused.stderr, refused.stderr
    assert "caudal sources resnapshot shop public.t" in refused.stderr
    assert len(shop.rows("SELECT id FROM raw_shop.t")) == 50
    # Since it was emptied the history has all of it.
    shop.sql("TRUNCATE t; INSERT INTO t VALUES (1, 1, 'a')")
    shop.wait()
    assert rebuild(shop)["rows"] == 1
    shop.check(history=False)


def test_old_change_files_go(copied, start):
    shop = copied(KEYED, run=False, landing="{keep: 2s}")
    shop.server = start(config=shop.config() + """
lake:
  maintenance: {removal_interval: 1s, keep_removed: 1s}
  snapshots: {all: 1s, by_minute: 1s, by_hour: 1s}
""")
    shop.wait()
    objects = lambda: [one["name"] for one in shop.server.get("/storage/v1/b/landing/o?prefix=shop/public.t/").json().get("items", [])]
    [first] = objects()
    deadline = time.monotonic() + 60
    number = 100
    while first in objects():
        assert time.monotonic() < deadline, objects()
        number += 1
        shop.sql(f"INSERT INTO t VALUES ({number}, 1, 'new')")
        shop.wait()
        time.sleep(0.2)
    assert shop.rows("SELECT count(*) FROM raw_shop.t__changes WHERE op = 'r'") == [["0"]]
    found = verify(shop)
    assert found["equal"] and found["tables"][0]["source_rows"] == number - 50, json.dumps(found)[:2000]
    refused = rebuild(shop, check=False)
    assert refused.returncode != 0 and "landing.keep" in refused.stderr
    shop.server.cli("sources", "resnapshot", "shop", "public.t")
    shop.until(lambda status: status["tables"][0]["incarnation"] == 2 and status["tables"][0]["state"] == "streaming", "not read anew")
    shop.wait()
    assert verify(shop)["equal"]


def test_a_quarantine_is_counted(copied, tmp_path):
    shop = copied(KEYED)
    load(shop, tmp_path, [{"position": "p", "reason": "by hand", "row": "{}"}] * 3, name="raw_shop.t__quarantine")
    assert shop.status()["quarantined"] == shop.status()["tables"][0]["quarantined"] == 3
    assert metrics(shop)['caudal_source_table_quarantined_rows{source="shop",table="public.t"}'] == 3
    assert metrics(shop)['caudal_source_quarantined_rows{source="shop"}'] == 3
    [table] = verify(shop)["tables"]
    assert table["quarantined"] == 3
    assert "3 changes couldn't be applied, and are in raw_shop.t__quarantine" in shop.server.cli("verify", "shop").stdout
