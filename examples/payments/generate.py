#!/usr/bin/env python3
"""Writes a file of payments with the kinds of damage that real ones have, the same for the same seed.

    generate.py payments.csv                      10,000 rows
    generate.py payments.csv --rows 1000000 --seed 3 --line-end crcrlf
    generate.py payments.csv --facts facts.json --totals totals.csv

--facts and --totals write what a good job must find in it: how many rows it repairs and quarantines, and the
totals by name, company and date to the cent. Needs nothing but Python.
"""
import argparse
import collections
import datetime
import hashlib
import json
import random
import sys

HEADER = "id,name,company_id,amount,status,created_at,paid_at"
NAMES = ["Viajes Azulejo", "Muebles Nogal", "Café Lumbre"]
NAME_WEIGHTS = [90, 8, 2]
STATUSES = ["paid", "voided", "pending_payment", "refunded", "charged_back", "pre_authorized", "expired",
            "partially_refunded"]
STATUS_WEIGHTS = [589, 208, 188, 9, 2, 2, 1, 1]
PAID = {"paid", "refunded", "charged_back", "partially_refunded"}
FIRST_DAY = datetime.date(2026, 1, 1)
DAYS = 150
BLOCK = 10_000
LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "crcrlf": "\r\r\n"}

# Kinds of damage, in rows of 10,000; each strikes rows of its own, and at least one.
QUARANTINED = {"id": 3, "amount": 5, "status": 2}
REPAIRED = {"name": 5, "company_id": 5, "date": 3, "cent": 3}
ABSURD = ["2131231231231231150.86", "21321323123121133.0", "21312312393.19", "3.0e213231213123", "3.0e34", "inf"]
UNKNOWN = ["p&0x3fid", "0xFFFF"]


def company_of(name):
    return hashlib.sha1(name.encode()).hexdigest()


def choose_rows(rng, rows):
    """Row number -> (kind, how many of its kind came before)."""
    wanted = [(kind, max(1, per * rows // 10_000)) for kind, per in (QUARANTINED | REPAIRED).items()]
    chosen = rng.sample(range(rows), sum(count for _, count in wanted))
    damage, at = {}, 0
    for kind, count in wanted:
        for number in range(count):
            damage[chosen[at]] = (kind, number)
            at += 1
    return damage


def strike(row, kind, number):
    """Damages a row: [id, name, company, amount, status, created, paid]."""
    if kind == "id":
        row[0] = ""
    elif kind == "name":
        row[1] = ["", row[1][:5] + "0xFFFF", row[1][:3] + "0xFFFF"][number % 3]
    elif kind == "company_id":
        row[2] = ["", "*******"][number % 2]
    elif kind == "amount":
        row[3] = ABSURD[number % len(ABSURD)]
    elif kind == "cent":
        row[3] = row[3] + ("0" * (2 - len(row[3].split(".")[1]))) + "0000000001"
    elif kind == "status":
        row[4] = UNKNOWN[number % 2]
    elif kind == "date":
        row[5] = [row[5] + "T00:00:00", row[5].replace("-", "")][number % 2]


def generate(rows, seed, out, line_end="\n"):
    """Writes to the text file `out`. Returns the facts and the totals: (name, company, date) -> cents."""
    rng = random.Random(seed)
    damage = choose_rows(rng, rows)
    days = [(FIRST_DAY + datetime.timedelta(days=n)).isoformat() for n in range(DAYS + 4)]
    companies = {name: company_of(name) for name in NAMES}
    facts = collections.Counter()
    totals = collections.Counter()
    out.write(HEADER + line_end)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        names = rng.choices(NAMES, NAME_WEIGHTS, k=count)
        statuses = rng.choices(STATUSES, STATUS_WEIGHTS, k=count)
        lines = []
        for offset in range(count):
            name, status = names[offset], statuses[offset]
            cents = 300 if rng.random() < 0.2 else int(rng.paretovariate(1.3) * 2500) % 8_400_000
            day = rng.randrange(DAYS)
            paid = days[day + rng.randrange(4)] if status in PAID else ""
            number = start + offset
            row = [hashlib.sha1(b"%d/%d" % (seed, number)).hexdigest(), name, companies[name], str(cents / 100), status,
                   days[day], paid]
            kind, index = damage.get(number, (None, 0))
            if kind:
                strike(row, kind, index)
                facts[kind] += 1
            if kind not in QUARANTINED:
                totals[name, companies[name], days[day]] += cents
            lines.append(",".join(row))
        lines.append("")
        out.write(line_end.join(lines))
    quarantined = {kind: facts[kind] for kind in QUARANTINED}
    return {"rows": rows, "accepted": rows - sum(quarantined.values()), "quarantined": quarantined,
            "repaired": {kind: facts[kind] for kind in REPAIRED}, "groups": len(totals),
            "total": f"{sum(totals.values()) / 100:.2f}"}, totals


def write_totals(totals, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("name,company_id,created_at,total\n")
        for (name, company, day), cents in sorted(totals.items()):
            file.write(f"{name},{company},{day},{cents // 100}.{cents % 100:02d}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", help="the CSV to write; - for standard output")
    parser.add_argument("--rows", type=int, default=10_000, help="how many payments (10,000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same file (1)")
    parser.add_argument("--line-end", choices=LINE_ENDS, default="lf",
                        help="crcrlf is what Windows programs write by mistake")
    parser.add_argument("--facts", help="write what is in the file here, as JSON")
    parser.add_argument("--totals", help="write the right totals here, as CSV")
    arguments = parser.parse_args()
    if arguments.rows < 100:
        parser.error("at least 100 rows, so that there is room for the damage")
    out = sys.stdout if arguments.output == "-" else open(arguments.output, "w", encoding="utf-8", newline="")
    with out:
        facts, totals = generate(arguments.rows, arguments.seed, out, LINE_ENDS[arguments.line_end])
    if arguments.facts:
        with open(arguments.facts, "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=2)
    if arguments.totals:
        write_totals(totals, arguments.totals)


if __name__ == "__main__":
    main()
