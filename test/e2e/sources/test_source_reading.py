"""What queries see while tables are read, for the first time or anew: never a part of one."""
import json
import threading
import time

import pytest

BIG = 200_000
# The rows of both tables have one sum, whatever is moved between them.
PAIR = f"""CREATE TABLE big (id int PRIMARY KEY, n bigint NOT NULL, v text);
CREATE TABLE other (id int PRIMARY KEY, n bigint NOT NULL);
INSERT INTO big SELECT i, 10, md5(i::text) FROM generate_series(1, {BIG}) i;
INSERT INTO other SELECT i, 10 FROM generate_series(1, 1000) i;"""
SUM = 10 * (BIG + 1000)
MOVE = "UPDATE big SET n = n - {0} WHERE id = {1}; UPDATE other SET n = n + {0} WHERE id = {1};"
SEEN = """SELECT (SELECT count(*) FROM raw_shop.big), (SELECT count(*) FROM raw_shop.other),
    (SELECT coalesce(sum(n), 0) FROM raw_shop.big) + (SELECT coalesce(sum(n), 0) FROM raw_shop.other)"""
BATCHES = "{batch_bytes: 1MiB}"
SLOWLY = "{chunk_rows: 20000, connections: 1, rows_per_second: 60000}"


def asked(shop, sql=SEEN):
    """None: a table isn't there yet, or the server is away."""
    try:
        answer = shop.server.request("POST", "/api/v1/query", json={"sql": sql, "format": "jsonl"})
    except OSError:
        return None
    if answer.status_code != 200:
        assert "not_found" in answer.text or answer.status_code == 503, answer.text
        return None
    lines = [json.loads(line) for line in answer.text.split("\n")[:-1]]
    if "rows" not in lines[-1]:
        return None  # it ended meanwhile
    return [int(value) for value in lines[1]]


class Looking:
    """Asks over and over what is there, until it is left."""

    def __init__(self, shop, sql=SEEN):
        self.shop, self.sql, self.seen, self.failure = shop, sql, [], None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self.stopping.is_set():
                self.seen.append(asked(self.shop, self.sql))
        except BaseException as failure:  # told by who waits
            self.failure = failure

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopping.set()
        self.thread.join()
        if kind is None and self.failure:
            raise self.failure

    def kinds(self):
        return {tuple(one) for one in self.seen if one is not None}


def read_rows(status):
    return sum(table["rows_read"] for table in status["tables"])


def test_the_first_snapshot_appears_whole(copied):
    shop = copied(PAIR, wait=False, landing=BATCHES, snapshot=SLOWLY)
    with Looking(shop) as looking:
        # Several batches of the snapshot are landed before its end.
        shop.until(lambda status: any(t["state"] == "snapshot" and t["rows_read"] > 0 for t in status["tables"]), "nothing is read")
        shop.wait()
    assert looking.kinds() <= {(0, 0, 0), (BIG, 1000, SUM)}, looking.kinds()
    assert asked(shop) == [BIG, 1000, SUM]
    shop.sql(MOVE.format(3, 7))
    shop.check()


@pytest.mark.parametrize("fast", [True, False])
def test_a_table_that_is_read_anew_stays_whole(copied, fast):
    shop = copied(PAIR, landing=BATCHES, snapshot="{chunk_rows: 20000, connections: 2}" if fast else SLOWLY)
    shop.sql(MOVE.format(3, 7))
    shop.wait()
    with Looking(shop) as looking:
        shop.server.cli("sources", "resnapshot", "shop", "public.big")
        shop.sql(MOVE.format(2, 8))
        shop.until(lambda status: status["state"] == "snapshot", "isn't read")
        shop.sql(MOVE.format(1, 9))
        shop.wait()
    assert looking.kinds() == {(BIG, 1000, SUM)}, looking.kinds()
    assert len(looking.seen) > 3
    shop.check(read_anew=True)


