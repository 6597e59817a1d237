"""Processes beside the server: those it started, and those that hold a file system."""
import os
import pathlib
import signal
import time


def stat_of(pid):
    """(state, parent), or None when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[1])
    except OSError:
        return None


def all_processes():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def descendants(ancestor):
    """Those that run, children before their own children."""
    children = {}
    for pid in all_processes():
        if (stat := stat_of(pid)) and stat[0] not in "ZX":
            children.setdefault(stat[1], []).append(pid)
    found = [ancestor]
    for pid in found:
        found += children.get(pid, [])
    return found[1:]


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def kill(pid):
    """False when it was gone."""
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def is_in(pid, folder):
    try:
        return pathlib.Path(os.readlink(f"/proc/{pid}/cwd")).is_relative_to(folder)
    except OSError:
        return False


def end_all_in(folder):
    """Those whose working folder is below it: a machine that loses power keeps none of them."""
    folder = pathlib.Path(folder).resolve()
    ended = [pid for pid in all_processes() if is_in(pid, folder) and kill(pid)]
    while any((stat := stat_of(pid)) and stat[0] not in "ZX" for pid in ended):
        time.sleep(0.002)
