"""What happens to a source's tables: columns that come, go and change, tables that are dropped, made anew, added."""
import pytest

KEYED = "CREATE TABLE t (id int PRIMARY KEY, n int, v text); INSERT INTO t VALUES (1, 10, 'one'), (2, 20, NULL);"


@pytest.mark.parametrize(("change", "rows"), [
    ("ADD COLUMN added text", "INSERT INTO t (id, added) VALUES (3, 'new')"),
    ("ADD COLUMN added int DEFAULT 7", "INSERT INTO t (id) VALUES (3); UPDATE t SET added = 8 WHERE id = 1"),
    ("ADD COLUMN added int DEFAULT (random() * 1000)", "INSERT INTO t (id) VALUES (3)"),
    ("ADD COLUMN added int NOT NULL DEFAULT 7", "DELETE FROM t WHERE id = 1"),
    ("DROP COLUMN v", "INSERT INTO t VALUES (3, 30); UPDATE t SET n = 11 WHERE id = 1"),
    ("RENAME COLUMN v TO w", "INSERT INTO t VALUES (3, 30, 'three')"),
    ("RENAME COLUMN id TO number", "UPDATE t SET n = 0 WHERE number = 2"),
    ("ALTER COLUMN n TYPE bigint", "INSERT INTO t VALUES (3, 5000000000, 'three')"),
    ("ALTER COLUMN n TYPE text", "INSERT INTO t VALUES (3, 'thirty', 'three')"),
    ("ALTER COLUMN n TYPE numeric(12,2)", "UPDATE t SET n = 1.25 WHERE id = 1"),
    ("ALTER COLUMN id TYPE bigint", "UPDATE t SET n = 3 WHERE id = 1; INSERT INTO t VALUES (5000000000, 1, 'far')"),
    ("DROP COLUMN v, ADD COLUMN v int DEFAULT 3", "INSERT INTO t (id, v) VALUES (3, 4)"),
    ("DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id)", "UPDATE t SET n = 3 WHERE id = 1"),
], ids=lambda value: value.split("(id")[0][:40] if value[:6] not in ("INSERT", "UPDATE", "DELETE") else "")
def test_a_table_is_altered(copied, change, rows):
    shop = copied(KEYED)
    shop.sql("INSERT INTO t VALUES (50, 5, 'before')")
    shop.sql(f"ALTER TABLE t {change}")
    shop.sql(rows)
    # Its replica is what the source is; what its history had of other columns isn't told again.
    shop.check(history=False)
    shop.sql("UPDATE t SET n = NULL; DELETE FROM t WHERE n IS NULL AND id = 2" if "number" not in change else "DELETE FROM t")
    shop.check(history=False)


def test_columns_change_within_a_transaction(copied):
    shop = copied("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'a')")
    shop.sql("BEGIN; INSERT INTO t VALUES (2, 'b'); ALTER TABLE t ADD COLUMN b int DEFAULT 7; INSERT INTO t VALUES (3, 'c', 8);"
             "ALTER TABLE t DROP COLUMN a; INSERT INTO t VALUES (4, 9); COMMIT")
    shop.check(history=False)
    shop.sql("UPDATE t SET b = b + 1")
    shop.check(history=False)


def test_columns_change_while_the_server_is_down(copied):
    shop = copied(KEYED)
    shop.server.kill()
    shop.sql("INSERT INTO t VALUES (3, 30, 'three')")
    shop.sql("ALTER TABLE t RENAME COLUMN v TO w; ALTER TABLE t ADD COLUMN x int DEFAULT 5")
    shop.sql("UPDATE t SET w = 'changed' WHERE id = 1")
    shop.server.start()
    shop.check(history=False)


def test_a_table_is_dropped(copied):
    shop = copied(KEYED + "CREATE TABLE u (id int PRIMARY KEY)")
    shop.sql("DROP TABLE t")
    shop.sql("INSERT INTO u VALUES (1)")
    shop.check()
    # What was copied of it stays.
    assert len(shop.rows("SELECT * FROM raw_shop.t")) == 2


def test_a_table_is_dropped_and_made_anew(copied):
    shop = copied(KEYED)
    shop.sql("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, n int, v text); INSERT INTO t VALUES (7, 70, 'other')")
    shop.until(lambda status: status["tables"][0]["incarnation"] == 2, "not read anew")
    shop.check()
    shop.sql("DELETE FROM t; INSERT INTO t VALUES (8, 80, 'again')")
    shop.check()


def test_a_table_is_made_anew_with_another_key(copied):
    shop = copied(KEYED + "CREATE TABLE u (id int PRIMARY KEY)")
    shop.sql("DROP TABLE t; CREATE TABLE t (k text PRIMARY KEY, n bigint); INSERT INTO t VALUES ('seven', 70)")
    shop.sql("INSERT INTO u VALUES (1)")
    shop.until(lambda status: status["tables"][0]["incarnation"] == 2, "not read anew")
    shop.check(read_anew=True)


def test_a_table_gets_another_key(copied):
    shop = copied(KEYED)
    shop.sql("UPDATE t SET v = 'text ' || id")
    shop.sql("ALTER TABLE t DROP CONSTRAINT t_pkey, ALTER v SET NOT NULL, ADD PRIMARY KEY (v)")
    shop.sql("UPDATE t SET n = n + 1")
    shop.until(lambda status: status["tables"][0]["incarnation"] == 2, "not read anew")
    shop.check(history=False)  # which tells its rows apart by the key of before
    assert shop.ops("raw_shop.t").endswith("trr")


