"""From a commit in the source to its being in the result of a query, while other transactions commit at a rate; beside a native subscription."""
import pathlib
import shutil

import caudal
import marks
import native
import pgbench
import source

# How many times the given rows the table has; transactions a second; median and 99th percentile at most, in ms.
TARGETS = [(1, 1000, 150, 500), (1, 10, 50, None), (20, 1000, 150, 500)]
MEMORY_MAX = 1024  # MiB
GROWTH_MAX = 1.5
SCRIPT = "\\set id random(1, :rows)\nUPDATE payments SET amount = amount + 0.01, created_at = now() WHERE id = :id;\n"
NATIVE = f"CREATE TABLE payments ({source.COLUMNS}); CREATE TABLE marks (id bigint PRIMARY KEY, seen timestamptz DEFAULT clock_timestamp())"


def at_rate(options, postgres, server, script, rows, rate):
    other = pgbench.start(postgres, "-f", script, "-D", f"rows={rows}", "-c", 4, "-j", 1, "-R", rate, "-T", options.seconds + 2)
    with server.watch() as watch:
        ours, committed = marks.one_by_one(postgres, server, options.seconds)
    tps = pgbench.finish(other)
    copied = [(float(seen) - committed[int(number)]) * 1000 for number, seen in
              postgres.sql("SELECT id, extract(epoch FROM seen) FROM marks", "native") if int(number) in committed]
    return {"rows": rows, "rate": rate, "ours": ours, "native": sorted(copied), "tps": tps, "mib": watch.peak >> 20}


def measure(options, folder):
    script = pathlib.Path(folder) / "update.sql"
    script.write_text(SCRIPT)
    got = {"seconds": options.seconds, "runs": []}
    for times in sorted({target[0] for target in TARGETS}):
        rows = options.rows * times
        with source.Source(rows, durable=True) as postgres:
            postgres.ask(marks.TABLE)
            with caudal.Copy(options, folder, postgres) as server:
                server.wait_until_read()
                native.subscribe(postgres, NATIVE)
                for _, rate, *_ in (target for target in TARGETS if target[0] == times):
                    got["runs"].append(at_rate(options, postgres, server, script, rows, rate))
        shutil.rmtree(server.folder)
    return got


def line(got, one, median, high):
    ours, copied = one["ours"], one["native"]
    p50, p99 = marks.share(ours, 0.5), marks.share(ours, 0.99)
    return (f"{one['rate']:,} transactions/s ({one['tps']:,.0f} seen) for {got['seconds']} s over {one['rows']:,} rows: from a commit to a query that sees it; "
            "a native subscription",
            f"p50 **{p50:.0f} ms**, p99 **{p99:.0f} ms**, slowest {ours[-1]:.0f} ms of {len(ours)}; p50 {marks.share(copied, 0.5):.0f} ms, "
            f"p99 {marks.share(copied, 0.99):.0f} ms, slowest {copied[-1]:.0f} ms; at most {one['mib']:,} MiB",
            f"p50 ≤ {median} ms" + (f", p99 ≤ {high} ms" if high else "") + f", ≤ {MEMORY_MAX:,} MiB",
            p50 <= median and (high is None or p99 <= high) and one["mib"] <= MEMORY_MAX)


def lines(got):
    small, large = (pick((one for one in got["runs"] if one["rate"] == 1000), key=lambda one: one["rows"]) for pick in (min, max))
    p50, p99 = (marks.share(large["ours"], part) / marks.share(small["ours"], part) for part in (0.5, 0.99))
    return [*(line(got, one, median, high) for one, (_, _, median, high) in zip(got["runs"], TARGETS)),
            *([(f"… 1,000 transactions/s over {large['rows']:,} rows; over {small['rows']:,} = 1", f"p50 **{p50:.2f}**, p99 **{p99:.2f}**",
                f"p50 ≤ {GROWTH_MAX}", p50 <= GROWTH_MAX)] if large is not small else [])]
