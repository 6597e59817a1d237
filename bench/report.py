"""Outcomes as text, and into the tables of docs/benchmarks.md."""
import datetime
import json
import pathlib
import platform
import re
import subprocess

BEGIN, END = "<!-- figures: written by {} -->", "<!-- end of figures -->"


def machine():
    cpus = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory_kib = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    return f"{len(cpus)} × {cpus[0]}, {memory_kib / (1 << 20):.0f} GiB, Linux {platform.release()}"


def revision(tree):
    done = subprocess.run(["git", "-C", str(tree), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def floor_text(outcome):
    """How much of what the machine allows ours reaches."""
    ours = outcome.ours["per_second"] * outcome.figure.size
    disk, md5 = outcome.floor["bytes_per_second"], outcome.floor["md5_bytes_per_second"]
    return (f"floor: 16 threads that write and sync such files reach {disk / 1e6:.0f} MB/s, MD5 takes a core for "
            f"{md5 / 1e6:.0f} MB/s; ours stores {ours / 1e6:.0f} MB/s: {ours / disk:.0%} of the disk's floor, "
            f"{ours / md5:.0%} of one core's MD5")


def line(outcome):
    verdict = "reached" if outcome.ratio >= outcome.figure.target else "MISSED"
    text = (f"{outcome.figure.title}: caudal {outcome.ours['per_second']:.0f}/s, {outcome.figure.other} "
            f"{outcome.theirs['per_second']:.0f}/s, ratio {outcome.ratio:.2f} (rounds "
            f"{min(outcome.ratios):.2f} to {max(outcome.ratios):.2f}), target {outcome.figure.target:g}: {verdict}; "
            f"per CPU second of the server {outcome.ours['per_server_cpu_second']:.0f} against "
            f"{outcome.theirs['per_server_cpu_second']:.0f}")
    return text + ("\n" + floor_text(outcome) if outcome.floor else "")


def row_of(outcome, rounds, seconds, tree):
    def side(values):
        return {key: round(values[key], 3) for key in
                ("per_second", "p50_ms", "p99_ms", "per_server_cpu_second", "client_cpu_seconds", "seconds")}
    return {"title": outcome.figure.title, "other": outcome.figure.other, "target": outcome.figure.target,
            "ratio": round(outcome.ratio, 2), "low": round(min(outcome.ratios), 2),
            "high": round(max(outcome.ratios), 2), "cpu_ratio": round(outcome.cpu_ratio, 2),
            "ours": side(outcome.ours), "theirs": side(outcome.theirs),
            "floor": floor_text(outcome) if outcome.floor else "", "rounds": rounds, "seconds": seconds,
            "date": datetime.date.today().isoformat(), "machine": machine(), "revision": revision(tree)}


def table(rows):
    out = ["| figure | Caudal /s | other /s | ratio (lowest–highest round) | target | p50, p99 ms | other's p50, p99 ms "
           "| per CPU second: Caudal, other |", "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for row in rows.values():
        a, b = row["ours"], row["theirs"]
        mark = "" if row["ratio"] >= row["target"] else " **missed**"
        out.append(f"| {row['title']}, against {row['other']} | {a['per_second']:,.0f} | {b['per_second']:,.0f} "
                   f"| **{row['ratio']:.2f}** ({row['low']:.2f}–{row['high']:.2f}) | ≥ {row['target']:g}{mark} "
                   f"| {a['p50_ms']:.2f}, {a['p99_ms']:.2f} | {b['p50_ms']:.2f}, {b['p99_ms']:.2f} "
                   f"| {a['per_server_cpu_second']:,.0f}, {b['per_server_cpu_second']:,.0f} |")
    out.append("")
    for name, row in rows.items():
        out.append(f"- `{name}`: {row['date']}, revision {row['revision']}, {row['rounds']} rounds of {row['seconds']:g} s; "
                   f"{row['machine']}. The load generator took "
                   f"{row['ours']['client_cpu_seconds'] / row['ours']['seconds']:.2f} of the cores beside Caudal, "
                   f"{row['theirs']['client_cpu_seconds'] / row['theirs']['seconds']:.2f} beside the other."
                   + (f" {row['floor'][0].upper()}{row['floor'][1:]}." if row["floor"] else ""))
    return "\n".join(out)


def merge(rows_path, new_rows, order):
    """The rows of the file, with those that were measured now; written back."""
    rows = json.loads(rows_path.read_text()) if rows_path.exists() else {}
    rows.update(new_rows)
    rows = {name: rows[name] for name in order if name in rows}
    rows_path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    return rows


def write_section(path, writer, text):
    """Replaces what `writer` wrote into the document before."""
    begin = BEGIN.format(writer)
    head, rest = path.read_text().split(begin)
    tail = rest.split(END, 1)[1]
    path.write_text(f"{head}{begin}\n{text}\n{END}{tail}")


def record(path, rows_path, new_rows, order):
    write_section(path, "bench/run.py", table(merge(rows_path, new_rows, order)))
