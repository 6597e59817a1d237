"""Two objects for each input, told apart by its generation: one run makes both, and a second run makes the same."""
import hashlib
import os
import urllib.parse
import urllib.request

SERVER = os.environ["STORAGE_EMULATOR_HOST"]


def quote(text):
    return urllib.parse.quote(text, safe="")


def read(data):
    path = f"/download/storage/v1/b/{data['bucket']}/o/{quote(data['name'])}?alt=media&generation={data['generation']}"
    with urllib.request.urlopen(SERVER + path, timeout=30) as answer:
        return answer.read()


def write(name, body):
    path = f"/upload/storage/v1/b/{os.environ['OUTPUT']}/o?uploadType=media&name={quote(name)}"
    urllib.request.urlopen(urllib.request.Request(SERVER + path, data=body, method="POST"), timeout=30).close()


def run(data, context):
    body = read(data)
    lines = body.decode().splitlines()
    name = f"{data['name']}@{data['generation']}"
    write(name + "/digest", f"{context.event_id} {len(lines)} {hashlib.sha256(body).hexdigest()}\n".encode())
    write(name + "/reversed", "\n".join(reversed(lines)).encode())
    print("wrote", name)
