"""What was changed while Caudal was stopped: how long it takes until that is visible, and how soon small commits of that time are."""
import time

import caudal
import marks
import source
from support.psql import Session

TABLES = 4
MEMORY_MAX = 1024  # MiB
CALL = 5000  # transactions
# Each transaction changes one of the tables: 50 rows come, 40 others change, 10 go; of the random ones some are gone before.
CHANGE = """
CREATE FUNCTION random_ids(last bigint, wanted int) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT array_agg((random() * last)::bigint) FROM generate_series(1, wanted) $$;
CREATE PROCEDURE change(first int, transactions int, INOUT changes bigint DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
    name text; last bigint; changed bigint;
BEGIN
    FOR n IN first .. first + transactions - 1 LOOP
        name := 'changed_' || n % {tables};
        last := {rows} + n / {tables} * 50;
        EXECUTE format('INSERT INTO %I SELECT {row} FROM generate_series($1 + 1, $1 + 50) i', name) USING last;
        GET DIAGNOSTICS changed = ROW_COUNT; changes := changes + changed;
        EXECUTE format('UPDATE %I SET amount = amount + 1, paid = NOT paid WHERE id = ANY ((SELECT random_ids($1, 40))::bigint[])', name) USING last;
        GET DIAGNOSTICS changed = ROW_COUNT; changes := changes + changed;
        EXECUTE format('DELETE FROM %I WHERE id = ANY ((SELECT random_ids($1, 10))::bigint[])', name) USING last;
        GET DIAGNOSTICS changed = ROW_COUNT; changes := changes + changed;
        COMMIT;
    END LOOP;
END $$
"""
SUMS = "count(*), coalesce(sum(id), 0)::varchar, coalesce(sum(amount), 0)::varchar, count(CASE WHEN paid THEN 1 END)"


def prepare(postgres, rows):
    """Tables of so many rows each."""
    postgres.ask(marks.TABLE)
    for number in range(TABLES):
        postgres.ask(f"CREATE TABLE changed_{number} ({source.COLUMNS})")
        postgres.run(f"INSERT INTO changed_{number} SELECT {source.ROW} FROM generate_series(1, {rows}) i")
    row = source.ROW.replace("'", "''").replace("%", "%%")  # within format()
    postgres.ask(CHANGE.format(tables=TABLES, rows=rows, row=row))


def change(postgres, wanted):
    """How many changes were made, in how many transactions."""
    session, changes, transactions = Session(postgres, "bench"), 0, 0
    session.run("SET synchronous_commit = off")
    while changes < wanted:
        part = min(CALL, (wanted - changes) // 100 + 1)
        changes += int(session.run(f"CALL change({transactions}, {part})"))
        transactions += part
    session.close()
    return changes, transactions


def measure(options, folder):
    with source.Source(durable=True) as postgres:
        prepare(postgres, options.changes // 40)
        server = caudal.Copy(options, folder, postgres)
        with server:
            server.wait_until_read()
        changes, transactions = change(postgres, options.changes)
        end = postgres.end()
        began, at = time.monotonic(), time.time()
        with server, server.watch() as watch, marks.Meanwhile(postgres, server) as meanwhile:
            server.wait_until_visible(end)
            seconds, done = time.monotonic() - began, time.time()
            cpu = server.cpu_seconds()
            time.sleep(10)  # of markers behind it
            for number in range(TABLES):
                server.same(f"changed_{number}", SUMS)
        return {"changes": changes, "transactions": transactions, "seconds": seconds, "cpu_seconds": cpu, "mib": watch.peak >> 20,
                "during": meanwhile.between(at, done), "after": meanwhile.between(done, time.time())}


def lines(got):
    rate = got["changes"] / got["seconds"]
    return [(f"{got['changes']:,} changes in {got['transactions']:,} transactions over {TABLES} tables, made while Caudal was stopped: from its start until all "
             "are visible",
             f"**{got['seconds']:.1f} s** ({rate:,.0f} changes/s, {got['changes'] / got['cpu_seconds']:,.0f} per CPU s), at most **{got['mib']:,} MiB**; "
             "all rows as in the source",
             f"≤ {MEMORY_MAX:,} MiB", got["mib"] <= MEMORY_MAX),
            ("… small commits to another table: from the commit to a query that sees it, while that lasts; after it",
             f"{marks.told(got['during'])}; {marks.told(got['after'])}", "printed", True)]
