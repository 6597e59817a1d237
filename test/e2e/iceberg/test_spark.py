"""Spark's Iceberg runtime with nothing but the catalogue's URL: tables, changes and maintenance, as pyiceberg sees them."""
import datetime
import decimal

import pytest
import requests
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import EqualTo
from support.keys import create_key
from support.spark_engine import SparkError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

MERGE_ON_READ = ", ".join(f"'write.{verb}.mode'='merge-on-read'" for verb in ("delete", "update", "merge"))
COPY_ON_WRITE = MERGE_ON_READ.replace("merge-on-read", "copy-on-write")


@pytest.fixture(scope="module")
def lake(spark, server):
    return spark.catalog(server.url)


@pytest.fixture
def sql(spark, lake, space):
    """sql(text): {t} in it is the test's table, {lake} the catalogue, {space} the namespace."""
    return lambda text: spark.sql(text.format(t=f"{lake}.{space}.t", lake=lake, space=space))


@pytest.fixture
def load(catalog, space):
    return lambda name="t": catalog.load_table(f"{space}.{name}")


def contents(table):
    """What pyiceberg reads, sorted by `id`."""
    return table.scan().to_arrow().sort_by("id").to_pylist()


def numbered(sql, properties=MERGE_ON_READ, version=2):
    """A table of 100 rows in one file."""
    sql(f"CREATE TABLE {{t}} (id BIGINT, name STRING) TBLPROPERTIES ('format-version'='{version}', {properties})")
    sql("INSERT INTO {t} SELECT /*+ COALESCE(1) */ id, concat('n', id) FROM range(100)")


def summary(table, key):
    return table.current_snapshot().summary[key]


def test_create_partitioned_and_sorted(sql, load):
    sql("""CREATE TABLE {t} (id BIGINT NOT NULL, name STRING COMMENT 'what it is called', amount DECIMAL(18,2), day DATE,
           at TIMESTAMP, place STRUCT<x: INT, y: INT>, tags ARRAY<STRING>, marks MAP<STRING, INT>) USING iceberg
           PARTITIONED BY (bucket(4, id), truncate(1, name), days(day), hours(at)) COMMENT 'a table'
           TBLPROPERTIES ('team'='us')""")
    sql("ALTER TABLE {t} WRITE ORDERED BY day DESC NULLS LAST, name")
    sql("ALTER TABLE {t} SET IDENTIFIER FIELDS id")
    sql("""INSERT INTO {t} VALUES
           (1, 'año', 1.50, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.999999', STRUCT(1, 2), ARRAY('a', NULL), MAP('k', 1)),
           (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
           (3, '😀', -99.99, DATE '2026-01-03', TIMESTAMP '2026-01-03 01:02:03.000004', STRUCT(NULL, 4), ARRAY(), MAP())""")
    table = load()
    assert [str(field.transform) for field in table.spec().fields] == ["bucket[4]", "truncate[1]", "day", "hour"]
    assert table.schema().identifier_field_ids == [1] and len(table.sort_order().fields) == 2
    assert table.schema().find_field("name").doc == "what it is called"
    assert table.properties["team"] == "us" and table.location().startswith("gs://lake/")
    rows = contents(table)
    assert rows[0] == {"id": 1, "name": "año", "amount": decimal.Decimal("1.50"), "day": datetime.date(1969, 12, 31),
                       "at": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, datetime.UTC), "place": {"x": 1, "y": 2},
                       "tags": ["a", None], "marks": [("k", 1)]}
    assert rows[1] == dict.fromkeys(rows[0]) | {"id": 2}
    assert table.scan(EqualTo("name", "😀")).to_arrow()["id"].to_pylist() == [3]
    assert sql("SELECT id FROM {t} WHERE day < DATE '1970-01-01'") == [(1,)]
    assert sql("SELECT partition.name_trunc, record_count FROM {t}.files ORDER BY 1") == [(None, 1), ("a", 1), ("😀", 1)]


