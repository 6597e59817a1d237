"""Statements of Trino, seen by Caudal's queries and by pyiceberg; and our tables, seen by Trino."""
import pytest
import requests
from engines import Caudal
from pyiceberg.catalog import load_catalog
from support.trino_engine import TrinoError

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def sql(trino, space):
    """sql("… {t}"): `t` is the table lake.<space>.t."""
    return lambda text: trino.sql(text.replace("{t}", f"lake.{space}.t"))


@pytest.fixture
def ours(server, space):
    return Caudal(server.url, space)


def load(ours, lines, mode="append"):
    return ours.load("t", "rows.jsonl", lines.encode(), mode=mode, key="id", schema="id:long!,name:string")


def numbered(count):
    return "".join(f'{{"id": {n}, "name": "n{n}"}}\n' for n in range(count))


def test_reads_our_position_deletes(sql, ours):
    load(ours, numbered(1000))
    load(ours, "".join(f'{{"id": {n}}}\n' for n in range(0, 1000, 10)), "delete")
    load(ours, '{"id": 1, "name": "changed"}\n{"id": 2000, "name": "new"}\n', "upsert")
    assert sql("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM {t}") == [[901, 901, 1, 2000]]
    assert sql("SELECT id FROM {t} WHERE name = 'changed'") == [[1]] and sql("SELECT id FROM {t} WHERE name = 'n1'") == []
    assert sql("SELECT count(*) FROM {t} WHERE id % 10 = 0 AND id < 1000") == [[0]]
    files = sql(f'SELECT content, sum(record_count) FROM lake.{ours.space}."t$files" GROUP BY 1 ORDER BY 1')
    assert files == [[0, 1002], [1, 101]]
    answer = requests.post(f"{ours.url}/api/v1/tables/{ours.space}/t/compact", json={"everything": True}, timeout=120)
    assert answer.ok, answer.text
    assert sql("SELECT count(*), count(DISTINCT id) FROM {t}") == [[901, 901]]


def test_its_changes_are_read(sql, ours, catalog, space):
    sql("CREATE TABLE {t} (id BIGINT, name VARCHAR, day DATE) WITH (partitioning = ARRAY['day'], format_version = 2)")
    sql("INSERT INTO {t} SELECT n, 'n' || CAST(n AS VARCHAR), date '2026-01-01' + interval '1' day * (n % 3) "
        "FROM UNNEST(sequence(0, 99)) AS s(n)")
    sql("DELETE FROM {t} WHERE id % 10 = 0")
    sql("UPDATE {t} SET name = 'updated' WHERE id IN (1, 2)")
    sql("MERGE INTO {t} t USING (VALUES (2, 'merged'), (3, ''), (500, 'new')) AS v(id, name) ON t.id = v.id "
        "WHEN MATCHED AND v.name = '' THEN DELETE WHEN MATCHED THEN UPDATE SET name = v.name "
        "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.id, v.name)")
    expected = {n: f"n{n}" for n in range(100) if n % 10} | {1: "updated", 2: "merged", 500: "new"}
    del expected[3]
    assert dict(ours.run(f"SELECT id, name FROM {space}.t")) == expected
    assert dict(sql("SELECT id, name FROM {t}")) == expected
    rows = catalog.load_table(f"{space}.t").scan().to_arrow().to_pylist()
    assert {row["id"]: row["name"] for row in rows} == expected
    assert ours.run(f"SELECT count(*) FROM {space}.t WHERE day = '2026-01-02' AND name >= 'n'") == [
        (sum(n % 3 == 1 and name >= "n" for n, name in expected.items() if n < 100),)]
    # Ours over theirs.
    answer = requests.post(f"{ours.url}/api/v1/tables/{space}/t/compact", json={"everything": True}, timeout=120)
    assert answer.ok, answer.text
    assert dict(sql("SELECT id, name FROM {t}")) == expected


def test_tables_change_and_go(sql, catalog, space, ours):
    sql("CREATE TABLE {t} AS SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS v(id, name)")
    sql("ALTER TABLE {t} ADD COLUMN more DOUBLE")
    sql("ALTER TABLE {t} RENAME COLUMN name TO title")
    sql("ALTER TABLE {t} ALTER COLUMN id SET DATA TYPE BIGINT")
    sql("INSERT INTO {t} VALUES (3, 'c', 1.5)")
    assert ours.run(f"FROM {space}.t ORDER BY id") == [(1, "a", None), (2, None, None), (3, "c", 1.5)]
    first = sql(f'SELECT snapshot_id FROM lake.{space}."t$snapshots" ORDER BY committed_at LIMIT 1')[0][0]
    assert sql(f"SELECT count(*) FROM {{t}} FOR VERSION AS OF {first}") == [[2]]
    sql("ALTER TABLE {t} EXECUTE optimize")
    assert ours.run(f"SELECT count(*) FROM {space}.t") == [(3,)]
    sql(f"ALTER TABLE {{t}} RENAME TO lake.{space}.u")
    assert catalog.list_tables(space) == [(space, "u")]
    assert catalog.load_table(f"{space}.u").location().startswith("gs://lake/")
    trino_tables = sql(f"SHOW TABLES FROM lake.{space}")
    assert trino_tables == [["u"]]
    sql(f"DROP TABLE lake.{space}.u")
    assert catalog.list_tables(space) == []
    sql(f"DROP SCHEMA lake.{space}")
    with pytest.raises(TrinoError, match="(?i)does not exist"):
        sql("SELECT * FROM {t}")


def test_where_keys_are_required(trino, locked, token):
    trino.sql("CREATE SCHEMA locked.n")
    trino.sql("CREATE TABLE locked.n.t AS SELECT n AS id FROM UNNEST(sequence(1, 10)) AS s(n)")
    trino.sql("DELETE FROM locked.n.t WHERE id = 3")
    assert trino.sql("SELECT count(*) FROM locked.n.t") == [[9]]
    table = load_catalog("c", type="rest", uri=f"{locked.url}/iceberg", token=token).load_table("n.t")
    assert table.scan().to_arrow().num_rows == 9
