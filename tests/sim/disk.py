"""A disk that exists only in memory, wears the real one's names, and fails by seed.

    medium = SimMedium()                      # what survives the process: inodes and directory entries
    disk = SimDisk(host, medium, faults)      # what one process sees; gone with it
    medium.crash(rng)                         # power cut: of what was not synced, any sectors may be kept
    medium.kill()                             # kill -9: the page cache stays

Faults it may inject:
    torn write      a power cut keeps any subset of the unsynced 512-byte sectors, or a prefix, or all, or none
    lost entry      a power cut keeps a prefix of the unsynced operations on each directory
    EIO             `faults.fail(kind)`: the n-th pread, pwrite or sync fails; a failed sync loses the writes
    ENOSPC          `faults.capacity`: bytes all files together may take
    slow            every log write takes a random time, now and then a long one
    bit flip        `medium.flip(path, offset)`: at rest
    lost write      `faults.lead_astray(suffix)`: the next pwrite to such a file reports success and never happens
    misdirected     `faults.lead_astray(suffix, shift)`: it lands so many bytes further on, or before, in the same file

Not here: latent sector errors that stay.
"""

from __future__ import annotations

import errno
from typing import Any, Callable

SECTOR = 512


class PowerLost(BaseException):
    """The process that calls this is gone; its files no longer answer."""


class Inode:
    """A file's content as the process sees it, as it is on the platter, and the writes between."""

    __slots__ = ("cached", "durable", "unsynced")

    def __init__(self) -> None:
        self.cached = bytearray()
        self.durable = bytearray()
        self.unsynced: list[tuple[int, bytes | int]] = []  # (position, data), or (-1, size) for a truncation

    def apply(self, content: bytearray, position: int, data: bytes) -> None:
        if len(content) < position:
            content.extend(bytes(position - len(content)))
        content[position : position + len(data)] = data

    def write(self, position: int, data: bytes) -> None:
        self.apply(self.cached, position, data)
        self.unsynced.append((position, data))

    def truncate(self, size: int) -> None:
        del self.cached[size:]
        self.cached.extend(bytes(size - len(self.cached)))
        self.unsynced.append((-1, size))

    def sync(self) -> None:
        for position, data in self.unsynced:
            if position < 0:
                del self.durable[data:]
                self.durable.extend(bytes(data - len(self.durable)))
            else:
                self.apply(self.durable, position, data)
        self.unsynced.clear()

    def crash(self, rng: Any) -> None:
        how = rng.choice(("none", "all", "prefix", "subset"))
        writes = self.unsynced
        if how == "prefix":
            writes = writes[: rng.randrange(len(writes) + 1)]
        for position, data in writes if how != "none" else ():
            if position < 0:
                del self.durable[data:]
                self.durable.extend(bytes(data - len(self.durable)))
                continue
            for start, piece in sectors(position, data):
                if how == "all" or rng.random() < 0.7:
                    self.apply(self.durable, start, piece)
        self.cached = bytearray(self.durable)
        self.unsynced.clear()


def sectors(position: int, data: bytes):
    """The write cut at sector boundaries: what a disk keeps or loses as one."""
    at = 0
    while at < len(data):
        step = min(SECTOR - (position + at) % SECTOR, len(data) - at)
        yield position + at, bytes(data[at : at + step])
        at += step


class SimMedium:
    """Directories: path -> None; files: path -> Inode. `durable` is what a power cut leaves of the names."""

    def __init__(self) -> None:
        self.names: dict[str, Inode | None] = {"": None}
        self.durable_names: dict[str, Inode | None] = {"": None}
        self.pending: dict[str, list[Callable[[dict], None]]] = {}  # directory -> operations not synced yet
        self.generation = 0
        self.locks: set[str] = set()

    def change(self, directory: str, operation: Callable[[dict], None]) -> None:
        operation(self.names)
        self.pending.setdefault(directory, []).append(operation)

    def sync_directory(self, directory: str) -> None:
        for operation in self.pending.pop(directory, ()):
            operation(self.durable_names)

    def kill(self) -> None:
        """The process dies; the kernel lives on."""
        self.generation += 1
        self.locks.clear()

    def crash(self, rng: Any) -> None:
        """Power cut."""
        self.kill()
        for directory in sorted(self.pending):
            operations = self.pending[directory]
            for operation in operations[: rng.randrange(len(operations) + 1)]:
                operation(self.durable_names)
        self.pending.clear()
        self.names = dict(self.durable_names)
        seen: set[int] = set()
        for path in sorted(self.names):
            inode = self.names[path]
            if inode is not None and id(inode) not in seen:
                seen.add(id(inode))
                inode.crash(rng)

    def flip(self, path: str, offset: int, mask: int = 1) -> None:
        """A bit flip at rest."""
        for content in (self.names[path].cached, self.names[path].durable):
            if offset < len(content):
                content[offset] ^= mask

    def files(self, under: str = "") -> dict[str, bytes]:
        return {path: bytes(inode.cached) for path, inode in self.names.items() if inode and path.startswith(under)}

    def files_at(self, under: str) -> list[tuple[str, Inode]]:
        return [(path, inode) for path, inode in self.names.items() if inode and path.startswith(under)]

    def used(self) -> int:
        return sum(len(inode.cached) for inode in {id(i): i for i in self.names.values() if i}.values())

    def copy(self) -> SimMedium:
        """A deep copy with everything durable: for trying many crashes from one state."""
        other = SimMedium()
        for path, inode in self.names.items():
            twin = None
            if inode is not None:
                twin = Inode()
                twin.cached, twin.durable = bytearray(inode.cached), bytearray(inode.cached)
            other.names[path] = other.durable_names[path] = twin
        return other