@pytest.mark.parametrize("properties", [MERGE_ON_READ, COPY_ON_WRITE], ids=["merge on read", "copy on write"])
def test_merge_update_delete(sql, load, properties):
    numbered(sql, properties)
    sql("DELETE FROM {t} WHERE id IN (10, 20)")
    sql("UPDATE {t} SET name = 'updated' WHERE id = 30")
    sql("""MERGE INTO {t} USING (SELECT id, concat('m', id) AS name FROM range(95, 105)) s ON {t}.id = s.id
           WHEN MATCHED AND s.id = 99 THEN DELETE WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *""")
    names = {n: f"n{n}" for n in range(95) if n not in (10, 20)} | {30: "updated"} | {
        n: f"m{n}" for n in range(95, 105) if n != 99}
    assert {row["id"]: row["name"] for row in contents(load())} == names
    assert dict(sql("SELECT id, name FROM {t}")) == names
    deletes = int(summary(load(), "total-position-deletes"))
    assert deletes == (8 if properties == MERGE_ON_READ else 0)
    assert len(load().history()) == 4


def test_alter_columns(sql, load):
    numbered(sql)
    sql("ALTER TABLE {t} ADD COLUMNS (small INT, ratio FLOAT, price DECIMAL(9,2), place STRUCT<x: INT>)")
    sql("INSERT INTO {t} VALUES (100, 'n100', 7, 0.5, 1.25, STRUCT(1))")
    sql("ALTER TABLE {t} RENAME COLUMN name TO title")
    sql("ALTER TABLE {t} ALTER COLUMN small TYPE BIGINT")
    sql("ALTER TABLE {t} ALTER COLUMN ratio TYPE DOUBLE")
    sql("ALTER TABLE {t} ALTER COLUMN price TYPE DECIMAL(18,2)")
    sql("ALTER TABLE {t} ALTER COLUMN small FIRST")
    sql("ALTER TABLE {t} ALTER COLUMN title COMMENT 'the title'")
    sql("ALTER TABLE {t} ADD COLUMN place.y STRING AFTER x")
    sql("INSERT INTO {t} VALUES (5000000000, 101, 'n101', 1e300, 1234567890123456.78, STRUCT(2, 'y'))")
    sql("ALTER TABLE {t} DROP COLUMN ratio")
    # A name that comes back is another column.
    sql("ALTER TABLE {t} ADD COLUMN ratio STRING")
    rows = contents(load())
    assert rows[100:] == [
        {"small": 7, "id": 100, "title": "n100", "price": decimal.Decimal("1.25"), "place": {"x": 1, "y": None}, "ratio": None},
        {"small": 5000000000, "id": 101, "title": "n101", "price": decimal.Decimal("1234567890123456.78"),
         "place": {"x": 2, "y": "y"}, "ratio": None}]
    assert rows[0] == {"small": None, "id": 0, "title": "n0", "price": None, "place": None, "ratio": None}
    assert sql("SELECT id FROM {t} WHERE small = 7") == [(100,)]
    assert sql("SELECT id FROM {t} WHERE price > 1000") == [(101,)]
    sql("ALTER TABLE {t} SET TBLPROPERTIES ('a'='1', 'b'='2')")
    sql("ALTER TABLE {t} UNSET TBLPROPERTIES ('a')")
    assert load().properties["b"] == "2" and "a" not in load().properties


def test_alter_partitions(sql, load):
    numbered(sql)
    sql("ALTER TABLE {t} ADD PARTITION FIELD bucket(4, id)")
    sql("INSERT INTO {t} SELECT id, 'second' FROM range(100, 200)")
    sql("ALTER TABLE {t} REPLACE PARTITION FIELD bucket(4, id) WITH truncate(50, id) AS fifty")
    sql("ALTER TABLE {t} ADD PARTITION FIELD name")
    sql("INSERT INTO {t} SELECT id, 'third' FROM range(200, 300)")
    sql("ALTER TABLE {t} DROP PARTITION FIELD name")
    sql("DELETE FROM {t} WHERE id < 50")
    assert len(load().specs()) == 4
    rows = {n: f"n{n}" for n in range(50, 100)} | dict.fromkeys(range(100, 200), "second") | dict.fromkeys(range(200, 300), "third")
    assert {row["id"]: row["name"] for row in contents(load())} == rows
    assert dict(sql("SELECT id, name FROM {t}")) == rows
    sql("INSERT OVERWRITE {t} SELECT id, 'over' FROM range(200, 250)")
    assert {row["id"]: row["name"] for row in contents(load())} == dict.fromkeys(range(200, 250), "over")
    assert load().scan(EqualTo("id", 220)).to_arrow()["name"].to_pylist() == ["over"]


