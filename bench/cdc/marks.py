"""Commits of markers in the source, one after the other, and how long it takes until a query sees them."""
import threading
import time

from support.psql import Session

TABLE = "CREATE TABLE marks (id bigint PRIMARY KEY)"
SEEN = "SELECT coalesce(max(id), 0) FROM raw_bench.marks"
PAUSE = 0.2  # between markers


def share(values, part):
    return values[min(int(part * len(values)), len(values) - 1)]


def told(values):
    """As a figure; values are sorted."""
    return f"p50 {share(values, 0.5):,.0f} ms, slowest {values[-1]:,.0f} ms of {len(values)}" if values else "none"


class Marks:
    """Numbers go on from those that are there."""

    def __init__(self, postgres, server):
        self.server, self.session = server, Session(postgres, "bench")
        self.number = int(postgres.one("SELECT coalesce(max(id), 0) FROM marks"))
        self.committed = {}  # by number: the time at which the commit had returned

    def commit(self):
        said = self.session.run(f"INSERT INTO marks VALUES ({self.number + 1})")
        if said:
            raise RuntimeError(said)
        self.number += 1
        self.committed[self.number] = time.time()

    def seen(self):
        """The last one that a query sees."""
        return int(self.server.first_row(SEEN)[0])

    def close(self):
        self.session.close()


def one_by_one(postgres, server, seconds):
    """Milliseconds until each was seen, in order of size, and the times of the commits. The next one is committed once it was."""
    marks, took = Marks(postgres, server), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        marks.commit()
        while marks.seen() < marks.number:
            time.sleep(0.002)
        took.append((time.time() - marks.committed[marks.number]) * 1000)
        time.sleep(PAUSE)
    marks.close()
    return sorted(took), marks.committed


class Meanwhile:
    """Within `with`: commits markers at their pace, whether those before were seen or not, and looks for them. At its end it waits for the last
    one; `took` has the time of each commit, and its milliseconds, in order."""

    def __init__(self, postgres, server):
        self.marks, self.took = Marks(postgres, server), []
        self.waiting = []
        self.problem = None
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.guarded, args=(one,), daemon=True) for one in (self.commit, self.look)]

    def guarded(self, work):
        try:
            work()
        except Exception as problem:  # told by the thread that waits
            self.problem = problem
            self.over.set()

    def commit(self):
        while not self.over.wait(PAUSE):
            self.marks.commit()
            self.waiting.append(self.marks.number)

    def look(self):
        while (self.waiting or not self.over.is_set()) and not self.problem:
            seen = self.marks.seen()
            now = time.time()
            while self.waiting and self.waiting[0] <= seen:
                committed = self.marks.committed[self.waiting.pop(0)]
                self.took.append((committed, (now - committed) * 1000))
            time.sleep(0.01)

    def between(self, begin, end):
        """Sorted milliseconds of those that were committed then."""
        return sorted(ms for committed, ms in self.took if begin <= committed < end)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, problem, _):
        self.problem = self.problem or problem
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.marks.close()
        if self.problem and not kind:
            raise RuntimeError(f"markers: {self.problem}") from self.problem
