"""Makes the table of a case, and holds what engines read of it against the case's rows."""
import datetime
import decimal
import re
import uuid

import pytest
from engines import can, can_filter

# What an engine may say that it does wrong, as the text of an error has it, and why.
FAULTS = {
    "spark: check_filters: .*BigIntVector cannot be cast to class .*IntVector":
        "Iceberg 1.11 in Spark takes the vector of a long for one of an int, where a column was widened",
}


def plain(value):
    """The same for the same value, whichever engine's types it comes in; tells -0.0 from 0.0."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, tuple) for one in value):
        return sorted((repr(plain(key)), plain(one)) for key, one in value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return value


def make(case, engines):
    properties = {"format-version": str(case.version)}
    if case.merge_on_read:
        properties |= {f"write.{verb}.mode": "merge-on-read" for verb in ("delete", "update", "merge")}
    name = f"t{case.number}"
    for commit in case.commits:
        try:
            if commit.verb == "create":
                engines[commit.writer].create(name, commit, properties)
            else:
                engines[commit.writer].do(name, commit)
        except Exception as error:
            raise AssertionError(f"{commit}: {str(error)[:2000]}") from None
    return name


def check_rows(case, engine, name, wrong):
    expected = sorted((tuple(plain(row[column.uid]) for column in case.columns) for row in case.rows), key=str)
    order = [column.name for column in case.columns]
    rows = engine.all(name)
    found = sorted((tuple(plain(row[column]) for column in order) for row in rows), key=str)
    if rows and list(rows[0]) != order:
        wrong.append(f"{engine.name}: columns {list(rows[0])}, not {order}")
    missing, more = [row for row in expected if row not in found], [row for row in found if row not in expected]
    if missing or more or len(found) != len(expected):
        wrong.append(f"{engine.name}: {len(found)} rows, not {len(expected)}; missing {missing[:3]}; too much {more[:3]}")


def check_filters(case, engine, name, wrong):
    filters = [one for one in case.filters if can_filter(engine.name, one)]
    for one, found in zip(filters, engine.ids(name, filters), strict=True):
        sure = {row[0] for row in case.rows if one.holds(row)}
        perhaps = {row[0] for row in case.rows if one.holds(row) is None}
        if len(set(found)) != len(found) or not sure <= set(found) <= sure | perhaps:
            wrong.append(f"{engine.name}: {one.column.name} ({one.kind.name}) {one.field or ''} {one.op} {one.value!r}: "
                         f"missing {[row for row in case.rows if row[0] in sure - set(found)][:1]}, too much "
                         f"{[row for row in case.rows if row[0] in set(found) - sure - perhaps][:1]}")


def check(case, engines):
    """`engines` by name: those that make the table, and all read it that can."""
    name = make(case, engines)
    wrong = []
    for engine in engines.values():
        if can(engine.name, "read", case):
            for part in (check_rows, check_filters):
                try:
                    part(case, engine, name, wrong)
                except Exception as error:
                    wrong.append(f"{engine.name}: {part.__name__}: {type(error).__name__} {str(error)[-700:]}")
    known = {one: reason for one in wrong for fault, reason in FAULTS.items() if re.match(fault, one, re.S)}
    assert len(known) == len(wrong), "\n".join([*map(str, case.commits), *wrong])
    if known:
        pytest.xfail("; ".join(known.values()))