def test_maintenance(spark, lake, sql, load, server, space):
    numbered(sql, MERGE_ON_READ + ", 'write.delete.granularity'='partition'")
    for at in range(5):
        sql(f"INSERT INTO {{t}} VALUES ({1000 + at}, 'more')")
        sql(f"DELETE FROM {{t}} WHERE id = {at}")
    expected = contents(load())
    assert len(expected) == 100 and int(summary(load(), "total-delete-files")) == 5
    assert len(load().inspect.manifests()) > 5
    call = "CALL {lake}.system."
    (rewritten,) = sql(call + "rewrite_position_delete_files(table => '{space}.t', options => map('rewrite-all', 'true'))")
    assert rewritten[0] == 5 and contents(load()) == expected
    sql(call + "rewrite_manifests('{space}.t')")
    assert contents(load()) == expected
    (rewritten,) = sql(call + """rewrite_data_files(table => '{space}.t', strategy => 'sort', sort_order => 'id DESC',
                                 options => map('rewrite-all', 'true', 'remove-dangling-deletes', 'true'))""")
    assert rewritten[0] == 6 and contents(load()) == expected
    assert len(load().inspect.data_files()) == 1 and int(summary(load(), "total-delete-files")) == 0

    def files():
        return {one["name"] for one in server.get(f"/storage/v1/b/lake/o?prefix={space}/t-").json()["items"]}

    before = files()
    (expired,) = sql(call + "expire_snapshots(table => '{space}.t', older_than => TIMESTAMP '2100-01-01', retain_last => 1)")
    assert expired[0] >= 6 and len(before) - len(files()) >= expired[0]
    assert len(load().snapshots()) == 1 and contents(load()) == expected
    # A file that nothing leads to, as a writer that died leaves it.
    folder = load().location().removeprefix("gs://lake/")
    stray = f"{folder}/data/stray.parquet"
    server.request("POST", f"/upload/storage/v1/b/lake/o?uploadType=media&name={stray}", data=b"x").raise_for_status()
    assert sql(call + "remove_orphan_files(table => '{space}.t', prefix_listing => true)") == []
    # By SQL only what is a day old goes.
    removed = spark.remove_orphan_files(f"{lake}.{space}.t", older_than="2100-01-01")
    assert removed == [f"gs://lake/{stray}"] and stray not in files()
    assert contents(load()) == expected


def test_replace_rename_drop(sql, load, catalog, server, space):
    sql("CREATE TABLE {t} AS SELECT id, 'a' AS name FROM range(10)")
    uuid, folder = load().metadata.table_uuid, load().location().removeprefix("gs://lake/")
    sql("CREATE OR REPLACE TABLE {t} PARTITIONED BY (bucket(2, id)) AS SELECT id, id * 2 AS twice FROM range(20)")
    assert load().metadata.table_uuid == uuid and len(load().snapshots()) == 2
    assert contents(load()) == [{"id": n, "twice": 2 * n} for n in range(20)]
    sql("ALTER TABLE {t} RENAME TO {space}.u")
    assert [row[1] for row in sql("SHOW TABLES IN {lake}.{space}")] == ["u"]
    sql("CREATE TABLE {t} (id BIGINT)")
    sql("INSERT INTO {t} VALUES (1)")
    sql("DROP TABLE {t}")
    assert not catalog.table_exists(f"{space}.t")
    assert server.get(f"/storage/v1/b/lake/o?prefix={folder}/").json()["items"]
    sql("DROP TABLE {lake}.{space}.u PURGE")
    assert "items" not in server.get(f"/storage/v1/b/lake/o?prefix={folder}/").json()
    sql("DROP NAMESPACE {lake}.{space}")
    assert (space,) not in catalog.list_namespaces()


def test_time_travel_tags_and_branches(sql, load):
    numbered(sql)
    sql("ALTER TABLE {t} CREATE TAG before RETAIN 7 DAYS")
    first = load().current_snapshot()
    sql("DELETE FROM {t} WHERE id >= 10")
    sql("ALTER TABLE {t} CREATE BRANCH side AS OF VERSION " + str(first.snapshot_id))
    sql("INSERT INTO {t}.branch_side VALUES (500, 'aside')")

    def count(how):
        return sql("SELECT count(*) FROM {t} " + how)[0][0]

    assert count("") == 10 and count(f"VERSION AS OF {first.snapshot_id}") == 100
    assert count("VERSION AS OF 'before'") == 100 and count("VERSION AS OF 'side'") == 101
    at = datetime.datetime.fromtimestamp(first.timestamp_ms / 1000, datetime.UTC)
    assert count(f"TIMESTAMP AS OF '{at:%Y-%m-%d %H:%M:%S.%f}'") == 100
    assert set(load().refs()) == {"main", "before", "side"}
    sql("CALL {lake}.system.fast_forward('{space}.t', 'main', 'main')")
    sql("CALL {lake}.system.rollback_to_snapshot('{space}.t', " + str(first.snapshot_id) + ")")
    assert count("") == 100
    sql("CALL {lake}.system.fast_forward('{space}.t', 'main', 'side')")
    assert count("") == 101 and len(contents(load())) == 101
    sql("ALTER TABLE {t} DROP BRANCH side")
    sql("ALTER TABLE {t} DROP TAG before")
    assert set(load().refs()) == {"main"}


