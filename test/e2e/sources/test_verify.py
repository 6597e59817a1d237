"""`caudal verify`: a source and its replicas compared at one position, and put right."""
import json
import threading

import pytest

KEYED = "CREATE TABLE t (id int PRIMARY KEY, n int, v text); INSERT INTO t SELECT i, i * 10, 'row ' || i FROM generate_series(1, 50) i;"


def verify(shop, tables=(), repair=False, check=True):
    """The report, and the lines before it."""
    answer = shop.server.request("POST", "/api/v1/sources/shop/verify", json={"tables": list(tables), "repair": repair})
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.text.splitlines()]
    if check:
        assert "report" in lines[-1], lines[-1]
        return lines[-1]["report"], lines[:-1]
    return lines[-1]


def table(report, name="public.t"):
    [found] = [one for one in report["tables"] if one["id"] == name]
    return found


def load(shop, tmp_path, rows, *options, name="raw_shop.t"):
    """Changes the replica behind the source's back."""
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shop.server.cli("load", name, str(file), *options)


def row(number, n, v):
    return {"id": number, "n": n, "v": v, "_caudal": {"position": "by hand"}}


def test_equal_under_load(copied):
    shop = copied(KEYED + "CREATE TABLE u (a text, b int); INSERT INTO u VALUES ('x', 1), ('x', 1), (NULL, NULL);")
    done = threading.Event()

    def work():
        number = 1000
        while not done.is_set():
            number += 1
            shop.sql(f"BEGIN; INSERT INTO t VALUES ({number}, 1, repeat('x', 3000)); UPDATE t SET n = n + 1 WHERE id % 7 = 0;"
                     f"DELETE FROM t WHERE id = {number - 5}; INSERT INTO u VALUES ('x', {number % 3}); COMMIT")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        positions = set()
        for _ in range(4):
            report, _ = verify(shop)
            assert report["equal"], json.dumps(report)[:3000]
            assert {one["state"] for one in report["tables"]} == {"equal"}
            assert table(report)["source_rows"] == table(report)["replica_rows"] >= 50
            positions.add(report["position"])
        assert len(positions) == 4
    finally:
        done.set()
        worker.join()
    shop.check()
    assert '"source verified"' in (shop.server.folder / "data/logs/caudal.log").read_text()


def test_what_differs_is_found_shown_and_repaired(copied, tmp_path):
    shop = copied(KEYED)
    load(shop, tmp_path, [row(3, 30, "changed here"), row(900, 1, "extra")], "--mode", "upsert")
    load(shop, tmp_path, [{"id": 9}], "--mode", "delete")
    load(shop, tmp_path, [row(20, 200, "row 20")], "--append")  # a second row of this key
    report, _ = verify(shop)
    found = table(report)
    assert not report["equal"] and found["state"] == "different" and found["complete"]
    assert (found["source_rows"], found["replica_rows"]) == (50, 51)
    assert (found["missing"], found["extra"], found["changed"]) == (1, 1, 2)
    kinds = {(one["kind"], one["key"]["id"]): one for one in found["differences"]}
    assert set(kinds) == {("missing", "9"), ("extra", "900"), ("changed", "3"), ("changed", "20")}
    assert {"column": "v", "source": "row 3", "replica": "changed here"} in kinds["changed", "3"]["columns"]
    # Nothing was changed by looking.
    assert not verify(shop)[0]["equal"]

    shop.sql("UPDATE t SET n = -1 WHERE id = 3")  # puts that row right
    report, _ = verify(shop, ["public.t"], repair=True)
    found = table(report)
    assert not report["equal"] and (found["rows_put"], found["rows_removed"]) == (2, 1), json.dumps(report)[:4000]
    assert verify(shop)[0]["equal"]
    # Later changes come behind the repair, and the history tells it.
    shop.sql("UPDATE t SET v = 'later' WHERE id IN (3, 9, 20); INSERT INTO t VALUES (900, 2, 'now really')")
    shop.check(history=False)  # which tells the deletion of a row that it never had
    assert verify(shop)[0]["equal"]
    assert shop.ops("raw_shop.t").count("d") == 1


