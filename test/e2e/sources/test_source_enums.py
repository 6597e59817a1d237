"""Types of a source that change while it is copied."""


def test_a_value_is_added_to_an_enum(copied):
    shop = copied("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, 'sad');"
                  "CREATE TABLE k (m mood PRIMARY KEY, n int); INSERT INTO k VALUES ('ok', 1); CREATE TABLE l (id int PRIMARY KEY, l mood[])")
    shop.sql("INSERT INTO t VALUES (2, 'ok'); INSERT INTO l VALUES (1, '{ok,sad}')")
    shop.sql("ALTER TYPE mood ADD VALUE 'very \"glad\"' BEFORE 'ok'")
    shop.sql("INSERT INTO t VALUES (3, 'very \"glad\"'); UPDATE t SET m = 'very \"glad\"' WHERE id = 1; UPDATE k SET m = 'very \"glad\"';"
             "INSERT INTO l VALUES (2, ARRAY['very \"glad\"', NULL, 'sad']::mood[])")
    shop.wait()
    assert shop.rows("SELECT l FROM raw_shop.l ORDER BY id") == [[["ok", "sad"]], [['very "glad"', None, "sad"]]]
    shop.sql("TRUNCATE l")
    shop.check()
    assert shop.rows("SELECT m FROM raw_shop.k") == [['very "glad"']]
    # While it is down.
    shop.server.stop()
    shop.sql("ALTER TYPE mood ADD VALUE 'calm'")
    shop.sql("INSERT INTO t VALUES (4, 'calm'); UPDATE k SET n = 2; INSERT INTO k VALUES ('calm', 3)")
    shop.server.start()
    shop.check()
    assert {table["incarnation"] for table in shop.status()["tables"]} == {1}, "read anew"


def test_a_domain_lets_more_through(copied):
    shop = copied("CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE TABLE t (id int PRIMARY KEY, s small); INSERT INTO t VALUES (1, 1)")
    shop.sql("ALTER DOMAIN small DROP CONSTRAINT small_check; INSERT INTO t VALUES (2, 1000); UPDATE t SET s = 77 WHERE id = 1")
    shop.check()


def test_an_attribute_is_added_to_a_composite_type(copied):
    shop = copied("CREATE TYPE pair AS (a int, b text); CREATE TABLE c (id int PRIMARY KEY, p pair); INSERT INTO c VALUES (1, '(1,one)'), (2, '(2,two)')")
    shop.sql("ALTER TYPE pair ADD ATTRIBUTE c int")
    shop.sql("INSERT INTO c VALUES (3, '(3,three,33)'); UPDATE c SET p = '(1,uno,11)' WHERE id = 1")
    shop.wait()
    shop.until(lambda _: len(shop.rows("SELECT id FROM raw_shop.c")) == 3, "not all rows are there")
    said = {row[0]: str(row[1:]) for row in shop.rows("SELECT id, p, _caudal FROM raw_shop.c")}
    assert "uno" in said[1] and "11" in said[1] and "two" in said[2] and "33" in said[3], said
