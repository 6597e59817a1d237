"""One large transaction while small ones to another table are committed: how soon both are visible, in how much memory."""
import time

import caudal
import marks
import source

MEMORY_MAX = 1024  # MiB


def measure(options, folder):
    rows = options.large_rows
    with source.Source(durable=True) as postgres:
        postgres.ask(marks.TABLE)
        server = caudal.Copy(options, folder, postgres)
        with server:
            server.wait_until_read()
            with server.watch() as watch, marks.Meanwhile(postgres, server) as meanwhile:
                begun = time.time()
                postgres.run(f"INSERT INTO payments SELECT {source.ROW} FROM generate_series(1, {rows}) i")
                committed = time.time()
                server.wait_until_visible(postgres.end())
                visible = time.time()
            server.same("payments", "count(*), sum(id)::varchar, sum(amount)::varchar")
        return {"rows": rows, "took": committed - begun, "seconds": visible - committed, "mib": watch.peak >> 20,
                "before": meanwhile.between(begun, committed), "behind": meanwhile.between(committed, visible)}


def lines(got):
    return [(f"a transaction of {got['rows']:,} rows (it took {got['took']:.0f} s): from its commit until it is visible",
             f"**{got['seconds']:.1f} s** ({got['rows'] / got['seconds']:,.0f} rows/s), at most **{got['mib']:,} MiB**; all rows as in the source",
             f"≤ {MEMORY_MAX:,} MiB", got["mib"] <= MEMORY_MAX),
            ("… small commits to another table: from the commit to a query that sees it, before that commit; behind it",
             f"{marks.told(got['before'])}; {marks.told(got['behind'])}", "printed", True)]
