"""Looking at tables by the admin API, and putting them back."""
import time

import pytest
import requests
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType


@pytest.fixture
def ask(server):
    def one(path, body=None, status=200):
        url = f"{server.url}/api/v1/tables{path}"
        answer = requests.get(url, timeout=60) if body is None else requests.post(url, json=body, timeout=60)
        assert answer.status_code == status, answer.text
        return answer.json()

    return one


def test_lists_shows_and_rolls_back(tables, dataset, catalog, ask):
    name, path = f"{dataset}.orders", f"/{dataset}/orders"
    tables.load(name, tables.file("a.csv", "id,name\n1,a\n2,b\n"), key="id")
    first = catalog.load_table(name).current_snapshot()
    time.sleep(0.02)
    tables.load(name, tables.file("b.csv", "id,name\n2,B\n"), mode="upsert")
    listed = ask(f"?dataset={dataset}")["tables"]
    assert [(table["table"], table["files"]) for table in listed] == [(name, 2)] and listed[0]["bytes"] > 0
    assert name in [table["table"] for table in ask("")["tables"]]

    shown = ask(path)
    assert shown["key"] == ["id"] and [column["type"] for column in shown["columns"]] == ["long", "string"]
    assert shown["schema"]["identifier-field-ids"] == [1] and shown["partitioning"] == [] and shown["location"].startswith("gs://")

    history = ask(f"{path}/history")["snapshots"]
    assert [(one["operation"], one["refs"]) for one in history] == [("overwrite", ["main"]), ("append", [])]
    assert history[1]["snapshot_id"] == str(first.snapshot_id) and history[1]["added_rows"] == 2
    files = ask(f"{path}/files")["files"]
    assert sorted((one["content"], one["rows"]) for one in files) == [("data", 1), ("data", 2), ("position-deletes", 1)]

    assert ask(f"{path}/rollback", {"snapshot_id": str(first.snapshot_id)})["before"] == history[0]["snapshot_id"]
    assert catalog.load_table(name).current_snapshot().snapshot_id == first.snapshot_id
    assert [row["name"] for row in tables.rows(name)] == ["a", "b"]
    tables.load(name, tables.file("c.csv", "id,name\n1,A\n"), mode="upsert")
    assert [row["name"] for row in tables.rows(name)] == ["A", "b"]

    catalog.load_table(name).manage_snapshots().create_tag(first.snapshot_id, "start").commit()
    ask(f"{path}/rollback", {"ref": "start"})
    assert [row["name"] for row in tables.rows(name)] == ["a", "b"]
    answer = ask(f"{path}/rollback", {"timestamp": history[0]["time"]})
    assert answer["snapshot_id"] in {one["snapshot_id"] for one in history}


def test_partitions_are_shown(tables, catalog, dataset, ask):
    catalog.create_namespace(dataset)
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "city", StringType()))
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "city"), PartitionField(1, 1001, BucketTransform(4), "id_bucket"))
    catalog.create_table(f"{dataset}.p", schema=schema, partition_spec=spec)
    tables.load(f"{dataset}.p", tables.file("p.csv", "id,city\n1,Rome\n2,Oslo\n"))
    assert ask(f"/{dataset}/p")["partitioning"] == [
        {"name": "city", "column": "city", "transform": "identity"}, {"name": "id_bucket", "column": "id", "transform": "bucket[4]"}]
    partitions = [file["partition"] for file in ask(f"/{dataset}/p/files")["files"]]
    assert sorted(one["city"] for one in partitions) == ["Oslo", "Rome"] and all(one["id_bucket"] in range(4) for one in partitions)


def test_says_what_is_wrong(tables, dataset, ask):
    tables.load(f"{dataset}.t", tables.file("a.csv", "id\n1\n"))
    ask(f"/{dataset}/t/rollback", {"snapshot_id": "5"}, 404)
    ask(f"/{dataset}/t/rollback", {"snapshot_id": "x"}, 400)
    ask(f"/{dataset}/t/rollback", {}, 400)
    ask(f"/{dataset}/t/rollback", {"ref": "none"}, 404)
    ask(f"/{dataset}/t/rollback", {"timestamp": "1990-01-01T00:00:00Z"}, 404)
    ask(f"/{dataset}/none", None, 404)
    ask("?dataset=none", None, 404)


def test_compaction(tables, dataset, catalog, ask):
    name, path = f"{dataset}.t", f"/{dataset}/t"
    for i in range(3):
        tables.load(name, tables.file("a.csv", f"id,name\n{i},n{i}\n9,nine\n"), key="id", mode="upsert")
    before = tables.rows(name, "id")
    answer = ask(f"{path}/compact", {"everything": True})
    assert answer["removed_data_files"] >= 3 and answer["added_data_files"] == 1
    assert [(one["content"], one["rows"]) for one in ask(f"{path}/files")["files"]] == [("data", 4)]
    assert tables.rows(name, "id") == before
    ask(f"{path}/compact", {"everything": "yes"}, 400)
    ask(f"/{dataset}/none/compact", {}, 404)
