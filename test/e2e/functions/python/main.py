"""Cloud Functions as people write them; what `misbehave` does is in the name of the object."""
import ctypes
import json
import os
import subprocess
import sys
import time

import functions_framework
import gcsfs
import pandas
from google.cloud import storage


def first_generation(data, context):
    client = storage.Client()
    text = client.bucket(data["bucket"]).blob(data["name"]).download_as_text()
    told = {"id": context.event_id, "type": context.event_type, "resource": context.resource["name"],
            "name": data["name"], "size": data["size"], "text": text}
    client.bucket("out-bucket").blob(data["name"] + ".json").upload_from_string(json.dumps(told))
    print("read", len(text), "characters of", data["name"])


@functions_framework.cloud_event
def cloud_event(event):
    client = storage.Client()
    # By way of its media link, as a listing gives it.
    blob = next(client.list_blobs(event.data["bucket"], prefix=event.data["name"]))
    told = {"id": event["id"], "type": event["type"], "subject": event["subject"], "text": blob.download_as_text()}
    client.bucket("out-bucket").blob(event.data["name"] + ".json").upload_from_string(json.dumps(told))


def with_pandas(data, context):
    frame = pandas.read_csv(f"gs://{data['bucket']}/{data['name']}")
    frame["total"] = frame["a"] + frame["b"]
    frame.to_csv(f"gs://out-bucket/{data['name']}", index=False)
    assert gcsfs.GCSFileSystem().exists(f"out-bucket/{data['name']}")


def misbehave(data, context):
    what = data["name"].split("/")[0]
    print("doing", what)
    if what == "raise":
        raise ValueError("no good")
    if what == "exit":
        os._exit(3)
    if what == "segfault":
        ctypes.string_at(0)
    if what == "hang":
        time.sleep(3600)
    if what == "eat":
        held = []
        while True:
            held.append(bytearray(os.urandom(1 << 20)))
    if what == "fork":
        for one in range(200):
            subprocess.Popen(["sleep", "3600"], start_new_session=one % 2 == 0)
        time.sleep(3600)
    if what == "print":
        for line in range(100_000):
            print("line", line)
    if what == "once" and not os.path.exists(marker := os.environ["MARKERS"] + "/" + data["name"].replace("/", "-")):
        open(marker, "w").close()
        sys.exit("not at first")
    if what == "wait":
        open(os.environ["MARKERS"] + "/waiting", "a").write("x")
        while not os.path.exists(os.environ["MARKERS"] + "/go"):
            time.sleep(0.01)