def test_a_table_without_a_key_is_compared_and_not_repaired(copied, tmp_path):
    shop = copied("CREATE TABLE t (id int, n int, v text); INSERT INTO t VALUES (1, 1, 'a'), (1, 1, 'a'), (2, NULL, NULL)")
    report, _ = verify(shop)
    assert report["equal"], json.dumps(report)[:4000]
    load(shop, tmp_path, [{**row(1, 1, "a"), "_caudal_key": "by hand"}], "--append")
    report, _ = verify(shop, repair=True)
    found = table(report)
    assert (found["missing"], found["extra"], found["changed"]) == (0, 1, 0)
    assert found["differences"][0]["key"] == {"id": "1", "n": "1", "v": "a"}
    assert "no primary key" in found["not_repaired"]


def test_keys_of_several_columns_and_types(copied):
    shop = copied("""
        CREATE TABLE t (b text, a bigint, c uuid, d date, e numeric(6,2), f timestamptz, g bytea, v text, PRIMARY KEY (a, b, c, d, e, f, g));
        INSERT INTO t VALUES ('it''s \\ "x"', 9007199254740993, '11111111-2222-3333-4444-555555555555', '2024-02-29', 12.50,
                              '2026-01-02 03:04:05.123456+02', '\\x00ff', 'one'),
                             ('', -1, '11111111-2222-3333-4444-555555555556', '0044-03-15', -0.05, '1969-12-31 23:59:59Z', '', 'two');
        CREATE TABLE f (x float8, y text, v text, PRIMARY KEY (x, y)); INSERT INTO f VALUES (0.1, 'a', 'one'), ('NaN', 'b"', 'two');
        """)
    assert verify(shop)[0]["equal"]
    before = {}
    for name in ("t", "f"):
        before[name] = json.loads(shop.server.cli("table", "history", f"raw_shop.{name}", "--json").stdout)["snapshots"][0]["snapshot_id"]
    shop.sql("UPDATE t SET v = 'new' WHERE a > 0; DELETE FROM t WHERE a < 0; INSERT INTO t SELECT b, a + 1, c, d, e, f, g, 'three' FROM t;"
             "UPDATE f SET v = 'new' WHERE x = 0.1; DELETE FROM f WHERE x = 'NaN'; INSERT INTO f VALUES ('Infinity', '', 'three')")
    shop.wait()
    for name, snapshot in before.items():
        shop.server.cli("table", "rollback", f"raw_shop.{name}", snapshot)
    report, _ = verify(shop, repair=True)
    assert [(one["missing"], one["extra"], one["changed"]) for one in report["tables"]] == [(1, 1, 1)] * 2, json.dumps(report)[:4000]
    assert [(one["rows_put"], one["rows_removed"]) for one in report["tables"]] == [(2, 1)] * 2, json.dumps(report)[:4000]
    assert verify(shop)[0]["equal"]
    shop.check(history=False)


TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN small AS int CHECK (VALUE < 100);
CREATE TABLE t (id int PRIMARY KEY, a smallint, b bigint, c real, d double precision, e numeric, f numeric(30,4), g text, h varchar(5), i char(4),
  j bytea, k boolean, l date, m time, n timetz, o timestamp, p timestamptz, q interval, r uuid, s json, t jsonb, u int[], v text[][], w mood,
  x pair, y small, z int4range, aa inet, ab macaddr, ac bit(3), ad varbit, ae money, af point, ag xml, ah tsvector, ai mood[], aj oid, ak numeric[]);
INSERT INTO t VALUES
  (1, 1, 2^62, 'NaN', '-Infinity', 'NaN', 1.5, 'é\\n', 'abc', 'x', '\\x00', true, '2024-02-29', '24:00', '12:00+05:30', 'infinity', '-infinity',
   '1 mon -3 days', '11111111-2222-3333-4444-555555555555', '{"a": [1, null]}', '{"b": "x"}', '{1,NULL}', '{{a,b},{c,NULL}}', 'ok', '(1,"x y")', 7,
   '[1,5)', '10.0.0.1/8', '08:00:2b:01:02:03', B'101', B'1', 12.5, '(1,2)', '<a/>', 'a:1 b:2', '{ok,sad}', 4000000000, '{1.5,NaN}'),
  (3, -1, 0, '-0', 0.1, 1e400, -0.0001, '', '', '', '', false, '4713-01-01 BC', '00:00', '00:00-15', '0001-01-01', '9999-12-31Z', '0',
   NULL, 'null', '[]', '{}', '{}', 'sad', '(,)', 0, 'empty', '::1', '00:00:00:00:00:00', B'000', B'', -1, '(0,0)', '', '', '{}', 0, '{}');
