"""Functions in caudal.yaml, while the server runs and before, and on the command line."""
import json

from support import functions as f
from support.webhook import WebhookReceiver

HTTP = """
    kind: http
    trigger: {{bucket: in-bucket, prefix: "{prefix}"}}
    url: {url}
"""


def test_functions_come_and_go_by_reload(start):
    with WebhookReceiver() as receiver:
        server = start(f.config(one=HTTP.format(prefix="a/", url=receiver.url)))
        f.upload(server, "a/1")
        f.wait_idle(server, "one", 1)
        head = f"data: {json.dumps(str(server.folder / 'data'))}\n"
        server.config_file.write_text(head + f.config(
            one=HTTP.format(prefix="b/", url=receiver.url), two=HTTP.format(prefix="a/", url=receiver.url)))
        assert "functions" in json.loads(server.cli("reload", "--json").stdout)["applied"]
        f.upload(server, "a/2")
        f.upload(server, "b/2")
        f.wait_idle(server, "two", 1)
        f.wait_idle(server, "one", 2)
        assert {one["input"].split("#")[0] for one in f.runs(server, "one")} == {"gs://in-bucket/a/1", "gs://in-bucket/b/2"}
        server.config_file.write_text(head + f.config(two=HTTP.format(prefix="", url=receiver.url)))
        server.cli("reload")
        assert [one["name"] for one in server.get("/api/v1/functions").json()["functions"]] == ["two"]
        # A configuration that is wrong changes nothing.
        server.config_file.write_text(head + f.config(two=HTTP.format(prefix="", url="ftp://x")))
        assert server.cli("reload", check=False).returncode == 2
        assert len(f.runs(server, "one")) == 2
        assert server.get("/api/v1/functions/one").status_code == 404


def test_a_function_that_fires_itself_is_refused(start, tmp_path):
    loop = f.config(one=HTTP.format(prefix="raw/", url="http://127.0.0.1:9/") + "    writes: ['gs://in-bucket/raw/done/']\n")
    (tmp_path / "caudal.yaml").write_text("data: data\n" + loop)
    server = start()
    refused = server.run("check", "--config", str(tmp_path / "caudal.yaml"), check=False)
    assert refused.returncode == 4
    assert "fires it again" in refused.stdout and "allow_loops" in refused.stdout
    assert server.run("up", "--config", str(tmp_path / "caudal.yaml"), check=False).returncode == 2
    (tmp_path / "caudal.yaml").write_text("data: data\n" + loop + "    allow_loops: true\n")
    server.run("check", "--config", str(tmp_path / "caudal.yaml"))


def test_the_command_line(start):
    answers = iter([204, 500, 500])
    with WebhookReceiver(lambda one: next(answers, 204)) as receiver:
        server = start(f.config(web=HTTP.format(prefix="", url=receiver.url) + f"    retry: {f.ONCE}\n"))
        assert "web" in server.cli("functions").stdout
        assert "no runs yet" in server.cli("functions", "logs", "web", check=False).stderr
        for count, name in enumerate("abc", 1):
            f.upload(server, name)
            f.wait_idle(server, "web", count)
        listed = json.loads(server.cli("functions", "list", "--json").stdout)["functions"][0]
        assert (listed["kind"], listed["state"], listed["dead"]) == ("http", "ready", 2)
        assert listed["runs"] == {"running": 0, "succeeded": 1, "failed": 2, "interrupted": 0}
        table = server.cli("functions", "runs", "web", "--status", "failed").stdout
        assert "gs://in-bucket/b#" in table and "HTTP 500" in table and "gs://in-bucket/a#" not in table
        assert server.cli("functions", "runs", "--status", "odd", check=False).returncode == 1
        assert "answered HTTP 500" in server.cli("functions", "logs", "web").stdout
        assert json.loads(server.cli("functions", "logs", "1", "--json").stdout)["text"].startswith("caudal: answered HTTP 204")
        assert server.cli("functions", "logs", "99", check=False).returncode == 1
        assert server.cli("functions", "replay", "web", check=False).returncode == 2
        assert "2 events" in server.cli("functions", "replay", "web", "--dead").stdout
        f.wait_for(lambda: f.function(server, "web")["dead"] == 0 and not f.function(server, "web")["pending"])
        assert "1 events" in server.cli("functions", "replay", "web", "--event", "1").stdout
        refused = server.cli("functions", "deploy", "web", check=False)
        assert refused.returncode == 1 and "nothing to deploy" in refused.stderr
        assert server.cli("functions", "deploy", "none", check=False).returncode == 1
        metrics = server.get("/metrics").text
        assert 'caudal_function_ready{function="web"} 1' in metrics
        assert 'caudal_function_runs_failed_total{function="web"} 2' in metrics
        server.env["LC_ALL"] = "es_ES.UTF-8"
        assert "vuelven a ejecutarse" in server.cli("functions", "replay", "1").stdout
        assert "Lista las funciones" in server.run("--help").stdout


def test_the_api(start):
    with WebhookReceiver() as receiver:
        server = start(f.config(web=HTTP.format(prefix="", url=receiver.url)))
        for name in "abc":
            f.upload(server, name)
        f.wait_idle(server, "web", 3)
        first = server.get("/api/v1/runs?limit=2").json()
        assert len(first["runs"]) == 2
        second = server.get(f"/api/v1/runs?limit=2&before={first['next_before']}").json()["runs"]
        assert [one["id"] for one in first["runs"] + second] == [3, 2, 1]
        one = server.get("/api/v1/runs/1").json()
        assert one["report"] == {"http_status": 204} and one["duration_ms"] >= 0
        assert [run["id"] for run in server.get(f"/api/v1/runs?event={one['event']}").json()["runs"]] == [1]
        for path, status in (("/api/v1/runs/x", 404), ("/api/v1/runs/9", 404), ("/api/v1/runs/9/logs", 404),
                             ("/api/v1/runs?status=odd", 400), ("/api/v1/runs?limit=0", 400),
                             ("/api/v1/functions/none", 404), ("/api/v1/functions/none/deploy", 404)):
            assert server.get(path).status_code == status, path
        status = server.get("/api/v1/status").json()
        assert status["functions"] == {"count": 1, "ready": 1}
