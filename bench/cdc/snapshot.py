"""How fast a table is read whole: landed in change files, by a whole server until it is in the table, and by others that only read."""
import json
import pathlib
import shutil
import statistics
import subprocess
import time

import caudal
import debezium
import source

CONNECTIONS, COPY_MIN, DEBEZIUM_MIN = 2, 0.5, 12
DEBEZIUM_SHARE = 5  # it reads a fifth of the rows: the rate is what counts


def read(options, postgres, command, *more):
    done = subprocess.run([f"{options.build}/bench/cdc_snapshot", command, "--host", "127.0.0.1", "--port", str(postgres.port), "--database", "bench",
                           "--connections", str(CONNECTIONS), *map(str, more)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def replicate(options, postgres, folder, rows):
    """By `caudal up`, from its start on, until the replica holds all rows."""
    server = caudal.Copy(options, folder, postgres)
    began = time.monotonic()
    with server, server.watch() as watch:
        server.wait_until_read()
        seconds = time.monotonic() - began
        cpu = server.cpu_seconds()
        seen = server.first_row("SELECT count(*), sum(id)::varchar FROM raw_bench.payments")
    if [str(value) for value in seen] != [str(rows), str(rows * (rows + 1) // 2)]:
        raise RuntimeError(f"the replica has {seen[0]} rows of {rows}, their ids are {seen[1]} together")
    postgres.drop_slot("caudal_bench")
    return {"rows": rows, "seconds": seconds, "cpu_seconds": cpu, "rss_mib": watch.peak >> 20}


def measure(options, folder, rows):
    """They take turns, so that they meet the same machine. Debezium, which takes much longer, has one."""
    got = {"rows": rows, "land": [], "copy": [], "apply": []}
    engine = debezium.Engine(folder)
    with source.Source(rows) as postgres:
        read(options, postgres, "copy")  # the table is in memory then
        for turn in range(options.rounds):
            place = pathlib.Path(folder) / str(turn)
            got["copy"].append(read(options, postgres, "copy"))
            got["land"].append(read(options, postgres, "land", "--folder", place))
            shutil.rmtree(place)
            got["apply"].append(replicate(options, postgres, place, rows))
            shutil.rmtree(place)
        got["debezium"] = engine.count(postgres, "snapshot", rows // DEBEZIUM_SHARE)
    for one in got["copy"] + got["land"]:
        if one["rows"] != rows:
            raise RuntimeError(f"{one['rows']} rows of {rows} were read")
    return got


def beside_copy(got, name, what, least):
    ratios = [debezium.rate(mine) / debezium.rate(other) for mine, other in zip(got[name], got["copy"])]
    ratio = statistics.median(ratios)
    rate, copied, cpu = (statistics.median(values) for values in (
        map(debezium.rate, got[name]), map(debezium.rate, got["copy"]), (debezium.rate(one, "cpu_seconds") for one in got[name])))
    return (what, f"**{ratio:.2f}** ({min(ratios):.2f} to {max(ratios):.2f}; {rate:,.0f} rows/s, {copied:,.0f} rows/s; {cpu:,.0f} rows per CPU s, "
            f"at most {max(one['rss_mib'] for one in got[name]):,} MiB)", f"≥ {least}" if least else "printed", ratio >= least)


def lines(got):
    middle = sorted(got["apply"], key=debezium.rate)[len(got["apply"]) // 2]
    return [beside_copy(got, "land", f"snapshot of {got['rows']:,} rows, landed; {CONNECTIONS} parallel COPY that are discarded = 1", COPY_MIN),
            beside_copy(got, "apply", "… by a whole server, from its start until the replica has all rows", 0),
            *debezium.lines(middle, got["debezium"], DEBEZIUM_MIN)]
