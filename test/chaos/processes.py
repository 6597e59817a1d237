"""Processes beside the server: those it started, and those that hold a file system."""
import os
import pathlib
import select
import signal


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


def holds(pid, folder):
    """Whether it works in the folder, or has a file of it open."""
    for link in (f"/proc/{pid}/cwd", *open_files(pid)):
        try:
            if pathlib.Path(os.readlink(link)).is_relative_to(folder):
                return True
        except OSError:  # closed meanwhile
            pass
    return False


def open_files(pid):
    try:
        return [f"/proc/{pid}/fd/{number}" for number in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return []


def end_all(pids):
    """Returns once all their threads are gone, and with them what they held."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [])
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)


def holding(folder):
    """Those that hold something of it, beside this one."""
    folder = pathlib.Path(folder).resolve()
    return [pid for pid in all_processes() if pid != os.getpid() and holds(pid, folder)]


def end_all_in(folder):
    """A machine that loses power keeps none of them."""
    end_all(holding(folder))
