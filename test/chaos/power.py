"""The disk that loses power: an ext4 image on a loop device, shut down under the program that writes to it."""
import fcntl
import os
import pathlib
import struct
import subprocess
import time

# EXT4_IOC_SHUTDOWN, _IOR('X', 125, uint32_t), and EXT4_GOING_FLAGS_NOLOGFLUSH: nothing more reaches the disk.
EXT4_IOC_SHUTDOWN = (2 << 30) | (4 << 16) | (ord("X") << 8) | 125
NO_LOG_FLUSH = 2


class Disk:
    """Without root or loop devices a plain folder, whose `can_cut` is False."""

    def __init__(self, folder, size_mib=512):
        self.image = pathlib.Path(folder) / "disk.img"
        self.mount_point = pathlib.Path(folder) / "disk"
        self.mount_point.mkdir(exist_ok=True)
        self.mounted = False
        self.reason = ""  # why it can't cut
        try:
            if os.geteuid() != 0:
                raise OSError("not root")
            if not self.image.exists():
                with open(self.image, "wb") as image:
                    image.truncate(size_mib << 20)
                run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
            self.mount()
        except (OSError, subprocess.SubprocessError) as problem:
            self.reason = str(problem)
            self.image.unlink(missing_ok=True)

    @property
    def can_cut(self):
        return not self.reason

    def mount(self):
        run("mount", "-o", "loop", self.image, self.mount_point)
        self.mounted = True

    def unmount(self, seconds=10):
        """What ended processes held is let go by the kernel a moment later."""
        deadline = time.monotonic() + seconds
        while self.mounted:
            try:
                run("umount", self.mount_point)
                self.mounted = False
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def cut(self):
        handle = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(handle)

    def restore_power(self):
        """The server must be dead. The file system's own journal is replayed by the mount."""
        self.unmount()
        self.mount()


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise OSError(f"{command[0]}: {done.stderr.strip()}")
