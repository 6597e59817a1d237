"""The memory of a tree of processes while something runs, and the CPU time that it took."""
import os
import pathlib
import threading


def children(pid):
    try:
        text = "".join(path.read_text() for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return []
    return [int(child) for child in text.split()]


def tree(pid):
    """The process and all below it."""
    pids = [pid]
    for one in pids:
        pids.extend(children(one))
    return pids


def pss(pid):
    """Bytes; pages that several processes share count once in the sum. 0 when the process is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def cpu_seconds(root):
    """Of the tree below `root`, and of processes that were in it and were waited for."""
    ticks = 0
    for pid in tree(root):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Watch:
    """Within `with`: looks at the tree below `pid` ten times a second; `peak` is the largest sum of PSS in bytes."""

    def __init__(self, pid, interval_s=0.1):
        self.pid, self.interval_s, self.peak = pid, interval_s, 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while True:
            self.peak = max(self.peak, sum(map(pss, tree(self.pid))))
            if self.done.wait(self.interval_s):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
