"""Large transactions come while they run (PostgreSQL 14 and later), and count when they are committed; prepared ones likewise. The
server of these tests sends those of more than 64 kB so."""
import pytest

TABLES = ("CREATE TABLE big (id int PRIMARY KEY, n int, v text); CREATE TABLE small (id int PRIMARY KEY, v text);"
          "INSERT INTO big VALUES (-1, 0, 'old'), (-2, 0, 'old too');")
ROWS = "INSERT INTO big SELECT i, i, repeat('x', 100) FROM generate_series({}, {}) i"


@pytest.fixture
def streams(needs):
    needs(14, "transactions that come before they end")


def came(shop, least):
    """Until so much of transactions in progress has come."""
    return shop.until(lambda status: status["in_progress_bytes"] >= least, f"less than {least} bytes came")


def test_others_go_on_while_a_large_transaction_runs(copied, streams):
    shop = copied(TABLES)
    with shop.session() as first, shop.session() as second:
        first("BEGIN; " + ROWS.format(1, 30_000))
        came(shop, 30_000 * 100)
        second("BEGIN; " + ROWS.format(100_001, 110_000) + "; INSERT INTO small VALUES (2, 'of the second')")
        came(shop, 40_000 * 100)
        shop.sql("INSERT INTO small VALUES (1, 'between')")
        shop.until(lambda _: shop.rows("SELECT id FROM raw_shop.small") == [[1]], "the small one waits for the large ones")
        assert shop.rows("SELECT count(*) FROM raw_shop.big") == [["2"]]
        first("UPDATE big SET n = n + 1 WHERE id % 3 = 0; DELETE FROM big WHERE id % 7 = 0; INSERT INTO small VALUES (3, 'of the first')")
        second("UPDATE big SET id = -id WHERE id = 100001; COMMIT")
        shop.until(lambda _: len(shop.rows("SELECT id FROM raw_shop.small")) == 2, "the second isn't here")
        first("COMMIT")
    histories = shop.check()
    assert shop.status()["in_progress_bytes"] == 0
    assert int(shop.sql("SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = '" + shop.slot + "'")[0][0]) >= 2
    assert len(histories["big"]) > 40_000


def test_half_of_many_savepoints_is_rolled_back(copied):
    shop = copied("CREATE TABLE big (id int PRIMARY KEY, v text)")
    shop.sql("DO $$ BEGIN FOR i IN 1..50000 LOOP BEGIN INSERT INTO big VALUES (i, 'row ' || i); IF i % 2 = 0 THEN RAISE EXCEPTION 'no'; END IF; "
             "EXCEPTION WHEN raise_exception THEN NULL; END; END LOOP; END $$")
    histories = shop.check()
    assert len(histories["big"]) == 25_000
    assert all(int(change.row["id"]) % 2 == 1 for change in histories["big"])


def test_savepoints_within_savepoints(copied):
    shop = copied(TABLES)
    shop.sql("BEGIN; " + "; ".join([
        ROWS.format(1, 2000), "SAVEPOINT a", ROWS.format(2001, 4000), "SAVEPOINT b", ROWS.format(4001, 6000), "UPDATE big SET v = 'b' WHERE id < 100",
        "ROLLBACK TO b", "UPDATE big SET n = 0 WHERE id BETWEEN 2500 AND 2600", "RELEASE a", "SAVEPOINT c", "DELETE FROM big", "TRUNCATE small",
        "ROLLBACK TO c", "INSERT INTO small VALUES (1, 'c')", "SAVEPOINT d", "ALTER TABLE big ADD COLUMN no int", ROWS.format(6001, 8000),
        "ROLLBACK TO d", ROWS.format(8001, 10_000)]) + "; COMMIT")
    assert len(shop.check()["big"]) == 2 + 2000 + 2000 + 101 + 2000
    shop.sql("BEGIN; " + ROWS.format(20_001, 30_000) + "; INSERT INTO small VALUES (2, 'never'); ROLLBACK; INSERT INTO small VALUES (3, 'd')")
    assert [change.row["id"] for change in shop.check()["small"]] == ["1", "3"]


def test_columns_change_within_a_large_transaction(copied):
    shop = copied(TABLES)
    shop.sql("BEGIN; " + ROWS.format(1, 3000) + "; ALTER TABLE big ADD COLUMN w int; UPDATE big SET w = id WHERE id % 2 = 0;"
             "INSERT INTO big SELECT i, i, 'y', i FROM generate_series(3001, 6000) i; ALTER TABLE big DROP COLUMN v;"
             "INSERT INTO big SELECT i, i, i FROM generate_series(6001, 9000) i; COMMIT")
    shop.check(history=False)
    shop.sql("UPDATE big SET n = -n; INSERT INTO big VALUES (10001, 1, 1)")
    shop.check(history=False)