def test_packed_metadata(sql, load):
    numbered(sql, "'write.metadata.compression-codec'='gzip'")
    sql("DELETE FROM {t} WHERE id < 50")
    sql("INSERT INTO {t} VALUES (1000, 'later')")
    assert load().metadata_location.endswith(".gz.metadata.json")
    assert sql("SELECT count(*) FROM {t}") == [(51,)] and len(contents(load())) == 51
    sql("CALL {lake}.system.register_table(table => '{space}.again', metadata_file => '%s')" % load().metadata_location)
    assert len(contents(load("again"))) == 51


def test_format_version_3(sql, load):
    """Deletion vectors, row lineage and default values."""
    numbered(sql, version=3)
    sql("DELETE FROM {t} WHERE id % 10 = 0")
    sql("UPDATE {t} SET name = 'updated' WHERE id = 1")
    sql("INSERT INTO {t} VALUES (100, 'new')")
    assert load().metadata.format_version == 3 and load().metadata.next_row_id >= 101
    expected = {n: f"n{n}" for n in range(100) if n % 10} | {1: "updated", 100: "new"}
    assert {row["id"]: row["name"] for row in contents(load())} == expected
    assert dict(sql("SELECT id, name FROM {t}")) == expected
    assert sql("SELECT DISTINCT file_format FROM {t}.delete_files") == [("PUFFIN",)]
    assert sql("SELECT _row_id FROM {t} WHERE id = 2") == [(2,)]
    sql("CALL {lake}.system.rewrite_data_files(table => '{space}.t', options => map('rewrite-all', 'true'))")
    assert dict(sql("SELECT id, name FROM {t}")) == expected
    assert sql("SELECT _row_id FROM {t} WHERE id = 2") == [(2,)]


def test_where_keys_are_required(spark, start):
    server = start("auth: {required: always}\n")
    token = create_key(server, "token", "engine")["secret"]
    lake = spark.catalog(server.url, token=token)
    spark.sql(f"CREATE NAMESPACE {lake}.n")
    spark.sql(f"CREATE TABLE {lake}.n.t AS SELECT id FROM range(10)")
    spark.sql(f"DELETE FROM {lake}.n.t WHERE id = 3")
    assert spark.sql(f"SELECT count(*) FROM {lake}.n.t") == [(9,)]
    assert load_catalog("c", type="rest", uri=f"{server.url}/iceberg", token=token).load_table(
        "n.t").scan().to_arrow().num_rows == 9
    without = spark.catalog(server.url)
    with pytest.raises(SparkError, match="(?i)authorized"):
        spark.sql(f"SHOW NAMESPACES IN {without}")


def test_filters_on_uuid(sql, server, space):
    """Of a table that has them on both sides of what Java takes for zero. The first would be right, and isn't: see docs/tables.md."""
    uuids = [f"{first}23e4567-e89b-12d3-a456-426614174000" for first in "0179af"]
    lines = "".join(f'{{"id": {n}, "u": "{one}"}}\n' for n, one in enumerate(uuids))
    requests.post(f"{server.url}/api/v1/load/upload", data=lines, timeout=60, params={
        "table": f"{space}.t", "name": "u.jsonl", "schema": "id:long!,u:uuid", "key": "id"}).raise_for_status()
    found = [sql(f"SELECT id FROM {{t}} WHERE u = '{one}'") for one in uuids]
    around = [sql(f"SELECT id FROM {{t}} WHERE concat(u, '') = '{one}'") for one in uuids]
    assert around == [[(n,)] for n in range(len(uuids))]
    if found != around:
        pytest.xfail("Iceberg in Java orders UUIDs by signed halves, Parquet by unsigned bytes")
