"""How fast a slot is followed: discarded by a bare reader, landed, landed and applied, and counted by Debezium, of the same changes."""
import pathlib

import debezium
import source

LAND_MIN, APPLY_MIN = 0.6, 0.4
READERS = ("bare", "land", "apply")


def load_transaction(postgres, rows):
    postgres.run(f"INSERT INTO payments SELECT {source.ROW} FROM generate_series(1, {rows}) i")


def load_singles(postgres, rows):
    postgres.run(f"DO $$ BEGIN FOR i IN 1..{rows} LOOP INSERT INTO payments VALUES ({source.ROW}); COMMIT; END LOOP; END $$")


def measure(options, folder, load, rows):
    """Each reader has slots of its own, made before the changes, and takes turns with the others. Debezium, which takes much longer, has
    one."""
    got = {"rows": rows, "rounds": options.rounds, **{name: [] for name in READERS}}
    engine = debezium.Engine(folder)
    with source.Source() as postgres:
        for turn in range(options.rounds):
            for name in READERS[1:]:
                place = pathlib.Path(folder) / f"{name}{turn}"
                place.mkdir()
                postgres.reader(options.build, "prepare", f"{name}{turn}", folder=place)
            postgres.add_slot(f"bare{turn}")
        for form in debezium.FORMS:
            postgres.add_slot(debezium.slot_of(form))
        load(postgres, rows)
        end = postgres.end()
        for turn in range(options.rounds):
            for name in READERS:
                where = {} if name == "bare" else {"folder": pathlib.Path(folder) / f"{name}{turn}"}
                got[name].append(postgres.reader(options.build, name, f"{name}{turn}", until=end, **where))
        got["debezium"] = engine.count(postgres, "stream", rows)
    for name in READERS[1:]:
        for one in got[name]:
            if one["rows"] != rows:
                raise RuntimeError(f"{name} saw {one['rows']} rows of {rows}")
    return got


def best(got, name):
    """The round that took the least time."""
    return min(got[name], key=lambda one: one["seconds"])


def line(got, name, what, least):
    mine, bare = best(got, name), best(got, "bare")
    ratio = bare["seconds"] / mine["seconds"]
    rows = got["rows"]
    return (f"{what}; a bare reader that discards it = 1",
            f"**{ratio:.2f}** ({rows / mine['seconds']:,.0f} rows/s, {rows / bare['seconds']:,.0f} rows/s; {rows / mine['cpu_seconds']:,.0f} rows per CPU s, "
            f"at most {mine['rss_mib']:,} MiB)", f"≥ {least}", ratio >= least)


def lines_of(what, debezium_min):
    return lambda got: [line(got, "land", f"{what} of {got['rows']:,} rows, decoded and landed", LAND_MIN),
                        line(got, "apply", "… landed and applied", APPLY_MIN),
                        *debezium.lines(best(got, "apply"), got["debezium"], debezium_min)]