def test_a_large_transaction_empties_tables_and_leaves_large_values(copied):
    shop = copied("CREATE TABLE big (id int PRIMARY KEY, n int, v text); ALTER TABLE big ALTER v SET STORAGE EXTERNAL; CREATE TABLE small (id int PRIMARY KEY);"
                  "CREATE TABLE whole (LIKE big INCLUDING ALL); ALTER TABLE whole REPLICA IDENTITY FULL;"
                  "INSERT INTO big SELECT i, 0, repeat(md5(i::text), 200) FROM generate_series(1, 300) i; INSERT INTO whole SELECT * FROM big;"
                  "INSERT INTO small VALUES (1)")
    shop.sql("BEGIN; UPDATE big SET n = 1; UPDATE whole SET n = 1; TRUNCATE small; INSERT INTO small SELECT generate_series(2, 3000); UPDATE big SET n = n + 1;"
             "UPDATE big SET id = id + 1000 WHERE id > 200; INSERT INTO big SELECT i, 0, repeat(md5(i::text), 200) FROM generate_series(2001, 2100) i;"
             "UPDATE big SET n = 7 WHERE id > 2000; COMMIT")
    histories = shop.check()
    assert any(change.unchanged for change in histories["big"])
    shop.sql("BEGIN; INSERT INTO small SELECT generate_series(10001, 20000); TRUNCATE small, big; INSERT INTO small VALUES (5); COMMIT")
    shop.check()
    assert shop.rows("SELECT id FROM raw_shop.small") == [[5]]


def test_it_is_killed_while_a_large_transaction_runs(copied, streams):
    shop = copied(TABLES)
    with shop.session() as session:
        session("BEGIN; " + ROWS.format(1, 200_000))
        came(shop, 20_000_000)  # more than is kept in memory
        shop.sql("INSERT INTO small VALUES (1, 'before')")
        shop.until(lambda _: shop.rows("SELECT id FROM raw_shop.small") == [[1]], "the small one waits")
        shop.server.kill()
        session("SAVEPOINT s; DELETE FROM big; ROLLBACK TO s; " + ROWS.format(200_001, 210_000))
        shop.server.start()
        came(shop, 21_000_000)
        shop.sql("INSERT INTO small VALUES (2, 'after')")
        shop.until(lambda _: len(shop.rows("SELECT id FROM raw_shop.small")) == 2, "the small one waits")
        session("COMMIT")
    shop.server.kill()
    shop.server.start()
    histories = shop.check()
    assert len(histories["big"]) == 2 + 210_000


def test_the_source_ends_at_once_while_a_large_transaction_runs(copied, copied_postgres, streams):
    shop = copied(TABLES)
    with shop.session() as session:
        session("BEGIN; " + ROWS.format(1, 20_000))
        came(shop, 2_000_000)
        port = copied_postgres.port
        copied_postgres.stop()
        shop.until(lambda status: status["state"] == "retrying", "noticed nothing")
        copied_postgres.start(port=port)
    shop.sql("INSERT INTO big VALUES (1, 1, 'new')")
    assert len(shop.check()["big"]) == 3


@pytest.mark.parametrize("rows", [3, 5000])
def test_prepared_transactions(copied, rows):
    shop = copied(TABLES)
    for name, first in (("one", 1), ("two", 10_001), ("three", 20_001)):
        shop.sql(f"BEGIN; {ROWS.format(first, first + rows - 1)}; UPDATE big SET n = 5 WHERE id = {first}; PREPARE TRANSACTION '{shop.slot}_{name}'")
    shop.sql("INSERT INTO small VALUES (1, 'between')")
    shop.until(lambda _: shop.rows("SELECT id FROM raw_shop.small") == [[1]], "what isn't prepared waits")
    assert shop.rows("SELECT count(*) FROM raw_shop.big") == [["2"]]
    shop.sql(f"COMMIT PREPARED '{shop.slot}_one'")
    shop.check()
    shop.server.restart()
    shop.sql(f"ROLLBACK PREPARED '{shop.slot}_two'")
    shop.sql("INSERT INTO small VALUES (2, 'then')")
    shop.server.kill()
    shop.sql(f"COMMIT PREPARED '{shop.slot}_three'")
    shop.server.start()
    histories = shop.check()
    assert len(histories["big"]) == 2 + 2 * (rows + 1)
    assert not any(10_000 < int(change.row["id"]) < 20_000 for change in histories["big"])
