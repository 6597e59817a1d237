"""Debezium's embedded engine with a sink that only counts, over the same source as ours (bench/cdc/debezium/Counting.java).

Its events are JSON, as its documentation has them; and once more as they are made, converted to nothing.
"""
import json
import os
import pathlib
import subprocess

JARS = pathlib.Path(os.environ.get("CAUDAL_CACHE", pathlib.Path.home() / ".cache/caudal")) / "debezium"
PROGRAM = pathlib.Path(__file__).resolve().parent / "debezium/Counting.java"
CPU_MIN = 8
FORMS = ("json", "records")


class Engine:
    """Its classes are in `folder`."""

    def __init__(self, folder):
        if not JARS.exists():
            raise RuntimeError(f"{JARS} isn't there; scripts/setup bench prepares it")
        self.classes = pathlib.Path(folder) / "debezium"
        subprocess.run(["javac", "-cp", f"{JARS}/*", "-d", self.classes, PROGRAM], check=True)

    def count(self, postgres, mode, rows):
        """For each form: what it took until so many rows had come: of a `stream`, from slot_of the form on; or of a `snapshot`."""
        return {form: self.count_as(form, postgres, mode, rows) for form in FORMS}

    def count_as(self, form, postgres, mode, rows):
        done = subprocess.run(["java", "-cp", f"{self.classes}:{JARS}/*", "Counting", "--form", form, "--mode", mode, "--rows", str(rows), "--host", "127.0.0.1",
                               "--port", str(postgres.port), "--database", "bench", "--user", "postgres", "--table", "public.payments", "--slot", slot_of(form),
                               "--publication", "bench"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=1800, check=False)
        if done.returncode:
            raise RuntimeError(f"Debezium's {mode}: {done.stderr.strip()}")
        got = json.loads(done.stdout.splitlines()[-1])
        if got["rows"] < rows:
            raise RuntimeError(f"Debezium saw {got['rows']:,} rows of {rows:,}")
        return got


def slot_of(form):
    return f"debezium_{form}"


def rate(one, seconds="seconds"):
    return one["rows"] / one[seconds]


def lines(ours, theirs, least):
    """`ours`: what landing and applying took; `theirs`: what Engine.count gave."""
    json_, records = (theirs[form] for form in FORMS)
    faster = rate(ours) / rate(json_)
    thriftier = rate(ours, "cpu_seconds") / rate(json_, "cpu_seconds")
    memory = ours["rss_mib"] / json_["rss_mib"]
    return [(f"… landed and applied; Debezium that counts {json_['rows']:,} rows = 1",
             f"**{faster:.1f}** ({rate(ours):,.0f} rows/s, {rate(json_):,.0f} rows/s)", f"≥ {least}", faster >= least),
            ("… … rows per CPU second", f"**{thriftier:.1f}** ({rate(ours, 'cpu_seconds'):,.0f}, {rate(json_, 'cpu_seconds'):,.0f})", f"≥ {CPU_MIN}",
             thriftier >= CPU_MIN),
            ("… … memory at most", f"**{memory:.2f}** ({ours['rss_mib']:,} MiB, {json_['rss_mib']:,} MiB)", "< 1", memory < 1),
            ("… … Debezium without its conversion to JSON: rows/s; per CPU second; memory",
             f"**{rate(ours) / rate(records):.1f}** ({rate(records):,.0f} rows/s); **{rate(ours, 'cpu_seconds') / rate(records, 'cpu_seconds'):.1f}** "
             f"({rate(records, 'cpu_seconds'):,.0f}); **{ours['rss_mib'] / records['rss_mib']:.2f}** ({records['rss_mib']:,} MiB)", "printed", True)]
