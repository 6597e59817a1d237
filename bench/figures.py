"""The figures: what is asked of which servers, and the ratio that each must reach."""
import dataclasses
import json
import os
import statistics
import subprocess

import servers

KIB, MIB = 1 << 10, 1 << 20
CONNECTIONS = 16


@dataclasses.dataclass
class Figure:
    name: str
    title: str
    target: float   # ours / theirs, at least
    mode: str
    size: int
    other: str      # "fake-gcs-server" or "nginx"
    objects: int = 0       # there before the measurement
    floor: bool = False


FIGURES = [
    Figure("upload-4k", "4 KiB uploads", 5, "upload", 4 * KIB, "fake-gcs-server"),
    Figure("read-4k", "4 KiB reads, random of 1,000", 5, "read", 4 * KIB, "fake-gcs-server", objects=1000),
    Figure("list", "list 100 of 10,000 objects", 20, "list", 16, "fake-gcs-server", objects=10_000),
    Figure("upload-1m", "1 MiB uploads", 4, "upload", MIB, "fake-gcs-server", floor=True),
    Figure("read-1m", "1 MiB reads, random of 64", 0.8, "read", MIB, "nginx", objects=64),
]


@dataclasses.dataclass
class Outcome:
    figure: Figure
    ours: dict
    theirs: dict
    ratios: list
    floor: dict | None

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    @property
    def cpu_ratio(self):
        return self.ours["per_server_cpu_second"] / max(self.theirs["per_server_cpu_second"], 1e-9)


class Bench:
    def __init__(self, programs, caudal, fake_gcs, folder, rounds, seconds):
        self.programs, self.caudal, self.fake_gcs = programs, caudal, fake_gcs
        self.folder, self.rounds, self.seconds = folder, rounds, seconds

    def load(self, server, figure, *more):
        command = [str(self.programs / "load"), "--mode", figure.mode, "--port", str(server.port),
                   "--connections", str(CONNECTIONS), "--size", str(figure.size), "--bucket", "bench",
                   "--objects", str(max(figure.objects, 1)), *map(str, more)]
        for pid in server.pids():
            command += ["--pid", str(pid)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{server.name}, {figure.name}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def fill(self, server, figure):
        """The objects that must be there; nginx gets the same bytes as plain files."""
        if not figure.objects:
            return
        if isinstance(server, servers.Nginx):
            raise AssertionError("nginx is filled from Caudal's objects")
        upload = dataclasses.replace(figure, mode="upload")
        got = self.load(server, upload, "--requests", figure.objects, "--seconds", 600)
        assert got["requests"] == figure.objects, got

    def fill_nginx(self, nginx, ours, figure):
        target = nginx.folder / "files" / "o"
        target.mkdir()
        for number in range(figure.objects):
            payload = ours.request("GET", f"/download/storage/v1/b/bench/o/o%2F{number:08d}?alt=media")
            (target / f"{number:08d}").write_bytes(payload)

    def start(self, figure):
        base = self.folder / figure.name
        ours = servers.Caudal(base / "caudal", self.caudal)
        try:
            if figure.other == "nginx":
                theirs = servers.Nginx(base / "nginx")
            else:
                theirs = servers.FakeGcs(base / "fake-gcs-server", self.fake_gcs)
        except BaseException:
            ours.stop()
            raise
        return ours, theirs

    def run(self, figure, say=print):
        """Rounds of ours, then theirs, on the same disk, so that both meet the same machine."""
        ours, theirs = self.start(figure)
        try:
            for server in (ours, theirs):
                if server.name != "nginx":
                    server.make_bucket("bench")
                    self.fill(server, figure)
            if theirs.name == "nginx":
                self.fill_nginx(theirs, ours, figure)
            os.sync()
            results = {ours.name: [], theirs.name: []}
            floors = []
            names = {ours.name: 10_000_000, theirs.name: 10_000_000}
            for number in range(-1, self.rounds):  # the first one warms up
                if figure.floor and number >= 0:
                    floors.append(self.floor(figure, number))
                for server in (ours, theirs):
                    more = ["--seconds", self.seconds if number >= 0 else 1]
                    if figure.mode == "upload":
                        more += ["--first-name", names[server.name]]
                    if server.name == "nginx":
                        more += ["--read-path", "/{}", "--prefix", "o/"]
                    got = self.load(server, figure, *more)
                    names[server.name] = got["next_name"]
                    if number < 0:
                        continue
                    results[server.name].append(got)
                    say(f"  {figure.name:10} round {number + 1} {server.name:16} {got['per_second']:10.1f}/s"
                        f"  p50 {got['p50_ms']:7.2f} ms  p99 {got['p99_ms']:7.2f} ms"
                        f"  {got['per_server_cpu_second']:10.1f} per CPU second")
        finally:
            ours.stop()
            theirs.stop()
        mine, other = results[ours.name], results[theirs.name]
        ratios = [a["per_second"] / b["per_second"] for a, b in zip(mine, other)]
        return Outcome(figure, middle(mine), middle(other), ratios, middle(floors) if floors else None)

    def floor(self, figure, number):
        folder = self.folder / figure.name / f"floor-{number}"
        folder.mkdir()
        done = subprocess.run([str(self.programs / "floor"), "--folder", str(folder), "--threads",
                               str(CONNECTIONS), "--size", str(figure.size), "--seconds", str(self.seconds)],
                              stdout=subprocess.PIPE, text=True, check=True)
        for path in folder.iterdir():
            path.unlink()
        return json.loads(done.stdout)


def middle(rows):
    """The median of each field."""
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}
