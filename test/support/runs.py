"""Runs of functions, as the admin API tells of them."""
import time


def runs(server, function, **query):
    answer = server.get("/api/v1/runs", params={"kind": "function", "job": function, "limit": 1000, **query})
    answer.raise_for_status()
    return answer.json()["runs"]


def wait_for_run(server, function, name, count=1, timeout=120, **query):
    """The newest run for the object `name`, once `count` of them have ended."""
    deadline = time.monotonic() + timeout
    while True:
        ended = [run for run in runs(server, function, **query)
                 if f"/{name}#" in run["input"] and run["status"] != "running"]
        if len(ended) >= count:
            return ended[0]
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(ended)} of {count} runs for {name} after {timeout} s:\n{ended}\n"
                                 + "".join(server.output[-40:]))
        time.sleep(0.05)


def wait_for_dead_letter(server, name, timeout=60):
    deadline = time.monotonic() + timeout
    while name not in server.get("/api/v1/deliveries", params={"state": "dead", "limit": 1000}).text:
        assert time.monotonic() < deadline, f"no dead letter for {name}"
        time.sleep(0.05)


def log_of(server, run):
    return server.get(f"/api/v1/runs/{run['id']}/logs").json()["text"]
