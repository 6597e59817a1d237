"""A source that ends connections which say nothing, and a server that is slower than it: by failpoints, so that it is slow enough
wherever it runs."""
import time

import pytest

TIMEOUT = 5
TABLE = "CREATE TABLE t (id int PRIMARY KEY, v text);"
ROWS = "INSERT INTO t SELECT i, repeat(md5(i::text), 8) FROM generate_series({}, {}) i"


@pytest.fixture
def slow(copied, start):
    """slow(failpoints): what copies with those armed from its start on."""
    def one(failpoints, landing="{}"):
        shop = copied(TABLE, run=False, landing=landing)
        shop.sql(f"ALTER DATABASE {shop.database} SET wal_sender_timeout = '{TIMEOUT}s'")
        shop.server = start(config=shop.config(), env={"CAUDAL_FAILPOINTS": failpoints})
        shop.wait()
        return shop

    return one


def sender(shop):
    return shop.sql(f"SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{shop.slot}' AND active")


def follow(shop, *transactions):
    """All of them (how many rows each inserts) come over the connection that there was, slow as it is."""
    before = sender(shop)
    assert len(before) == 1
    begun = time.monotonic()
    rows = 0
    for count in transactions:
        shop.sql(ROWS.format(rows + 1, rows + count))
        rows += count
    shop.wait(180)
    assert time.monotonic() - begun > 1.5 * TIMEOUT, "it wasn't slow: the test shows nothing"
    assert sender(shop) == before, "".join(shop.server.output)
    assert "source interrupted" not in "".join(shop.server.output)
    assert shop.rows("SELECT count(*)::int, count(DISTINCT id)::int FROM raw_shop.t") == [[rows, rows]]
    assert shop.rows("SELECT count(*)::int FROM raw_shop.t__changes") == [[rows]]


@pytest.mark.slow
def test_parts_of_a_large_transaction_are_kept_slowly(slow, needs):
    needs(14, "transactions that come before they end")
    follow(slow("capture.stream.spill=delay:600ms"), 150_000)


@pytest.mark.slow
def test_transactions_are_landed_slowly(slow):
    # Each is a batch of its own.
    follow(slow("capture.landing.written=delay:1500ms", "{batch_bytes: 1MiB}"), *[6000] * 10)