INSERT INTO t (id) VALUES (2);
CREATE TABLE e (id int PRIMARY KEY, a int[], b text[]); INSERT INTO e VALUES (1, '{}', '{}'), (2, '{}', NULL);
"""


def test_all_types_are_equal_by_snapshot_and_by_stream(copied):
    shop = copied(TYPES)
    report, _ = verify(shop)
    assert report["equal"], json.dumps(report)[:4000]
    shop.sql("INSERT INTO t SELECT (jsonb_populate_record(whole, '{\"id\": 11}')).* FROM t AS whole WHERE id = 2;"
             "UPDATE t SET id = id + 100; UPDATE t SET a = 5 WHERE id = 101")
    report, _ = verify(shop)
    assert report["equal"] and table(report)["source_rows"] == 4, json.dumps(report)[:4000]


def test_partitions_and_masks(copied, needs, start):
    needs(13, "changes of partitions as their table's")
    shop = copied("CREATE TABLE t (id int, n int, secret text, PRIMARY KEY (id)) PARTITION BY RANGE (id);"
                  "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100) TO (200);"
                  "INSERT INTO t SELECT i, i, 'secret ' || i FROM generate_series(1, 150) i", run=False)
    shop.server = start(config=shop.config() + "    columns: {hash: [t.secret]}\n")
    shop.wait()
    report, _ = verify(shop)
    assert report["equal"] and table(report)["source_rows"] == 150, json.dumps(report)[:4000]


def test_what_cannot_be_compared_is_said(copied):
    shop = copied(KEYED + "CREATE TABLE u (id int PRIMARY KEY);")
    shop.sql("DROP TABLE u; ALTER TABLE t ADD COLUMN later int")
    report, _ = verify(shop)
    assert not report["equal"]
    assert {one["state"] for one in report["tables"]} == {"not_compared"}
    assert "columns" in table(report)["reason"] and "no such table" in table(report, "public.u")["reason"]
    shop.sql("UPDATE t SET later = id")
    shop.wait()
    assert verify(shop, ["public.t"])[0]["equal"]
    assert "no table public.none" in verify(shop, ["public.none"], check=False)["error"]["message"]
    for body in ({"tables": "t"}, {"table": ["t"]}, {"repair": 1}, {"tables": [1]}):
        assert shop.server.request("POST", "/api/v1/sources/shop/verify", json=body).status_code == 400
    assert shop.server.request("POST", "/api/v1/sources/none/verify", json={}).status_code == 404


def test_one_at_a_time_and_cancelled_with_its_client(copied):
    # A transaction that lasts holds the cut back, as the source waits for it.
    shop = copied(KEYED)
    with Waiting(shop):
        answer = shop.server.request("POST", "/api/v1/sources/shop/verify", json={}, stream=True)
        assert answer.status_code == 200
        assert shop.server.request("POST", "/api/v1/sources/shop/verify", json={}).status_code == 409
        answer.close()
    deadline = 40
    for _ in range(deadline * 10):
        again = shop.server.request("POST", "/api/v1/sources/shop/verify", json={})
        if again.status_code == 200:
            break
        threading.Event().wait(0.1)
    shop.sql("INSERT INTO t VALUES (777, 7, 'after')")
    shop.check()


class Waiting:
    """A transaction of the source that goes on."""

    def __init__(self, shop):
        self.shop = shop
        self.thread = threading.Thread(target=self.run)

    def run(self):
        self.shop.sql("BEGIN; INSERT INTO t VALUES (555, 5, 'slow'); SELECT pg_sleep(4); COMMIT")

    def __enter__(self):
        self.thread.start()
        while not self.shop.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"):
            pass

    def __exit__(self, *_):
        self.thread.join()


@pytest.mark.parametrize("language", ["en_US.UTF-8", "es_ES.UTF-8"])
def test_the_command(copied, tmp_path, language):
    shop = copied(KEYED)
    shop.server.env["LC_ALL"] = language
    done = shop.server.cli("verify", "shop")
    assert ("equal" if language.startswith("en") else "iguales") in done.stdout, done.stdout
    load(shop, tmp_path, [row(3, 30, "changed here"), row(900, 1, "extra")], "--mode", "upsert")
    done = shop.server.cli("verify", "shop", "public.t", check=False)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "changed here" in done.stdout and "900" in done.stdout
    done = shop.server.cli("verify", "shop", "--repair", "--json", check=False)
    assert done.returncode == 4 and json.loads(done.stdout)["tables"][0]["rows_put"] == 1
    assert json.loads(shop.server.cli("verify", "shop", "--json").stdout)["equal"]
    assert shop.server.cli("verify", "none", check=False).returncode == 1
