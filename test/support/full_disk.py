"""A small ext4 file system in a file, to be filled. Needs root and loop devices."""
import os
import pathlib
import shutil
import subprocess


class SmallDisk:
    def __init__(self, folder, megabytes):
        self.image = pathlib.Path(folder) / "disk.img"
        self.path = pathlib.Path(folder) / "disk"
        self.megabytes = megabytes

    def __enter__(self):
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(self.megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", self.image], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)
        self.image.unlink()

    def free_bytes(self):
        return shutil.disk_usage(self.path).free

    def fill(self, leave_bytes):
        """Puts a file there that leaves about so much; returns its path."""
        ballast = self.path / "ballast"
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.free_bytes() - leave_bytes)
        return ballast


def can_mount():
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return False
    return subprocess.run(["losetup", "-f"], capture_output=True, check=False).returncode == 0
