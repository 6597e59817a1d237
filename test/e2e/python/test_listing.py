"""Listing: prefixes, delimiters, offsets, globs, versions, and 100,000 objects by pages."""
import pytest
import requests
from google.api_core import exceptions

TREE = ["a.txt", "dir", "dir/", "dir/one.csv", "dir/sub/deep.csv", "dir/two.parquet", "other/x.csv", "z.csv"]


@pytest.fixture
def tree(bucket):
    for name in TREE:
        bucket.blob(name).upload_from_string(name)
    return bucket


def names(iterator):
    return [one.name for one in iterator]


def test_all_in_order(tree):
    assert names(tree.list_blobs()) == sorted(TREE)


def test_prefix_and_delimiter(tree):
    listing = tree.list_blobs(delimiter="/")
    assert names(listing) == ["a.txt", "dir", "z.csv"]
    assert listing.prefixes == {"dir/", "other/"}
    listing = tree.list_blobs(prefix="dir/", delimiter="/")
    assert names(listing) == ["dir/", "dir/one.csv", "dir/two.parquet"]
    assert listing.prefixes == {"dir/sub/"}
    listing = tree.list_blobs(delimiter="/", include_trailing_delimiter=True)
    assert names(listing) == ["a.txt", "dir", "dir/", "z.csv"]


def test_offsets(tree):
    assert names(tree.list_blobs(start_offset="dir/one.csv", end_offset="other/x.csv")) == [
        "dir/one.csv", "dir/sub/deep.csv", "dir/two.parquet"]


@pytest.mark.parametrize("glob, expected", [
    ("*.csv", ["z.csv"]),
    ("**.csv", ["dir/one.csv", "dir/sub/deep.csv", "other/x.csv", "z.csv"]),
    ("dir/*", ["dir/", "dir/one.csv", "dir/two.parquet"]),
    ("dir/{one,two}.*", ["dir/one.csv", "dir/two.parquet"]),
    ("?.csv", ["z.csv"]),
    ("[ao]*/**", ["other/x.csv"]),
])
def test_globs(tree, glob, expected):
    assert names(tree.list_blobs(match_glob=glob)) == expected


def test_pages_hold_items_and_prefixes_together(server, tree):
    items, prefixes, token, pages = [], [], None, 0
    while True:
        query = {"delimiter": "/", "maxResults": 2, **({"pageToken": token} if token else {})}
        page = requests.get(f"{server.url}/storage/v1/b/{tree.name}/o", params=query, timeout=30).json()
        assert len(page.get("items", [])) + len(page.get("prefixes", [])) <= 2
        items += [one["name"] for one in page.get("items", [])]
        prefixes += page.get("prefixes", [])
        pages += 1
        token = page.get("nextPageToken")
        if not token:
            break
    assert items == ["a.txt", "dir", "z.csv"]
    assert prefixes == ["dir/", "other/"]
    assert pages == 3


def test_fields_and_bad_arguments(server, tree):
    page = server.get(f"/storage/v1/b/{tree.name}/o?fields=items(name,size),nextPageToken&maxResults=1").json()
    assert page["items"] == [{"name": "a.txt", "size": "5"}]
    assert set(page) == {"items", "nextPageToken"}
    for query in ("maxResults=none", "maxResults=-1", "pageToken=%00%01", "matchGlob=%5B"):
        answer = server.get(f"/storage/v1/b/{tree.name}/o?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["error"]["message"]


def test_versions_are_listed(client, bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    generations = []
    for text in ("1", "2", "3"):
        blob = bucket.blob("v")
        blob.upload_from_string(text)
        generations.append(blob.generation)
    bucket.blob("w").upload_from_string("w")
    assert names(bucket.list_blobs()) == ["v", "w"]
    versions = list(bucket.list_blobs(versions=True))
    assert [(one.name, one.generation) for one in versions[:3]] == [("v", one) for one in generations]
    assert versions[0].time_deleted is not None
    assert versions[2].time_deleted is None


def test_listing_a_missing_bucket(client):
    with pytest.raises(exceptions.NotFound):
        list(client.list_blobs("no-such-bucket-at-all"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_objects(client, many_objects):
    """Read by pages, with every kind of filter."""
    bucket, wanted = client.bucket(many_objects[0]), many_objects[1]
    got = []
    for page in bucket.list_blobs(page_size=1000, fields="items(name),nextPageToken").pages:
        got += [one.name for one in page]
    assert got == wanted
    listing = bucket.list_blobs(delimiter="/", page_size=3)
    assert names(listing) == []
    assert listing.prefixes == {f"y{i}/" for i in range(10)}
    listing = bucket.list_blobs(prefix="y3/", delimiter="/")
    assert names(listing) == []
    assert listing.prefixes == {f"y3/m{i}/" for i in range(10)}
    assert names(bucket.list_blobs(prefix="y3/m7/")) == wanted[37_000:38_000]
    assert names(bucket.list_blobs(match_glob="y9/**/*9999.txt")) == [
        name for name in wanted if name.startswith("y9/") and name.endswith("9999.txt")]
    assert names(bucket.list_blobs(start_offset="y9/m9/099990.txt")) == wanted[99_990:]
