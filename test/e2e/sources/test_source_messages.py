"""Messages that programs write to the source's log: they hold nothing up, and are no changes."""
import pytest
from support.psql import lsn


@pytest.fixture
def shop(copied, start):
    one = copied("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')", run=False)
    one.server = start(config=one.config().replace("    slot:", "    heartbeat: 1s\n    slot:"))
    one.wait()
    return one


def confirmed(shop, end):
    """The source may let go of its log up to there."""
    def done(_):
        [[flushed]] = shop.sql(f"SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{shop.slot}'")
        return lsn(flushed) >= lsn(end)

    shop.until(done, f"the slot stays before {end}")


@pytest.mark.parametrize("transactional", ["true", "false"])
def test_messages_alone_move_the_position(shop, transactional):
    shop.sql(f"SELECT count(pg_logical_emit_message({transactional}, 'other', repeat('x', 100000))) FROM generate_series(1, 50)")
    [[end]] = shop.sql("SELECT pg_current_wal_insert_lsn()")
    shop.wait()
    confirmed(shop, end)
    assert lsn(shop.status()["position"]) >= lsn(end)
    shop.sql("INSERT INTO t VALUES (2, 'two')")
    assert len(shop.check()["t"]) == 2


def test_messages_among_changes(shop):
    emit = "SELECT pg_logical_emit_message({}, 'other', repeat('\\x', {}))"
    shop.sql("BEGIN; INSERT INTO t VALUES (2, 'two'); " + emit.format("true", 10) + "; UPDATE t SET v = 'uno' WHERE id = 1; "
             + emit.format("false", 10) + "; DELETE FROM t WHERE id = 2; COMMIT")
    shop.sql("BEGIN; " + emit.format("true", 10) + "; SAVEPOINT s; " + emit.format("true", 10) + "; ROLLBACK TO s; COMMIT")
    shop.sql("BEGIN; INSERT INTO t VALUES (3, 'never'); " + emit.format("false", 10) + "; " + emit.format("true", 10) + "; ROLLBACK")
    # So large that they come in parts, with a message that is larger than one.
    shop.sql("BEGIN; INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(10, 3000) i; " + emit.format("true", 3_000_000) + "; "
             + emit.format("false", 3_000_000) + "; INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(3001, 6000) i; COMMIT")
    [[end]] = shop.sql("SELECT pg_current_wal_insert_lsn()")
    histories = shop.check()
    assert "".join(change.op for change in histories["t"][:4]) == "rcud" and len(histories["t"]) == 4 + 5991
    confirmed(shop, end)