class SimFaults:
    """What goes wrong, and when."""

    def __init__(self) -> None:
        self.capacity: int | None = None
        self.counts = {"pread": 0, "pwrite": 0, "sync": 0, "log_write": 0, "log_sync": 0}
        self._fail_at: dict[str, int] = {}
        self._error = errno.EIO
        self.astray: dict[str, int] = {}  # suffix of a path -> where its next write goes instead; 0: nowhere

    def fail(self, kind: str, after: int = 0, error: int = errno.EIO) -> None:
        """The call of that kind after `after` more of them fails, once."""
        self._fail_at[kind] = self.counts[kind] + after
        self._error = error

    def lead_astray(self, suffix: str, shift: int = 0) -> None:
        """The next write to a file of such a name lands `shift` bytes away; 0: nowhere."""
        self.astray[suffix] = shift

    def place_of(self, path: str, position: int) -> int:
        """Where a write really goes, -1 for nowhere."""
        suffix = next((each for each in self.astray if path.endswith(each)), None)
        if suffix is None:
            return position
        shift = self.astray.pop(suffix)
        return max(0, position + shift) if shift else -1

    def calm(self) -> None:
        """Nothing more fails."""
        self._fail_at.clear()
        self.astray.clear()

    def check(self, kind: str) -> None:
        count = self.counts[kind]
        self.counts[kind] = count + 1
        if self._fail_at.get(kind) == count:
            raise OSError(self._error, f"simulated failure of {kind}")


class SimFile:
    def __init__(self, disk: SimDisk, path: str, inode: Inode) -> None:
        self._disk, self.path, self._inode = disk, path, inode
        self._failed = False

    def pread(self, count: int, position: int) -> bytes:
        self._disk.alive()
        self._disk.faults.check("pread")
        return bytes(self._inode.cached[position : position + count])

    def pwrite(self, data: bytes, position: int) -> None:
        self._disk.alive()
        self._disk.faults.check("pwrite")
        self._disk.need_space(position + len(data) - len(self._inode.cached))
        self._disk.trace(f"pwrite {self.path} {position} {len(data)}")
        place = self._disk.faults.place_of(self.path, position)
        if place != position:
            self._disk.trace(f"astray: at {place}")
        if place >= 0:
            self._inode.write(place, bytes(data))

    def sync(self) -> None:
        self._disk.alive()
        if self._failed:
            raise OSError(errno.EIO, "an earlier sync failed")
        try:
            self._disk.faults.check("sync")
        except OSError:
            self._failed = True
            raise
        self._disk.trace(f"sync {self.path}")
        self._inode.sync()

    def size(self) -> int:
        return len(self._inode.cached)

    def truncate(self, size: int) -> None:
        self._disk.alive()
        self._inode.truncate(size)

    def map(self) -> memoryview:
        return memoryview(bytes(self._inode.cached))

    def close(self) -> None:
        pass


