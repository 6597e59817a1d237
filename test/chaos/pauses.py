"""A machine may be suspended, and this process with it: no deadline should pass by that alone."""
import threading
import time

TICK_S = 0.2


class Deadline:
    """Of time that this process was awake: between two looks at it at most a second counts."""

    def __init__(self, seconds):
        self.left, self.last = seconds, time.monotonic()

    def passed(self):
        now = time.monotonic()
        self.left -= min(now - self.last, 1)
        self.last = now
        return self.left <= 0


class Pauses:
    """Notices when this process stood still."""

    def __init__(self):
        self.longest = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        last = time.monotonic()
        while True:
            time.sleep(TICK_S)
            now = time.monotonic()
            self.longest = max(self.longest, now - last - TICK_S)
            last = now

    def take(self):
        """The longest since this was asked last, in seconds."""
        longest, self.longest = self.longest, 0.0
        return longest
