"""A PostgreSQL source: configured, checked with and without a server, mended by the SQL that the check gives."""
import time
import json

import pytest
from support.postgres import Postgres, programs

PASSWORD = "tr0ub4dor-secret"


@pytest.fixture(scope="module")
def postgres():
    if programs() is None:
        pytest.fail("no PostgreSQL: run `scripts/setup test`")
    with Postgres() as running:
        running.sql("CREATE DATABASE shop")
        running.sql(f"CREATE ROLE caudal LOGIN PASSWORD '{PASSWORD}'")
        running.sql('CREATE TABLE payments (id bigint PRIMARY KEY, amount numeric(12,2)); CREATE TABLE notes (t text);'
                    'CREATE SCHEMA "Odd S"; CREATE TABLE "Odd S"."T 1" (i int PRIMARY KEY)', "shop")
        yield running


def sources(postgres, password=PASSWORD, tables='["public.*", \'"Odd S".*\']'):
    return f"""
sources:
  shop:
    kind: postgres
    host: 127.0.0.1
    port: {postgres.port}
    database: shop
    user: caudal
    password: {password}
    tables: {tables}
"""


def codes(report, severity="error"):
    return sorted(finding["code"] for finding in report["findings"] if finding["severity"] == severity)


def test_a_source_is_checked_mended_and_listed(start, postgres):
    server = start(config=sources(postgres))
    deadline = time.monotonic() + 30
    while (listed := server.get("/api/v1/sources").json()["sources"])[0]["state"] != "stopped":
        assert time.monotonic() < deadline, listed
        time.sleep(0.05)
    assert [(s["name"], s["slot"], s["dataset"]) for s in listed] == [("shop", "caudal_shop", "raw_shop")]
    assert listed[0]["error"]["code"].startswith("postgres.check.") and listed[0]["error"]["remedy"]
    assert "source stopped" in "".join(server.output)
    assert "stopped" in server.cli("sources").stdout
    assert server.get("/api/v1/sources/shop").json()["tables"] == []
    assert server.get("/api/v1/sources/none").status_code == 404
    assert server.get("/api/v1/sources/none/check").status_code == 404

    report = server.get("/api/v1/sources/shop/check").json()
    assert not report["fine"] and report["server_version"]
    assert set(codes(report)) == {"publication", "role", "schema_privilege", "table_privilege"}
    assert "replica_identity" in codes(report, "warning")
    done = server.cli("sources", "check", "shop", check=False)
    assert done.returncode == 4
    assert 'ALTER TABLE "public"."notes" REPLICA IDENTITY FULL;' in done.stdout
    assert "shop: 127.0.0.1" in done.stdout and "is not ready" in done.stdout

    for finding in report["findings"]:
        for sql in finding["sql"] if finding["severity"] == "error" or finding["code"] == "replica_identity" else []:
            postgres.sql(sql, "shop")
    done = server.cli("sources", "check", "--json")
    report = json.loads(done.stdout)["sources"][0]
    assert report["fine"] and codes(report) == [] and report["system_id"]
    assert [(t["target"], t["key"]) for t in report["tables"]] == [("Odd S_T 1", ["i"]), ("notes", []), ("payments", ["id"])]
    # By the configuration alone, the same.
    server.stop()
    alone = json.loads(server.cli("sources", "check", "shop", "--json").stdout)["sources"][0]
    assert alone == report
    assert "is ready, 3 tables" in server.cli("sources", "check").stdout
    assert server.cli("sources", check=False).returncode == 3
    assert server.cli("sources", "check", "none", check=False).returncode == 1


def test_a_wrong_password_is_said_and_not_shown(start, postgres):
    server = start(config=sources(postgres, "wr0ng-secret"))
    done = server.cli("sources", "check", check=False)
    assert done.returncode == 4 and "password authentication failed" in done.stdout
    assert "give the role's password" in done.stdout
    log = (server.folder / "data/logs/caudal.log").read_text()
    answer = server.get("/api/v1/sources/shop/check").text + server.get("/api/v1/sources").text
    for text in (done.stdout, done.stderr, log, "".join(server.output), answer):
        assert "wr0ng-secret" not in text


def test_what_is_wrong_in_the_configuration_is_named(start, postgres):
    server = start(config=sources(postgres))
    server.config_file.write_text(server.config_file.read_text().replace('"public.*"', '"public.a b"'))
    done = server.cli("check", check=False)
    assert done.returncode == 4 and "sources.shop: tables: the pattern 'public.a b' has a space" in done.stdout
