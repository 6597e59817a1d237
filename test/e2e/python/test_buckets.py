"""Buckets by Google's Python client."""
import pytest
from google.api_core import exceptions


def test_created_bucket_is_found_listed_and_deleted(client, bucket_name):
    made = client.create_bucket(bucket_name, location="eu")
    assert made.metageneration == 1
    found = client.get_bucket(bucket_name)
    assert found.location == "EU"
    assert found.storage_class == "STANDARD"
    assert found.time_created is not None
    assert found.etag
    assert bucket_name in [one.name for one in client.list_buckets(prefix=bucket_name)]
    assert found.exists()
    found.delete()
    assert not found.exists()
    with pytest.raises(exceptions.NotFound):
        client.get_bucket(bucket_name)
    assert client.lookup_bucket(bucket_name) is None


def test_second_bucket_of_a_name_conflicts(client, bucket):
    with pytest.raises(exceptions.Conflict):
        client.create_bucket(bucket.name)


@pytest.mark.parametrize("name", ["UPPER", "ab", "a" * 64, "storage", "upload", "api", "10.0.0.1", "a..b"])
def test_bad_or_reserved_names_are_refused(client, name):
    with pytest.raises(exceptions.BadRequest) as caught:
        client.create_bucket(name)
    assert name in str(caught.value)


def test_bucket_with_objects_is_not_deleted_unless_forced(bucket):
    bucket.blob("a").upload_from_string(b"x")
    with pytest.raises(exceptions.Conflict):
        bucket.delete()
    bucket.delete(force=True)
    assert not bucket.exists()


def test_patch_changes_labels_lifecycle_versioning_and_cors(client, bucket):
    bucket.labels = {"team": "data", "tier": "raw"}
    bucket.versioning_enabled = True
    bucket.add_lifecycle_delete_rule(age=30, matches_prefix=["tmp/"])
    bucket.cors = [{"origin": ["http://example.test"], "method": ["GET"], "maxAgeSeconds": 60}]
    bucket.patch()
    again = client.get_bucket(bucket.name)
    assert again.labels == {"team": "data", "tier": "raw"}
    assert again.versioning_enabled
    rule = list(again.lifecycle_rules)[0]
    assert rule["action"]["type"] == "Delete"
    assert rule["condition"] == {"age": 30, "matchesPrefix": ["tmp/"]}
    assert again.cors[0]["maxAgeSeconds"] == 60
    assert again.metageneration == 2
    labels = again.labels
    del labels["tier"]
    again.labels = labels
    again.clear_lifecycle_rules()
    again.patch()
    last = client.get_bucket(bucket.name)
    assert last.labels == {"team": "data"}
    assert not list(last.lifecycle_rules)
    assert last.metageneration == 3


def test_metageneration_preconditions(client, bucket):
    bucket.labels = {"a": "b"}
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.patch(if_metageneration_match=7)
    bucket.patch(if_metageneration_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        client.get_bucket(bucket.name, if_metageneration_match=1)
    assert client.get_bucket(bucket.name, if_metageneration_match=2).labels == {"a": "b"}


def test_buckets_are_listed_by_pages(client, bucket_name):
    names = [f"{bucket_name}-{i}" for i in range(7)]
    for name in names:
        client.create_bucket(name)
    pages = list(client.list_buckets(prefix=bucket_name + "-", page_size=3).pages)
    assert [page.num_items for page in pages] == [3, 3, 1]
    assert [one.name for one in client.list_buckets(prefix=bucket_name + "-")] == names


def test_iam_permissions_are_tested(bucket):
    permissions = ["storage.objects.get", "storage.objects.create"]
    assert bucket.test_iam_permissions(permissions) == permissions


def test_storage_layout(server, bucket):
    answer = server.get(f"/storage/v1/b/{bucket.name}/storageLayout")
    assert answer.status_code == 200
    assert answer.json()["bucket"] == bucket.name
    assert not answer.json().get("hierarchicalNamespace", {}).get("enabled", False)


def test_fields_select_parts_of_the_answer(server, bucket):
    answer = server.get(f"/storage/v1/b/{bucket.name}?fields=name,metageneration").json()
    assert answer == {"name": bucket.name, "metageneration": "1"}
