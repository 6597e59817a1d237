"""A source that goes on after restarts, and stops with what helps when changes would be missing."""
import re

import pytest

KEYED = "CREATE TABLE t (id int PRIMARY KEY, n int, v text); INSERT INTO t SELECT i, i, 'v' || i FROM generate_series(1, 100) i;"


def stopped(shop, code):
    status = shop.until(lambda status: status["state"] == "stopped", f"isn't stopped by {code}")
    assert status["error"]["code"] == code and not status["error"]["tries_again"], status
    assert status["error"]["remedy"], status
    return status


def test_it_goes_on_after_a_restart(copied):
    shop = copied(KEYED)
    for i in range(3):
        shop.sql(f"UPDATE t SET n = n + 1 WHERE id % 3 = {i}; INSERT INTO t VALUES ({1000 + i}, 0, 'x')")
        shop.server.restart() if i % 2 else (shop.server.stop(), shop.server.start())
        shop.sql(f"DELETE FROM t WHERE id = {10 + i}")
    histories = shop.check()
    assert len(histories["t"]) == 100 + 100 + 3 + 3


def test_it_goes_on_after_a_restart_within_the_snapshot(copied):
    shop = copied("CREATE TABLE u (id int PRIMARY KEY, v text); INSERT INTO u SELECT i, repeat('x', 300) FROM generate_series(1, 30000) i")
    shop.server.stop()
    shop.sql(f"SELECT pg_drop_replication_slot('{shop.slot}')")
    shop.server.start()
    stopped(shop, "postgres.no_slot")
    for _ in range(3):
        shop.server.cli("sources", "resnapshot", "shop", "--all")
        shop.sql("UPDATE u SET v = 'y' || v WHERE id % 50 = 0; DELETE FROM u WHERE id % 997 = 0; INSERT INTO u SELECT max(id) + 1, 'new' FROM u")
        shop.server.restart()
    shop.check(read_anew=True)


def test_a_source_that_restarts_is_waited_for(copied, copied_postgres):
    shop = copied(KEYED)
    port = copied_postgres.port
    shop.sql("UPDATE t SET n = 0 WHERE id < 10")
    copied_postgres.stop()
    shop.until(lambda status: status["state"] == "retrying", "noticed nothing")
    copied_postgres.start(port=port)
    shop.sql("UPDATE t SET n = 1 WHERE id > 90")
    shop.check()


def test_a_dropped_slot_stops_it_until_all_is_read_anew(copied):
    shop = copied(KEYED)
    shop.server.stop()
    shop.sql("INSERT INTO t VALUES (1000, 1, 'unseen')")
    shop.sql(f"SELECT pg_drop_replication_slot('{shop.slot}')")
    shop.server.start()
    status = stopped(shop, "postgres.no_slot")
    assert "resnapshot shop --all" in status["error"]["remedy"]
    assert len(shop.rows("SELECT id FROM raw_shop.t")) == 100
    shop.server.cli("sources", "resnapshot", "shop", "--all")
    shop.check()
    shop.sql("DELETE FROM t WHERE id > 50")
    shop.check()


def test_a_slot_that_was_made_anew_stops_it(copied):
    shop = copied(KEYED)
    shop.server.stop()
    shop.sql(f"SELECT pg_drop_replication_slot('{shop.slot}')")
    shop.sql("INSERT INTO t VALUES (1000, 1, 'unseen')")
    shop.sql(f"SELECT pg_create_logical_replication_slot('{shop.slot}', 'pgoutput')")
    shop.server.start()
    stopped(shop, "postgres.slot_moved")


def test_a_slot_that_somebody_advanced_stops_it(copied):
    shop = copied(KEYED)
    shop.server.stop()
    shop.sql("INSERT INTO t VALUES (1000, 1, 'skipped')")
    shop.sql(f"SELECT pg_replication_slot_advance('{shop.slot}', pg_current_wal_insert_lsn())")
    shop.server.start()
    stopped(shop, "postgres.slot_moved")
    shop.server.cli("sources", "resnapshot", "shop", "--all")
    shop.check()


def test_a_password_that_is_wrong_later_stops_it(copied, copied_postgres):
    shop = copied(KEYED)
    copied_postgres.sql("ALTER ROLE caudal PASSWORD 'another'")
    try:
        shop.sql(f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{shop.slot}'")
        status = stopped(shop, "postgres.28P01")
        assert re.search("password", status["error"]["message"] + status["error"]["remedy"])
        shop.sql("INSERT INTO t VALUES (1000, 1, 'meanwhile')")
    finally:
        copied_postgres.sql("ALTER ROLE caudal PASSWORD 'tr0ub4dor-secret'")
    shop.server.cli("sources", "restart", "shop")
    shop.check()


def test_one_table_is_read_anew(copied):
    shop = copied(KEYED + "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1)")
    shop.sql("ALTER TABLE t DISABLE TRIGGER ALL; UPDATE t SET n = -1 WHERE id = 1")
    shop.wait()
    shop.server.cli("sources", "resnapshot", "shop", "public.t")
    shop.sql("UPDATE t SET n = n + 1 WHERE id < 50; INSERT INTO u VALUES (2)")
    histories = shop.check(read_anew=True)
    assert "t" in [change.op for change in histories["t"]] and "t" not in [change.op for change in histories["u"]]
    done = shop.server.cli("sources", "resnapshot", "shop", "public.none", check=False)
    assert done.returncode and "public.none" in done.stderr


@pytest.mark.parametrize("how", ["update", "delete"])
def test_a_table_without_a_key_is_changed(copied, how):
    shop = copied("CREATE TABLE l (n int, v text); INSERT INTO l VALUES (1, 'a'), (1, 'a'), (2, 'b'); ALTER TABLE l REPLICA IDENTITY FULL;"
                  "CREATE TABLE u (id int PRIMARY KEY)")
    shop.sql("UPDATE l SET v = 'c' WHERE n = 2" if how == "update" else "DELETE FROM l WHERE n = 2")
    shop.sql("INSERT INTO u VALUES (1)")
    shop.check()
