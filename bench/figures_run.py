"""What a benchmark that compares figures does: measure each, print it, write the table of docs/benchmarks.md."""
import datetime
import pathlib
import shutil
import subprocess
import sys

import options as shared
import place
import report


def table(rows, lines):
    out = ["| figure | measured | target |", "|---|---|--:|"]
    for name, row in rows.items():
        for what, figure, target, reached in lines[name](row["got"]):
            out.append(f"| {what} | {figure} | {target}{'' if reached else ' **missed**'} |")
    out.append("")
    for name, row in rows.items():
        out.append(f"- `{name}`: {row['date']}, revision {row['revision']}; {row['machine']}.")
    return "\n".join(out)


def run(options, script, programs, measure, lines):
    """The exit code. `measure(name, folder)` gives what `lines[name]` makes into (what, figure, target, reached)."""
    script = pathlib.Path(script).resolve()
    if not options.no_build:
        subprocess.run(["ninja", "-C", options.build, *programs], check=True, stdout=subprocess.DEVNULL)
    rows, missed, failed = {}, 0, 0
    for name in options.figure or lines:
        folder = place.make(options.folder)
        try:
            got = measure(name, folder)
        except (RuntimeError, AssertionError, OSError, subprocess.SubprocessError) as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            failed += 1
            continue
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        rows[name] = {"got": got, "date": datetime.date.today().isoformat(), "machine": report.machine(),
                      "revision": report.revision(shared.TREE)}
        for what, figure, target, reached in lines[name](got):
            print(f"{what}: {figure.replace('**', '')}, target {target}: {'reached' if reached else 'MISSED'}", flush=True)
            missed += not reached
    if options.record and rows:
        report.write_section(shared.TREE / "docs/benchmarks.md", script.relative_to(shared.TREE).as_posix(),
                             table(report.merge(script.parent / "figures.json", rows, lines), lines))
    return 2 if failed else 1 if missed else 0
