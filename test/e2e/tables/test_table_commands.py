"""The same by the command line."""
import json

from all_types import CSV, SCHEMA


def test_load_look_and_export(tables, dataset, server):
    name = f"{dataset}.t"
    done = json.loads(server.cli("load", name, str(tables.file("all.csv", CSV)), "--schema", SCHEMA, "--key", "id", "--json").stdout)
    assert (done["table"], done["rows"], done["table_created"]) == (name, 2, True)
    uri = tables.put(f"{dataset}/more.csv", "id,s\n2,two\nx,bad\n")
    text = server.cli("load", name, uri, "--mode", "upsert", "--max-bad-rows", "1").stdout
    assert "1 rows read" in text and "'x' is no long" in text
    bad = server.cli("load", name, uri, "--append", "--json", check=False)
    assert bad.returncode == 1 and json.loads(bad.stderr)["error"]["reason"] == "load.bad_rows"
    assert server.cli("load", name, uri, "--append", "--replace", check=False).returncode == 2
    assert server.cli("load", name, uri, "x.csv", check=False).returncode == 2

    assert name in server.cli("tables").stdout
    assert json.loads(server.cli("tables", dataset, "--json").stdout)["tables"][0]["table"] == name
    assert "key: id" in server.cli("table", "show", name).stdout
    history = json.loads(server.cli("table", "history", name, "--json").stdout)["snapshots"]
    assert len(history) == 2 and "append" in server.cli("table", "history", name).stdout
    assert "data" in server.cli("table", "files", name).stdout
    assert name in server.cli("table", "compact", name, "--all").stdout
    server.cli("table", "rollback", name, history[1]["snapshot_id"])
    assert len(tables.rows(name)) == 2
    assert server.cli("table", "rollback", name, check=False).returncode == 2
    assert server.cli("table", "show", "none", check=False).returncode == 2

    path = tables.folder / "out.jsonl"
    server.cli("export", name, str(path))
    assert [json.loads(line)["s"] for line in path.read_text().splitlines()].count(None) == 1
    server.cli("export", "--sql", f"SELECT count(*) AS n FROM {name}", "gs://files/n.csv")
    for what in (["--sql", "SELECT nothing"], ["no.table"]):
        assert server.cli("export", *what, str(tables.folder / "none.csv"), check=False).returncode == 1
    assert list(tables.folder.glob("none*")) == []
    assert server.cli("export", name, check=False).returncode == 2
