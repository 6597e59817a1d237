#!/usr/bin/env python3
"""Runs `make STAGE` for each stage named, all of them even when one fails, and ends with what failed, times and counts.

The last line is `N passed, N failed`. A stage counts by what its tools print; one that prints no count is one test.
"""
import pathlib
import re
import subprocess
import sys
import time

LOGS = pathlib.Path("build/logs")
# What the closing lines of the tools look like: pattern and the groups that hold passed and failed.
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed$")
CTEST = re.compile(r"^\d+% tests passed, (\d+) tests failed out of (\d+)$")
PYTEST = re.compile(r"^=*\s*(?=.*\d+ (?:passed|failed|error))(.*) in [\d.]+s.*$")
# Lines that name a failure: ctest's list, pytest's short summary, a fuzzer's input, a sanitizer's verdict.
FAILURE = re.compile(r"^(\d+ - \S+ \(.*\)|(FAILED|ERROR) \S+::.*|fuzz \S+: (?:FAILED|input)\b.*|SUMMARY: .*Sanitizer: .*|FAILED: .*)$")
SHOWN = 20
WORD = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


def counts(lines):
    passed = failed = skipped = 0
    for line in lines:
        line = line.strip()
        if match := PLAIN.match(line):
            passed += int(match[1])
            failed += int(match[2])
        elif match := CTEST.match(line):
            failed += int(match[1])
            passed += int(match[2]) - int(match[1])
        elif match := PYTEST.match(line):
            for number, word in WORD.findall(match[1]):
                if word == "passed":
                    passed += int(number)
                elif word == "skipped":
                    skipped += int(number)
                else:
                    failed += int(number)
    return passed, failed, skipped


def run(stage):
    print(f"\n=== {stage}", flush=True)
    started = time.monotonic()
    with open(LOGS / f"{stage}.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(["make", stage], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace")
        lines = []
        for line in process.stdout:
            log.write(line)
            lines.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()
        code = process.wait()
    passed, failed, skipped = counts(lines)
    if code and not failed:
        failed = 1
    if not passed and not failed:
        passed = 1
    failures = [line.strip()[:4200] for line in lines if FAILURE.match(line.strip())] if failed else []
    return stage, passed, failed, skipped, time.monotonic() - started, failures


def main(stages):
    LOGS.mkdir(parents=True, exist_ok=True)
    results = [run(stage) for stage in stages]
    for stage, _, _, _, _, failures in results:
        if failures:
            print(f"\n{stage} failed:\n  " + "\n  ".join(failures[:SHOWN]))
    print()
    for stage, passed, failed, skipped, seconds, _ in results:
        print(f"{stage:12} {passed:5} passed {failed:4} failed {skipped:4} skipped {seconds:7.0f} s"
              + (f"   see {LOGS}/{stage}.log" if failed else ""))
    failed = sum(result[2] for result in results)
    print(f"{sum(result[1] for result in results)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
