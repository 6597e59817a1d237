"""What transactions of a source do to rows arrives here: whole, once, in order."""
import threading

import pytest

KEYED = "CREATE TABLE t (id int PRIMARY KEY, n int, v text); INSERT INTO t VALUES (1, 10, 'one'), (2, 20, NULL);"
LONG = "repeat(md5('{}'), 200)"


def transaction(*statements):
    return "BEGIN; " + "; ".join(statements) + "; COMMIT"


def test_rows_are_read_then_inserted_updated_and_deleted(copied):
    shop = copied(KEYED)
    assert shop.ops("raw_shop.t") == "rr"
    shop.sql("INSERT INTO t VALUES (3, 30, 'three')")
    shop.sql("UPDATE t SET v = 'two', n = n + 1 WHERE id = 2")
    shop.sql("DELETE FROM t WHERE id = 1")
    shop.sql("INSERT INTO t VALUES (1, 11, 'one again')")
    histories = shop.check()
    assert "".join(change.op for change in histories["t"]) == "rrcudc"
    assert histories["t"][0].committed_at is None and histories["t"][-1].committed_at is not None


def test_a_transaction_is_visible_in_all_tables_at_once(copied):
    shop = copied("CREATE TABLE a (id int PRIMARY KEY, balance bigint); CREATE TABLE b (id int PRIMARY KEY, balance bigint);"
                  "INSERT INTO a SELECT i, 100 FROM generate_series(1, 5) i; INSERT INTO b SELECT i, 100 FROM generate_series(1, 5) i")
    sums, done = set(), threading.Event()

    def ask():
        while not done.is_set():
            [[total]] = shop.rows("SELECT (SELECT sum(balance) FROM raw_shop.a) + (SELECT sum(balance) FROM raw_shop.b)")
            sums.add(int(total))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for i in range(40):
            shop.sql(transaction(f"UPDATE a SET balance = balance - 7 WHERE id = {i % 5 + 1}",
                                 f"UPDATE b SET balance = balance + 7 WHERE id = {i % 5 + 1}"))
        shop.check()
    finally:
        done.set()
        asking.join()
    assert sums == {1000}


def test_what_is_rolled_back_never_comes(copied):
    shop = copied(KEYED)
    shop.sql("BEGIN; INSERT INTO t VALUES (5, 5, 'never'); ROLLBACK")
    shop.sql(transaction("INSERT INTO t VALUES (10, 0, 'kept')", "SAVEPOINT s", "INSERT INTO t VALUES (11, 0, 'gone')",
                         "UPDATE t SET n = 99 WHERE id = 1", "ROLLBACK TO s", "INSERT INTO t VALUES (12, 0, 'kept too')",
                         "SAVEPOINT s2", "INSERT INTO t VALUES (13, 0, 'released')", "RELEASE s2"))
    histories = shop.check()
    assert [change.row["id"] for change in histories["t"]] == ["1", "2", "10", "12", "13"]


