"""Tables of which the log tells rows apart by another index than the primary key's."""
import pytest

ROWS = "INSERT INTO t SELECT i, 'k' || i, i * 10, 'row ' || i FROM generate_series(1, 20) i;"
UNIQUE = "CREATE UNIQUE INDEX t_code ON t (code); ALTER TABLE t REPLICA IDENTITY USING INDEX t_code;"
BOTH = "CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, n int, v text);" + UNIQUE + ROWS
ALONE = "CREATE TABLE t (id int, code text NOT NULL, n int, v text);" + UNIQUE + ROWS
# The index has them in another order than the table, and one that isn't of the key.
SEVERAL = ("CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, n int NOT NULL, v text);"
           "CREATE UNIQUE INDEX t_code ON t (n, code) INCLUDE (v); ALTER TABLE t REPLICA IDENTITY USING INDEX t_code;" + ROWS)


@pytest.mark.parametrize("made", [BOTH, ALONE, SEVERAL], ids=["beside a primary key", "without one", "of several columns"])
def test_another_index_tells_rows_apart(copied, made):
    shop = copied(made)
    shop.sql("INSERT INTO t VALUES (30, 'k30', 1, 'new'); UPDATE t SET v = 'changed' WHERE id IN (1, 30); DELETE FROM t WHERE id = 2")
    shop.check(history=False)
    # The primary key alone changes: the log doesn't tell which it was.
    shop.sql("UPDATE t SET id = id + 100 WHERE id IN (3, 4)")
    shop.check(history=False)
    shop.sql("UPDATE t SET code = code || 'x', n = n + 1 WHERE id IN (5, 103)")
    # Both at once, one row in the place of another, and one that goes where one went.
    shop.sql("BEGIN; UPDATE t SET id = 200, code = 'k200' WHERE id = 6; UPDATE t SET id = 6, code = 'k6' WHERE id = 7; DELETE FROM t WHERE id = 8;"
             "INSERT INTO t VALUES (8, 'k8', 80, 'again'); UPDATE t SET code = 'k8x' WHERE id = 8; DELETE FROM t WHERE code = 'k9'; COMMIT")
    shop.check(history=False)
    shop.sql("DELETE FROM t WHERE id > 10")
    shop.server.restart()
    shop.sql("UPDATE t SET v = NULL; DELETE FROM t WHERE id = 1")
    shop.check(history=False)
    # Each row of the history has what tells it apart, deleted ones too.
    assert shop.rows("SELECT count(*) FROM raw_shop.t__changes WHERE op = 'd' AND code IS NULL") == [["0"]]


def test_large_values_stay_under_another_index(copied):
    shop = copied("CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, n int, v text); ALTER TABLE t ALTER v SET STORAGE EXTERNAL;" + UNIQUE
                  + "INSERT INTO t SELECT i, 'k' || i, i, repeat(md5(i::text), 200) FROM generate_series(1, 5) i")
    shop.sql("UPDATE t SET n = 0 WHERE id = 1; UPDATE t SET id = 20 WHERE id = 2; UPDATE t SET code = 'other' WHERE id = 3;"
             "BEGIN; UPDATE t SET code = 'k4x' WHERE id = 4; UPDATE t SET id = 40 WHERE id = 4; UPDATE t SET n = 9 WHERE id = 40; COMMIT")
    shop.check(history=False)
    assert shop.rows("SELECT count(*) FROM raw_shop.t WHERE length(v) = 6400") == [["5"]]


@pytest.mark.parametrize("identity", ["USING INDEX t_code", "FULL"])
def test_the_identity_is_another_one_later(copied, identity):
    shop = copied("CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, n int, v text); CREATE UNIQUE INDEX t_code ON t (code);" + ROWS)
    shop.sql("UPDATE t SET v = 'before' WHERE id = 1")
    shop.sql(f"ALTER TABLE t REPLICA IDENTITY {identity}")
    shop.sql("UPDATE t SET v = 'by the other' WHERE id = 2; DELETE FROM t WHERE id = 3; UPDATE t SET id = 40 WHERE id = 4; UPDATE t SET code = 'k5x' WHERE id = 5")
    shop.check(history=False)
    shop.sql("ALTER TABLE t REPLICA IDENTITY DEFAULT")
    shop.sql("UPDATE t SET v = 'as before' WHERE id = 6; DELETE FROM t WHERE id = 40; UPDATE t SET id = 70 WHERE id = 7; UPDATE t SET code = 'k8x' WHERE id = 8")
    shop.check(history=False)
