"""The real disk: files of one directory tree, opened by relative path.

    disk = RealDisk("/srv/data")
    file = disk.open("node1/segments/0/manifest", create=True)
    file.pwrite(data, 0)
    file.sync()

Every call blocks; who must not block uses `host.in_thread`. The log file is the exception: its appends return at once and
threads without the GIL (`aurorapy_native.log`) make them durable.

Errors: OSError as the system gave it. A failed `sync` is final for that file: the kernel may have dropped the pages, so
calling it again would report a success that did not happen; the file refuses (EIO).

Not here: torn, lost and failing writes (`tests/sim/disk.py` wears the same names and makes them).
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from pathlib import Path
from typing import Any, Callable

from aurorapy_native.log import LogWriter

ZEROES = bytes(1 << 20)


class RealFile:
    """One open file."""

    __slots__ = ("_fd", "_failed", "path")

    def __init__(self, path: str, create: bool) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        self.path = path
        self._failed = False
        self._fd = -1
        self._fd = os.open(path, flags, 0o600)

    def pread(self, count: int, position: int) -> bytes:
        data = os.pread(self._fd, count, position)
        if len(data) == count or not data:
            return data
        parts = [data]
        while data and sum(map(len, parts)) < count:
            done = sum(map(len, parts))
            data = os.pread(self._fd, count - done, position + done)
            parts.append(data)
        return b"".join(parts)

    def pwrite(self, data: bytes, position: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, position)
            view = view[written:]
            position += written

    def sync(self) -> None:
        if self._failed:
            raise OSError(errno.EIO, "an earlier fdatasync of this file failed", self.path)
        try:
            os.fdatasync(self._fd)
        except OSError:
            self._failed = True
            raise

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def map(self) -> memoryview:
        if self.size() == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(self._fd, 0, prot=mmap.PROT_READ))

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


class RealLogFile:
    """A LogFile: the native writer, its eventfd watched by the loop."""

    def __init__(self, path: str, size: int, position: int, loop: Any, spin_seconds: float) -> None:
        self._loop = loop
        self._on_durable: Callable[[int], None] = lambda position: None
        self._on_error: Callable[[OSError], None] = lambda error: None
        self._told = position
        self._failed = False
        self._writer = LogWriter(path, position, spin_seconds)
        self._size = size
        self.append = self._writer.append
        loop.add_reader(self._writer.fileno(), self._woken)

    def on_durable(self, callback: Callable[[int], None]) -> None:
        self._on_durable = callback

    def on_error(self, callback: Callable[[OSError], None]) -> None:
        self._on_error = callback

    def _woken(self) -> None:
        durable, error = self._writer.poll()
        if durable > self._told:
            self._told = durable
            self._on_durable(durable)
        if error and not self._failed:
            self._failed = True
            self._on_error(OSError(error, os.strerror(error)))

    def close(self) -> None:
        """Writes and syncs what is queued, ends the threads, reports what became durable."""
        if self._writer is None:
            return
        self._loop.remove_reader(self._writer.fileno())
        self._writer.stop()
        self._woken()
        self._writer.close()
        self._writer = None


class RealDisk:
    """Files below `root`."""

    def __init__(self, root: str | os.PathLike, loop: Any) -> None:
        self.root = Path(root)
        self._loop = loop
        self.log_spin_seconds = 0.0  # see LogWriter
        self._locks: dict[str, int] = {}
        self.root.mkdir(parents=True, exist_ok=True)

    def _path(self, path: str) -> str:
        return f"{self.root}/{path}" if path else str(self.root)

    def open(self, path: str, create: bool = False) -> RealFile:
        return RealFile(self._path(path), create)

    def open_log(self, path: str, size: int, position: int) -> RealLogFile:
        return RealLogFile(self._path(path), size, position, self._loop, self.log_spin_seconds)

    def exists(self, path: str) -> bool:
        return os.path.exists(self._path(path))

    def list(self, path: str) -> list[str]:
        return sorted(os.listdir(self._path(path)))

    def mkdir(self, path: str) -> None:
        """Makes the directory and those above it, each durable in its parent."""
        made = self.root
        for part in Path(path).parts:
            parent, made = made, made / part
            if not made.exists():
                made.mkdir(mode=0o700)
                sync_directory(str(parent))

    def rename(self, old: str, new: str) -> None:
        os.rename(self._path(old), self._path(new))

    def remove(self, path: str) -> None:
        os.unlink(self._path(path))

    def sync_directory(self, path: str) -> None:
        sync_directory(self._path(path))

    def lock(self, path: str) -> None:
        fd = os.open(self._path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._locks[path] = fd

    def unlock(self, path: str) -> None:
        fd = self._locks.pop(path, -1)
        if fd >= 0:
            os.close(fd)

    def free_bytes(self) -> int:
        stat = os.statvfs(self.root)
        return stat.f_bavail * stat.f_frsize


def sync_directory(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def fill_with_zeroes(file: Any, size: int) -> None:
    """Makes `file` exactly `size` bytes of zeroes on disk, blocks and all: a later write of it changes no metadata."""
    for position in range(0, size, len(ZEROES)):
        file.pwrite(ZEROES[: min(len(ZEROES), size - position)], position)
    file.sync()
