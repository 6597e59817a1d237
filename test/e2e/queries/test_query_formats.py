"""What pyiceberg wrote comes back from a query in each format, value for value, over HTTP and from the command line."""
import base64
import datetime
import decimal
import io
import json

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
import requests
from support.all_types import ROWS, SCHEMA, TABLE

SQL = "SELECT * FROM {}.everything ORDER BY id"


def from_json(value, kind):
    """A value of a JSON line, by what docs/formats/query-results.md says."""
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        assert isinstance(value, str)
        return decimal.Decimal(value)
    if pa.types.is_int64(kind):
        assert isinstance(value, str)
        return int(value)
    if pa.types.is_floating(kind):
        assert isinstance(value, float) or value in ("NaN", "Infinity", "-Infinity")
        return float(value)
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return base64.b64decode(value, validate=True)
    if pa.types.is_date(kind):
        return datetime.date.fromisoformat(value)
    if pa.types.is_time(kind):
        return datetime.time.fromisoformat(value)
    if pa.types.is_timestamp(kind):
        assert value.endswith("Z") == (kind.tz is not None)
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if pa.types.is_map(kind):
        return [(from_json(key, kind.key_type), from_json(item, kind.item_type)) for key, item in value]
    if pa.types.is_list(kind):
        return [from_json(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        assert list(value) == [field.name for field in kind]
        return {field.name: from_json(value[field.name], field.type) for field in kind}
    return value


def from_lines(text):
    lines = text.split("\n")
    assert lines[-1] == ""
    assert [column["name"] for column in json.loads(lines[0])["schema"]] == SCHEMA.names
    assert json.loads(lines[-2]) == {"rows": len(lines) - 3}
    return [{field.name: from_json(value, field.type) for field, value in zip(SCHEMA, json.loads(line), strict=True)}
            for line in lines[1:-2]]


def cells(text):
    """RFC 4180, with None for what isn't there at all."""
    rows, row, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            value, at = "", at + 1
            while True:
                end = text.index('"', at)
                value += text[at:end]
                at = end + 1
                if text[at] != '"':
                    break
                value, at = value + '"', at + 1
        else:
            end = min(text.index(mark, at) for mark in (",", "\r\n") if mark in text[at:])
            value, at = text[at:end] or None, end
        row.append(value)
        if text[at] == ",":
            at += 1
        else:
            assert text[at:at + 2] == "\r\n"
            rows, row, at = rows + [row], [], at + 2
    return rows


def from_csv(text):
    head, *rows = cells(text)
    assert head == SCHEMA.names

    def value(cell, kind):
        if cell is None:
            return None
        if pa.types.is_nested(kind) or pa.types.is_boolean(kind) or pa.types.is_int32(kind):
            return from_json(json.loads(cell), kind)
        return from_json(float(cell) if pa.types.is_floating(kind) else cell, kind)

    return [{field.name: value(cell, field.type) for field, cell in zip(SCHEMA, row, strict=True)} for row in rows]


def from_arrow(content):
    table = pa.ipc.open_stream(content).read_all()
    table.validate(full=True)
    for field in table.schema:
        expected = SCHEMA.field(field.name).type
        assert field.type == (pa.binary() if pa.types.is_fixed_size_binary(expected) else expected) or pa.types.is_nested(expected)
    return table.to_pylist()


def from_parquet(content):
    return pa.parquet.read_table(io.BytesIO(content)).to_pylist()


READERS = {
    "jsonl": lambda content: from_lines(content.decode()),
    "csv": lambda content: from_csv(content.decode()),
    "arrow": from_arrow,
    "parquet": from_parquet,
}


def test_the_table_is_what_was_meant():
    assert TABLE.to_pylist() == ROWS


@pytest.mark.parametrize("name", READERS)
def test_over_http(server, space, name):
    answer = requests.post(f"{server.url}/api/v1/query", json={"sql": SQL.format(space), "format": name}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert READERS[name](answer.content) == ROWS


@pytest.mark.parametrize("name", READERS)
def test_from_the_command_line(server, space, tmp_path, name):
    file = tmp_path / f"rows.{name}"
    server.cli("query", SQL.format(space), "--output", str(file))
    assert READERS[name](file.read_bytes()) == ROWS
    assert list(tmp_path.iterdir()) == [file]


def test_json_is_objects(server, space):
    done = server.cli("query", "SELECT id, text, dec9 FROM everything ORDER BY id LIMIT 2", "--dataset", space, "--json")
    assert json.loads(done.stdout) == [{"id": "1", "text": ROWS[0]["text"], "dec9": "-0.05"}, {"id": "2", "text": "", "dec9": "0.00"}]
    assert json.loads(server.cli("query", f"SELECT id FROM {space}.everything WHERE false", "--format", "json").stdout) == []


@pytest.mark.parametrize("name", READERS)
def test_no_rows_are_a_result_too(server, space, name):
    sql = f"SELECT * FROM {space}.everything WHERE id = 99"
    answer = requests.post(f"{server.url}/api/v1/query", json={"sql": sql, "format": name}, timeout=60)
    assert READERS[name](answer.content) == []


def test_sums_are_exact(server, space):
    sql = f"SELECT sum(big::HUGEINT) AS total, count(*) AS n FROM {space}.everything WHERE id = 1"
    for name, read in {"arrow": lambda content: pa.ipc.open_stream(content).read_all().to_pylist(), "parquet": from_parquet}.items():
        answer = requests.post(f"{server.url}/api/v1/query", json={"sql": sql, "format": name}, timeout=60)
        assert read(answer.content) == [{"total": decimal.Decimal(2**63 - 1), "n": 1}]


def test_parquet_refuses_what_it_would_round(server):
    answer = requests.post(f"{server.url}/api/v1/query", json={"sql": "SELECT [1::HUGEINT] AS wide", "format": "parquet"}, timeout=60)
    assert answer.status_code == 501
    assert "'wide'" in answer.json()["error"]["message"]