def test_a_reading_that_is_cut_off_goes_on_unseen(copied):
    shop = copied(PAIR, landing=BATCHES, snapshot=SLOWLY)
    with Looking(shop) as looking:
        shop.server.cli("sources", "resnapshot", "shop", "public.big")
        status = shop.until(lambda status: any(t["chunks_done"] > 1 for t in status["tables"]), "no chunk is done")
        read_before = read_rows(status)
        for i in range(3):
            shop.server.kill()
            # Rows that are read and such that aren't, also of the table's end.
            shop.sql(MOVE.format(2, 7 + i) + MOVE.format(3, 900 + i) +
                     f"UPDATE big SET v = 'new' WHERE id % 1000 = {i}; DELETE FROM big WHERE id = {BIG - i} AND n = 10;"
                     f"INSERT INTO big VALUES ({BIG + 10 + i}, 10, 'late')")
            shop.server.start()
            status = shop.until(lambda status: status["state"] in ("snapshot", "streaming"), "doesn't go on")
            assert read_rows(status) >= read_before, "it began anew"
            read_before = read_rows(status)
            shop.until(lambda status: status["state"] == "streaming" or read_rows(status) > read_before, "nothing more is read")
        shop.wait()
    # Whatever was committed in the source, as often as it was looked.
    assert looking.kinds() <= {(BIG, 1000, SUM)}, looking.kinds()
    status = shop.status()
    assert [table["incarnation"] for table in status["tables"] if table["name"] == "big"] == [2], status
    shop.check(read_anew=True)


def test_rows_without_a_key_come_once_when_a_reading_is_cut_off(copied):
    shop = copied("CREATE TABLE l (n int, v text); ALTER TABLE l REPLICA IDENTITY FULL;"
                  "INSERT INTO l SELECT i, repeat('x', 100) FROM generate_series(1, 40000) i", wait=False,
                  landing=BATCHES, snapshot="{chunk_rows: 2000, connections: 1, rows_per_second: 10000}")
    shop.until(lambda status: any(t["chunks_done"] > 0 for t in status["tables"]), "nothing is read")
    shop.server.kill()
    # They come by the stream, and lie where nothing is read yet.
    shop.sql("INSERT INTO l SELECT i, 'late' FROM generate_series(1, 5) i")
    shop.server.start()
    shop.wait()
    assert shop.rows("SELECT count(*) FROM raw_shop.l WHERE v = 'late'") == [["5"]]
    shop.check(read_anew=True)


def test_rows_of_another_key_take_the_place_of_the_old_ones(copied):
    shop = copied("CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL); INSERT INTO t SELECT i, 'k' || i FROM generate_series(1, 50000) i;",
                  landing=BATCHES, snapshot="{chunk_rows: 5000, connections: 1, rows_per_second: 20000}")
    sql = "SELECT count(*), 0 FROM raw_shop.t"
    with Looking(shop, sql) as looking:
        shop.sql("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (k)")
        shop.sql("UPDATE t SET id = id + 1 WHERE id < 100")
        shop.until(lambda status: status["tables"][0]["incarnation"] == 2, "not read anew")
        shop.wait()
    assert looking.kinds() == {(50000, 0)}, looking.kinds()
    shop.sql("UPDATE t SET id = -id WHERE k IN ('k5', 'k40000')")
    shop.check(history=False)


def test_a_table_that_goes_while_it_is_read_holds_nothing_back(copied):
    shop = copied("CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 40000) i;"
                  "CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1)", wait=False,
                  landing=BATCHES, snapshot="{chunk_rows: 2000, connections: 1, rows_per_second: 10000}")
    shop.until(lambda status: any(t["name"] == "a" and t["chunks_done"] > 0 for t in status["tables"]), "nothing is read")
    shop.server.kill()
    shop.sql("DROP TABLE a")
    shop.server.start()
    deadline = time.monotonic() + 40
    while asked(shop, "SELECT count(*), 0 FROM raw_shop.b") != [1, 0]:
        assert time.monotonic() < deadline, shop.status()
        time.sleep(0.05)