class SimLogFile:
    """The hot log's writer: takes what is queued, writes it, syncs it; each step some time later."""

    def __init__(self, disk: SimDisk, path: str, inode: Inode, position: int) -> None:
        self._disk, self.path, self._inode = disk, path, inode
        self._queued: list[bytes] = []
        self._position = position
        self._end = position
        self._durable = position
        self._busy = self._failed = self._closed = False
        self._on_durable: Callable[[int], None] = lambda position: None
        self._on_error: Callable[[OSError], None] = lambda error: None

    def append(self, first: bytes, second: bytes = b"", third: bytes = b"") -> int:
        self._disk.alive()
        data = first + second + third
        self._queued.append(data)
        self._end += len(data)
        if not self._busy and not self._failed:
            self._busy = True
            self._disk.later(self._write)
        return self._end

    def on_durable(self, callback: Callable[[int], None]) -> None:
        self._on_durable = callback

    def on_error(self, callback: Callable[[OSError], None]) -> None:
        self._on_error = callback

    def _write(self) -> None:
        if self._closed or self._failed:
            return
        data, self._queued = b"".join(self._queued), []
        if self._try("log_write"):
            self._inode.write(self._position, data)
            self._position += len(data)
            self._disk.trace(f"log write {self.path} {self._position}")
            self._disk.later(self._sync, self._position)

    def _sync(self, position: int) -> None:
        if self._closed or self._failed:
            return
        if not self._try("log_sync"):
            self._inode.unsynced.clear()  # the kernel dropped the dirty pages: they look written and are not
            return
        self._inode.sync()
        self._durable = position
        self._busy = bool(self._queued)
        if self._busy:
            self._disk.later(self._write)
        self._disk.trace(f"log durable {self.path} {position}")
        self._on_durable(position)

    def _try(self, kind: str) -> bool:
        self._disk.alive()
        try:
            self._disk.faults.check(kind)
        except OSError as error:
            self._failed = True
            self._disk.trace(f"{kind} failed {self.path}")
            self._on_error(error)
            return False
        return True

    def close(self) -> None:
        if self._closed:
            return
        if not self._failed and self._end > self._durable:
            self._inode.write(self._position, b"".join(self._queued))
            self._inode.sync()
            self._durable = self._end
            self._on_durable(self._end)
        self._closed = True


class SimDisk:
    """What one simulated process sees of a medium."""

    def __init__(self, host: Any, medium: SimMedium, faults: SimFaults) -> None:
        self._host, self.medium, self.faults = host, medium, faults
        self._generation = medium.generation

    def alive(self) -> None:
        if self.medium.generation != self._generation:
            raise PowerLost
        self._host.count_disk_call()

    def trace(self, event: str) -> None:
        self._host.trace(event)

    def later(self, work: Callable[..., None], *args: Any) -> None:
        self._host.tasks.call_later(self._host.disk_delay(), work, *args)

    def need_space(self, more: int) -> None:
        if more > 0 and self.faults.capacity is not None and self.medium.used() + more > self.faults.capacity:
            raise OSError(errno.ENOSPC, "simulated full disk")

    def _inode(self, path: str) -> Inode:
        inode = self.medium.names.get(path)
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return inode

    def open(self, path: str, create: bool = False) -> SimFile:
        self.alive()
        if create and path not in self.medium.names:
            inode = Inode()
            self.medium.change(parent(path), lambda names: names.__setitem__(path, inode))
        return SimFile(self, path, self._inode(path))

    def open_log(self, path: str, size: int, position: int) -> SimLogFile:
        self.alive()
        return SimLogFile(self, path, self._inode(path), position)

    def exists(self, path: str) -> bool:
        return path in self.medium.names

    def list(self, path: str) -> list[str]:
        prefix = path + "/" if path else ""
        below = (name[len(prefix) :] for name in self.medium.names if name.startswith(prefix) and name != path)
        return sorted(name for name in below if name and "/" not in name)

    def mkdir(self, path: str) -> None:
        self.alive()
        made = ""
        for part in path.split("/"):
            above, made = made, f"{made}/{part}" if made else part
            if made not in self.medium.names:
                self.medium.change(above, lambda names, made=made: names.__setitem__(made, None))
                self.medium.sync_directory(above)

    def rename(self, old: str, new: str) -> None:
        self.alive()
        inode = self._inode(old)
        self.trace(f"rename {old} {new}")

        def move(names: dict) -> None:
            names.pop(old, None)
            names[new] = inode

        self.medium.change(parent(new), move)

    def remove(self, path: str) -> None:
        self.alive()
        self._inode(path)
        self.trace(f"remove {path}")
        self.medium.change(parent(path), lambda names: names.pop(path, None))

    def sync_directory(self, path: str) -> None:
        self.alive()
        self.medium.sync_directory(path)

    def lock(self, path: str) -> None:
        self.alive()
        if path in self.medium.locks:
            raise BlockingIOError(errno.EWOULDBLOCK, "locked", path)
        self.medium.locks.add(path)

    def unlock(self, path: str) -> None:
        if self.medium.generation == self._generation:
            self.medium.locks.discard(path)

    def free_bytes(self) -> int:
        return (1 << 40) if self.faults.capacity is None else max(0, self.faults.capacity - self.medium.used())


def parent(path: str) -> str:
    return path.rpartition("/")[0]