def test_keys_are_swapped(copied):
    shop = copied("CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text); ALTER TABLE t REPLICA IDENTITY FULL;"
                  "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    shop.sql("UPDATE t SET id = 3 - id")
    shop.check()


def test_keys_are_changed(copied):
    shop = copied("CREATE TABLE u (id int PRIMARY KEY, v text); INSERT INTO u VALUES (1, 'a'), (2, 'b')")
    shop.sql("UPDATE u SET id = id + 10, v = v || '!'")
    shop.sql(transaction("UPDATE u SET id = 100 WHERE id = 11", "UPDATE u SET id = 101 WHERE id = 100", "INSERT INTO u VALUES (11, 'new')",
                         "UPDATE u SET id = 1000 WHERE id = 11", "DELETE FROM u WHERE id = 1000"))
    shop.check()
    shop.sql(transaction("UPDATE u SET id = 5 WHERE id = 101", "INSERT INTO u VALUES (101, 'another')", "DELETE FROM u WHERE id = 5"))
    shop.check()


def test_tables_are_emptied(copied):
    shop = copied(KEYED + "CREATE TABLE lines (id int PRIMARY KEY, t int REFERENCES t); INSERT INTO lines VALUES (1, 1);"
                          "CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)")
    shop.sql("TRUNCATE other")
    shop.check()
    shop.sql(transaction("INSERT INTO t VALUES (7, 7, 'goes')", "UPDATE t SET n = 0 WHERE id = 1", "TRUNCATE t RESTART IDENTITY CASCADE",
                         "INSERT INTO t VALUES (8, 8, 'stays')", "INSERT INTO lines VALUES (1, 8)", "INSERT INTO other VALUES (2)"))
    histories = shop.check()
    assert "".join(change.op for change in histories["t"]) == "rrcutc"
    shop.sql(transaction("INSERT INTO other VALUES (3)", "TRUNCATE other", "INSERT INTO other VALUES (4)", "TRUNCATE other",
                         "INSERT INTO other VALUES (5)"))
    shop.sql("TRUNCATE other; INSERT INTO other VALUES (6)")
    shop.check()
    assert shop.rows("SELECT id FROM raw_shop.other") == [[6]]


def test_values_that_the_source_does_not_send_again_stay(copied):
    shop = copied("CREATE TABLE t (id int PRIMARY KEY, n int, v text, w text); ALTER TABLE t ALTER v SET STORAGE EXTERNAL;"
                  "CREATE TABLE f (LIKE t INCLUDING ALL); ALTER TABLE f REPLICA IDENTITY FULL;"
                  f"INSERT INTO t SELECT i, 0, {LONG.format('a')} || i, {LONG.format('b')} FROM generate_series(1, 6) i;"
                  "INSERT INTO f SELECT * FROM t")
    for table in ("t", "f"):
        shop.sql(f"UPDATE {table} SET n = 1 WHERE id = 1")
        # Several of one row, in one transaction: the value is of the one before, or of what is there.
        shop.sql(transaction(f"UPDATE {table} SET n = 2 WHERE id = 2", f"UPDATE {table} SET v = {LONG.format('c')} WHERE id = 2",
                             f"UPDATE {table} SET n = 3 WHERE id = 2", f"UPDATE {table} SET n = 4 WHERE id = 2"))
        shop.sql(transaction(f"INSERT INTO {table} VALUES (20, 0, {LONG.format('d')}, NULL)", f"UPDATE {table} SET n = 1 WHERE id = 20"))
        # With the key.
        shop.sql(f"UPDATE {table} SET id = 30 WHERE id = 3")
        shop.sql(transaction(f"UPDATE {table} SET id = 40 WHERE id = 4", f"UPDATE {table} SET n = 9 WHERE id = 40",
                             f"UPDATE {table} SET id = 41 WHERE id = 40"))
        shop.sql(transaction(f"DELETE FROM {table} WHERE id = 5", f"INSERT INTO {table} VALUES (5, 5, {LONG.format('e')}, 'short')",
                             f"UPDATE {table} SET n = 6 WHERE id = 5"))
        shop.sql(f"UPDATE {table} SET v = NULL WHERE id = 6")
    histories = shop.check()
    assert any(change.unchanged for change in histories["t"])


def test_many_changes_of_one_transaction(copied):
    shop = copied(KEYED)
    shop.sql(transaction("INSERT INTO t SELECT i, i, 'x' || i FROM generate_series(100, 20000) i", "UPDATE t SET n = n + 1 WHERE id % 3 = 0",
                         "DELETE FROM t WHERE id % 7 = 0", "UPDATE t SET id = -id WHERE id % 11 = 0"))
    shop.check()


def test_keys_of_several_columns_and_of_text(copied):
    shop = copied("CREATE TABLE c (b text, n int, a bigint, PRIMARY KEY (a, b)); CREATE TABLE x (k text PRIMARY KEY, v int);"
                  "CREATE TABLE d (k numeric(10,2), t timestamptz, v int, PRIMARY KEY (t, k));"
                  "INSERT INTO c VALUES ('one', 1, 1), ('two', 2, 1); INSERT INTO x VALUES ('', 0), ('Ä', 1), ('a', 2), ('A', 3);"
                  "INSERT INTO d VALUES (1.50, '2024-02-29 12:00+02', 1)")
    shop.sql("INSERT INTO c VALUES ('one', 3, 2); UPDATE c SET n = 5 WHERE a = 1 AND b = 'two'; UPDATE c SET b = 'three' WHERE a = 1 AND b = 'one';"
             "DELETE FROM c WHERE a = 2")
    shop.sql("UPDATE x SET v = v + 10; UPDATE x SET k = k || 'x' WHERE k IN ('', 'A'); DELETE FROM x WHERE k = 'Ä'")
    shop.sql("UPDATE d SET v = 2; UPDATE d SET k = 2.5; INSERT INTO d VALUES (1.5, '2024-02-29 10:00+00', 9)")
    shop.check()


def test_a_value_of_twenty_megabytes(copied):
    shop = copied("CREATE TABLE big (id int PRIMARY KEY, n int, v text); ALTER TABLE big ALTER v SET STORAGE EXTERNAL;"
                  "INSERT INTO big SELECT 1, 0, string_agg(md5(i::text), '') FROM generate_series(1, 655360) i")
    shop.sql("INSERT INTO big SELECT 2, 0, string_agg(md5(i::text), '') FROM generate_series(5, 655364) i")
    shop.sql("UPDATE big SET n = 1")
    shop.wait()
    there = shop.sql("SELECT id, n, length(v), md5(v) FROM big ORDER BY id")
    here = shop.rows("SELECT id::varchar, n::varchar, length(v)::varchar, md5(v) FROM raw_shop.big ORDER BY id")
    assert here == there and here[0][2] == "20971520"


def test_numbers_that_are_none_and_times_without_end(copied, needs):
    needs(14, "infinite numeric values")
    shop = copied("CREATE TABLE t (id int PRIMARY KEY, f float8, n numeric, d date, p numeric(8,2));"
                  "CREATE TABLE k (f float8, d date, v int, PRIMARY KEY (f, d)); CREATE TABLE m (n numeric PRIMARY KEY, v int);"
                  "INSERT INTO t VALUES (1, 'NaN', 'NaN', 'infinity', 'NaN'), (2, '-Infinity', '-Infinity', '-infinity', 1);"
                  "INSERT INTO k VALUES ('NaN', 'infinity', 1), ('Infinity', '-infinity', 2), (1.5, '2024-01-01', 3);"
                  "INSERT INTO m VALUES ('NaN', 1), ('Infinity', 2), (1.5, 3)")
    shop.check()
    shop.sql("INSERT INTO t SELECT id + 2, f, n, d, p FROM t; UPDATE t SET f = 1, n = 'Infinity' WHERE id = 1; UPDATE t SET d = '2024-01-01', n = 0 WHERE id = 2")
    shop.sql("UPDATE k SET v = v + 10; UPDATE k SET d = '-infinity' WHERE f = 'NaN'; DELETE FROM k WHERE f = 'Infinity'; INSERT INTO k VALUES ('-Infinity', 'infinity', 5)")
    shop.sql("UPDATE m SET v = 7 WHERE n = 'NaN'; UPDATE m SET n = '-Infinity' WHERE n = 'Infinity'; DELETE FROM m WHERE n = 1.5; INSERT INTO m VALUES ('Infinity', 9)")
    shop.check()


def test_a_table_without_a_key_is_appended_to(copied):
    shop = copied("CREATE TABLE l (n int, v text); INSERT INTO l VALUES (1, 'a'), (1, 'a'); ALTER TABLE l REPLICA IDENTITY FULL")
    shop.sql("INSERT INTO l VALUES (1, 'a'), (2, NULL); INSERT INTO l VALUES (2, NULL)")
    shop.check()
    shop.sql("TRUNCATE l; INSERT INTO l VALUES (3, 'c')")
    shop.check()
