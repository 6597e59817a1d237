"""Runs storage.test.js with Node's own test runner: it needs a server, one that gets killed, and a bad network."""
import json
import os
import pathlib
import subprocess

import pytest
from support.cutting_proxy import CuttingProxy
from support.keys import service_account_key

MIB = 1 << 20


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_node_client(server, start, many_objects):
    killed = start("server: {allowed_hosts: [127.0.0.1]}\n")
    cache = pathlib.Path(os.environ.get("CAUDAL_CACHE", pathlib.Path.home() / ".cache/caudal"))
    with CuttingProxy(("127.0.0.1", server.port), cut_after=30 * MIB, cuts=3) as cutting, CuttingProxy(
            ("127.0.0.1", killed.port), cut_after=50 * MIB, cuts=2, on_cut=killed.restart) as killing:
        env = {
            **os.environ, "NODE_PATH": str(cache / "node" / "node_modules"), "CAUDAL_URL": server.url,
            "CAUDAL_KEY": json.dumps(service_account_key(server, "node-signer")), "CAUDAL_CUT_URL": cutting.url,
            "CAUDAL_KILLED_URL": killed.url, "CAUDAL_KILL_URL": killing.url, "CAUDAL_MANY_BUCKET": many_objects[0],
        }
        env.pop("STORAGE_EMULATOR_HOST", None)
        done = subprocess.run(["node", "--test", "--test-reporter=spec", "storage.test.js"], cwd=pathlib.Path(__file__).parent,
                              env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=800, check=False)
        print(done.stdout[-6000:])
        assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-3000:]
        assert cutting.cuts_made == 3
        assert killing.cuts_made == 2
