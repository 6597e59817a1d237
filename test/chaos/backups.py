"""Backups and restores that die: what `caudal backup` reported done must restore, whatever came after it."""
import os
import pathlib
import random
import shutil
import subprocess
import time

import client
import content
import power
import server as servers
from oracle import Violation

BUCKET = "kept"
BACKUP_FAILPOINTS = ["meta.backup.copied", "app.backup.metadata", "app.backup.copied", "app.backup.complete"]
RESTORE_FAILPOINTS = ["app.restore.copied"]
NO_RECEIVER = servers.subscriber(1)  # a port that nobody listens on: deliveries wait


class Backups:
    """Rounds of changes, a backup, death, a restore, death again, and a look at every byte of what was restored."""

    def __init__(self, folder, binary, seed, environment=None, log=print):
        self.folder, self.binary, self.log = pathlib.Path(folder), str(binary), log
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = environment or {}
        self.rng = random.Random(f"backups:{seed}")
        self.disk = power.Disk(self.folder)
        self.server = servers.Server(binary, self.folder, self.disk.mount_point / "data", NO_RECEIVER)
        (self.folder / "restored").mkdir(exist_ok=True)
        self.restored = servers.Server(binary, self.folder / "restored", self.disk.mount_point / "restored", NO_RECEIVER)
        self.target = self.disk.mount_point / "backup"
        self.objects = {}   # name to atom: what was acknowledged
        self.whole = None   # the same, at the last backup that was reported done
        self.number = 0

    @property
    def can_cut(self):
        return self.disk.can_cut

    def one_round(self, failpoint="", restore_failpoint="", cut=True):
        """`failpoint` of the server ends the backup; `restore_failpoint` the first restore."""
        cut = cut and self.can_cut
        action = "stop" if cut else "kill"
        armed = {"CAUDAL_FAILPOINTS": f"{failpoint}={action}"} if failpoint else {}
        self.server.start({**self.environment, **armed})
        if not self.server.wait_ready():
            raise Violation(f"the server does not start: {self.server.last_words()}")
        self.change()
        done = self.back_up()
        if bool(failpoint) == done:
            raise Violation(f"the backup {'was done in spite of' if done else 'failed without'} a failpoint {failpoint}")
        if done:
            self.whole = dict(self.objects)
        # Died after the backup was complete and before it was told: either one may be there.
        untold = dict(self.objects) if failpoint == "app.backup.complete" else None
        self.die(self.server, cut)
        if self.whole is not None:
            if restore_failpoint:
                self.fail_to_restore(restore_failpoint, action, cut)
            self.restore(cut, untold)
        self.log(f"round  {'power cut' if cut else 'kill':10} {failpoint or 'after the backup':22} "
                 f"{restore_failpoint or 'whole restore':20} {len(self.whole or {}):4} objects in the backup")

    def change(self):
        api = client.Client(self.server.port)
        if not api.bucket_exists(BUCKET):
            api.make_bucket(BUCKET, False)
        for _ in range(12):
            self.number += 1
            name = f"o{self.rng.randrange(40)}"
            atom = (self.number, content.random_size(self.rng))
            api.upload_media(BUCKET, name, content.atom_bytes(atom), "text/plain")
            self.objects[name] = atom
        gone = self.rng.choice(sorted(self.objects))
        api.delete(BUCKET, gone)
        del self.objects[gone]
        api.close()

    def back_up(self):
        """False when the server died or stopped meanwhile."""
        process = self.command("backup", str(self.target), "--config", str(self.server.config))
        while process.poll() is None and not self.server.gone:
            try:
                process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        if process.poll() is None:
            process.kill()
        said = process.communicate()[0]
        if process.returncode == 0:
            return True
        # Its connections close a moment before a dying process is seen as dead.
        deadline = time.monotonic() + 10
        while not self.server.gone and time.monotonic() < deadline:
            time.sleep(0.01)
        if not self.server.gone:
            raise Violation(f"the backup failed: {said}")
        return False

    def fail_to_restore(self, failpoint, action, cut):
        """A restore that died is refused as a data folder, and can be made again in its place."""
        process = self.command("restore", str(self.target), "--data", str(self.restored_data),
                               environment={"CAUDAL_FAILPOINTS": f"{failpoint}={action}"})
        while process.poll() is None and not stopped(process.pid):
            try:
                process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        if cut:
            self.disk.cut()
        process.kill()
        process.communicate()
        if cut:
            self.disk.restore_power()
        self.restored.start(self.environment)
        if self.restored.process.wait(30) == 0:
            raise Violation("a half restored folder was taken for a data folder")
        shutil.rmtree(self.restored_data, ignore_errors=True)

    def restore(self, cut, untold):
        process = self.command("restore", str(self.target), "--data", str(self.restored_data))
        said = process.communicate(timeout=120)[0]
        if process.returncode != 0:
            raise Violation(f"what was backed up can't be restored: {said}")
        if cut:
            self.disk.cut()
            self.disk.restore_power()
        self.restored.start(self.environment)
        if not self.restored.wait_ready():
            raise Violation(f"what was restored does not start: {self.restored.last_words()}")
        try:
            self.compare(untold)
        except client.Refused as refused:
            raise Violation(f"what was restored isn't what was backed up: {refused}") from refused
        self.restored.stop()
        self.restored.fsck()
        shutil.rmtree(self.restored_data)

    def compare(self, untold):
        api = client.Client(self.restored.port)
        names = sorted(item["name"] for item in api.list(BUCKET, False))
        if untold is not None and names == sorted(untold):
            self.whole = untold
        if names != sorted(self.whole):
            raise Violation(f"restored {names}, backed up {sorted(self.whole)}")
        for name, atom in self.whole.items():
            if api.read(BUCKET, name) != content.atom_bytes(atom):
                raise Violation(f"object {name} has other bytes than were backed up")
        api.close()

    @property
    def restored_data(self):
        return self.disk.mount_point / "restored"

    def die(self, server, cut):
        if cut:
            server.freeze()
            self.disk.cut()
        server.kill()
        if cut:
            self.disk.restore_power()

    def command(self, *words, environment=None):
        return subprocess.Popen([self.binary, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, **self.environment, **(environment or {})})

    def close(self):
        self.server.kill()
        self.restored.kill()
        self.disk.unmount()


def stopped(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False
