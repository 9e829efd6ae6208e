"""A disk that can lose power: an ext4 in a file, whose cache is thrown away by the file system's own shutdown call.

    with LoopDisk() as disk:
        … write below disk.path …
        disk.cut()          from here every write and fsync fails with EIO
        disk.restore()      after the writers are gone: mounted again, holding only what was synced

Needs root, losetup and ext4. `why_not()` says what is missing, or returns "".
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_LOG = 2


def why_not() -> str:
    if os.geteuid() != 0:
        return "a power cut needs root"
    if shutil.which("mkfs.ext4") is None:
        return "mkfs.ext4 is not installed"
    try:
        with LoopDisk(size_mb=16):
            return ""
    except (OSError, subprocess.CalledProcessError) as problem:
        return f"no loop mounts here: {problem}"


class LoopDisk:
    def __init__(self, size_mb: int = 4096) -> None:
        self.size_mb = size_mb

    def __enter__(self) -> LoopDisk:
        self._base = Path(tempfile.mkdtemp(prefix="aurorapy-disk-"))
        self._image = self._base / "image"
        self.path = self._base / "mounted"
        self.path.mkdir()
        try:
            with open(self._image, "wb") as file:
                file.truncate(self.size_mb << 20)
            self._run("mkfs.ext4", "-q", "-F", str(self._image))
            self._mount()
        except BaseException:
            shutil.rmtree(self._base, ignore_errors=True)
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._unmount()
        shutil.rmtree(self._base, ignore_errors=True)

    @staticmethod
    def _run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, text=True)

    def _mount(self) -> None:
        self._run("mount", "-o", "loop", str(self._image), str(self.path))

    def _unmount(self) -> None:
        for attempt in range(50):
            if subprocess.run(["umount", str(self.path)], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", str(self.path)], capture_output=True)

    def cut(self) -> None:
        """The power goes: nothing that is not on the disk yet will ever be."""
        directory = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING_THE_LOG))
        finally:
            os.close(directory)

    def restore(self) -> None:
        """The power is back. Every process with an open file there must be gone."""
        self._unmount()
        self._mount()