def test_tables_are_added_to_a_publication_of_all(copied):
    shop = copied(KEYED)
    shop.sql("CREATE TABLE later (id int PRIMARY KEY, v text); INSERT INTO later VALUES (1, 'first')")
    shop.sql("INSERT INTO later VALUES (2, 'second')")
    shop.wait_for_table("public.later")
    shop.sql("UPDATE later SET v = 'third' WHERE id = 1")
    shop.check()


def test_tables_are_added_to_a_publication_of_caudals_own(copied):
    shop = copied(KEYED, publication=None)
    shop.sql("CREATE TABLE later (id int PRIMARY KEY, v text); INSERT INTO later VALUES (1, 'first')")
    shop.sql("UPDATE t SET n = 5")
    shop.wait_for_table("public.later")
    shop.sql("UPDATE later SET v = 'second'; INSERT INTO later VALUES (3, 'third')")
    shop.check()


PARTITIONED = """CREATE TABLE p (id int, day date, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE p2 (v text, day date NOT NULL, id int NOT NULL, PRIMARY KEY (id, day));
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO p VALUES (1, '2024-01-05', 'a'), (2, '2024-02-05', 'b')"""


@pytest.mark.parametrize("publication", [None, "FOR ALL TABLES"])
def test_a_partitioned_table_is_one(copied, needs, publication):
    needs(13, "changes of partitions as their table's")
    shop = copied(PARTITIONED, publication=publication)
    shop.sql("INSERT INTO p VALUES (3, '2024-01-06', 'c'), (4, '2024-02-06', 'd'); UPDATE p SET v = 'bb' WHERE id = 2;"
             "UPDATE p SET day = '2024-02-07' WHERE id = 1; DELETE FROM p WHERE id = 3")
    assert [table["name"] for table in shop.status()["tables"]] == ["p"]
    shop.check()
    shop.sql("CREATE TABLE p3 PARTITION OF p FOR VALUES FROM ('2024-03-01') TO ('2024-04-01'); INSERT INTO p VALUES (9, '2024-03-03', 'late')")
    shop.check()


def test_a_publication_of_partitions_is_refused(copied, needs):
    needs(13, "changes of partitions as their table's")
    shop = copied(PARTITIONED, publication="FOR ALL TABLES WITH (publish_via_partition_root = false)", wait=False)
    status = shop.until(lambda status: status["state"] == "stopped", "isn't stopped")
    assert status["error"]["code"] == "postgres.check.publish_via_partition_root"
    shop.sql(status["error"]["remedy"].partition(": ")[2])
    shop.server.cli("sources", "restart", "shop")
    shop.check()


def test_generated_columns_are_left_out(copied):
    shop = copied("CREATE TABLE g (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED); INSERT INTO g VALUES (1, 4)")
    shop.sql("INSERT INTO g VALUES (2, 5); UPDATE g SET n = 6 WHERE id = 1")
    shop.check()
    names, _ = shop.query("SELECT * FROM raw_shop.g")
    assert names == ["id", "n", "_caudal"]


def test_generated_columns_are_left_out_of_a_publication_that_has_them(copied, needs):
    needs(18, "virtual columns, and generated ones in a publication")
    shop = copied("CREATE TABLE g (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED, thrice int GENERATED ALWAYS AS (n * 3) VIRTUAL);"
                  "INSERT INTO g VALUES (1, 4)", publication="FOR ALL TABLES WITH (publish_generated_columns = stored)")
    shop.sql("INSERT INTO g VALUES (2, 5); UPDATE g SET n = 6 WHERE id = 1; DELETE FROM g WHERE id = 2")
    shop.check()
    names, _ = shop.query("SELECT * FROM raw_shop.g")
    assert names == ["id", "n", "_caudal"]


ODD = ["Select", 'with "quotes" in it', "a.b", "it's", "täglich ñ 雪", "trailing ", "%2F", "x" * 63]


def test_odd_names(copied):
    made = "".join('CREATE TABLE "{0}"."{0}" ("{0}" int PRIMARY KEY, "{0}x" text); INSERT INTO "{0}"."{0}" VALUES (1, \'a\');'.format(
        name.replace('"', '""')) if len(name) < 63 else f'CREATE TABLE "{name}" ("{name}" int PRIMARY KEY);' for name in ODD)
    schemas = "".join('CREATE SCHEMA "{}";'.format(name.replace('"', '""')) for name in ODD if len(name) < 63)
    shop = copied(schemas + made)
    for name in ODD[:-1]:
        quoted = name.replace('"', '""')
        shop.sql(f'INSERT INTO "{quoted}"."{quoted}" VALUES (2, \'b\'); UPDATE "{quoted}"."{quoted}" SET "{quoted}" = 3 WHERE "{quoted}" = 1')
    assert len(shop.status()["tables"]) == len(ODD)
    shop.check()


def test_names_that_differ_in_case_alone(copied):
    shop = copied('CREATE TABLE c (id int PRIMARY KEY, v text, "V" int, "Id" int, op text, before text, _caudal int);'
                  "INSERT INTO c VALUES (1, 'a', 2, 3, 'x', 'y', 4)")
    shop.sql("""UPDATE c SET "V" = 5, v = 'b', op = 'z'; INSERT INTO c VALUES (2, 'c', 6, 7, NULL, NULL, NULL)""")
    shop.check()


def test_a_table_without_columns(copied):
    shop = copied("CREATE TABLE z (); INSERT INTO z DEFAULT VALUES; ALTER TABLE z REPLICA IDENTITY FULL; CREATE TABLE u (id int PRIMARY KEY)")
    shop.sql("INSERT INTO z DEFAULT VALUES; INSERT INTO u VALUES (1)")
    shop.wait()
    assert len(shop.rows("SELECT * FROM raw_shop.z")) == 2
