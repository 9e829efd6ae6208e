"""A storage node: takes batches in, makes them durable, answers with how far it is; builds pages for readers.

A machine: `step(message, now)` returns what to answer at once; what follows later (an SCL that moved when the disk was
done) goes to `send`. It decides nothing about quorums and refuses nobody but a sender of an older epoch.

    w → n  Write g0 0x1a8..0x1f0        verify, into the memtable, append to the hot log
           … the log's writer thread: pwrite, fdatasync …
    n → w  Durable g0 A scl=0x1f0

When the hot log has no room (the next file is not prepared, the one before not sealed) batches wait in `waiting`, in
order, and the writer runs into its own LSN limit: back-pressure. When the log is broken the node says Failed once,
acknowledges nothing any more, and still answers reads.

On disk: `node` (identity), `log/`, `segments/<group>/`.

Errors: DataCorrupted when what is on disk, or a batch that arrives, is damaged.

Not here: how a batch gets from its message to the disk (`NodeCore` of aurorapy_native.node), epochs and recovery's
questions (`epochs`), making runs (`background`), transport (`storage/volume/transport.py`).
"""

from __future__ import annotations

from collections import deque
from typing import Any, Callable

from aurorapy.host import Host
from aurorapy.storage import messages as m
from aurorapy.storage.members import Member
from aurorapy.storage.node.background import Background
from aurorapy.storage.node.comparing import Comparing
from aurorapy.storage.node.epochs import Epochs
from aurorapy.storage.node.gossip import Gossiping
from aurorapy.storage.node.hosting import Hosting
from aurorapy.storage.node.hotlog import HotLog, owner_of
from aurorapy.storage.node.inspection import Inspection
from aurorapy.storage.node.opening import open_log, open_segments
from aurorapy.storage.node.reading import Reading
from aurorapy.storage.node.scrub import Scrub
from aurorapy.storage.node.segment import Segment
from aurorapy.storage.options import StorageConfig
from aurorapy_native.node import NodeCore


class StorageNode(NodeCore):
    """One node of one volume. `directory` below the host's disk root; `name` for log lines."""

    def __init__(self, host: Host, directory: str, name: str, config: StorageConfig) -> None:
        self.host, self.directory, self.name, self.config = host, directory, name, config
        self.id = ""
        self.segments: dict[int, Segment] = {}
        self.log: HotLog = None  # type: ignore[assignment] - made by create() or open()
        self.waiting: deque[m.Write | m.Records] = deque()  # batches the log had no room for
        self.in_flight: deque[tuple[int, Segment, int, int]] = deque()  # (position, segment, prev, last), by position
        self.send: Callable[[m.Message], None] = lambda message: None
        self.tell: Callable[[Member, m.Message], None] = lambda member, message: None  # to a peer of a group
        self.report: Callable[[str], None] = lambda line: None  # trouble worth a line in a server's log
        self.failure: str | None = None
        self.background = Background(self)
        self.hosting = Hosting(self)
        self.epochs = Epochs(self)
        self.reading = Reading(self)
        self.gossip = Gossiping(self)
        self.scrub = Scrub(self)
        self.comparing = Comparing(self)
        self.reading.damaged = self.scrub.suspect
        self._handlers = {
            m.Write: self._write,
            m.Horizons: self._horizons,
            **self.hosting.handlers,
            **self.epochs.handlers,
            **self.reading.handlers,
            **self.gossip.handlers,
            **self.scrub.handlers,
            **self.comparing.handlers,
            **Inspection(self).handlers,
        }

    # -- life ------------------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """An empty node, in the place of what may be left of another one. Blocks."""
        disk = self.host.disk
        if disk.exists(self.directory):
            remove_tree(disk, self.directory)
        disk.mkdir(f"{self.directory}/segments")
        self.id = self.host.random.bytes(16).hex()
        self._make_log()
        self.log.create()
        self.hosting.save()

    def open(self, read_only: bool = False) -> None:
        """Reads manifests and the hot log's tail (at most two files); answers from then on. Blocks.

        read_only: changes no file and appends nothing, for verify."""
        self.hosting.load()
        self._make_log()
        is_lost = open_segments(self, read_only)
        if not read_only:
            self.hosting.note_segments(is_lost)
        open_log(self, read_only, is_lost)

    def _make_log(self) -> None:
        self.log = HotLog(self.host, f"{self.directory}/log", bytes.fromhex(self.id), self.config.log_file_bytes)
        self.log.on_durable = self._log_durable
        self.log.on_error = self._log_failed

    def log_owner(self) -> str:
        """Whose the log in the directory is, by its files; empty when none of them can say."""
        return owner_of(self.host.disk, f"{self.directory}/log").hex()

    def start(self) -> None:
        """Background work begins."""
        self.background.start()

    def close(self) -> None:
        """Ends background work and makes everything appended durable."""
        self.background.stop()
        if self.log is not None:
            self.log.close()
        for segment in self.segments.values():
            segment.close()

    # -- messages ----------------------------------------------------------------------------------------------------------

    def step(self, message: m.Message, now: float) -> list[m.Message]:
        """Takes a message; returns the answers that are ready. They go back to where the message came from."""
        handler = self._handlers.get(type(message))
        return handler(message) if handler is not None else []  # what nodes say, and nobody says to them

    def tick(self, now: float) -> list[m.Message]:
        """Time has passed: batches that wait for room try again."""
        self.retry_waiting()
        self.background.wake()
        self.gossip.tick(now)
        self.scrub.tick(now)
        self.comparing.tick(now)
        if any(map(self.gossip.has_peers, self.segments.values())):
            self.log.mark()
        return []

    def retry_waiting(self) -> None:
        while self.waiting:
            message = self.waiting[0]
            segment = self.segments[message.group]
            if message.epoch == segment.epoch and not self._append(segment, message):
                return
            self.waiting.popleft()

    def drop_waiting(self, group: int) -> None:
        """Batches of the older epoch that never reached the log are gone."""
        self.waiting = deque(message for message in self.waiting if message.group != group)

    def drop_in_flight(self, segment: Segment) -> None:
        """What lay behind the segment's gap was forgotten: its arrival on the disk says nothing any more."""
        self.in_flight = deque(each for each in self.in_flight if each[1] is not segment or each[3] <= segment.last)

    def forget(self, segment: Segment) -> None:
        """The segment is no longer the node's."""
        self.drop_waiting(segment.group)
        self.in_flight = deque(each for each in self.in_flight if each[1] is not segment)
        self.gossip.exchanges.pop(segment.group, None)
        self.scrub.repairs.pop(segment.group, None)
        self.comparing.comparisons.pop(segment.group, None)

    def _log_failed(self, error: OSError) -> None:
        self.failure = f"could not write to the log in {self.directory}: {error.strerror}"
        for segment in self.segments.values():
            self.send(m.Failed(segment.epoch, segment.copy, self.failure))
            break

    def _horizons(self, message: m.Horizons) -> list[m.Message]:
        if (refusal := self.epochs.refusal(message, needs_list=False)) is not None:
            return refusal
        segment = self.segments[message.group]
        segment.vdl = max(segment.vdl, message.vdl)
        segment.pgmrpl = max(segment.pgmrpl, message.pgmrpl)
        if self.waiting:
            self.background.wake()
        return []

    # -- pages -----------------------------------------------------------------------------------------------------------------

    def read_page(self, group: int, page_no: int, lsn: int) -> bytes:
        """The page at LSN `lsn` with its checksum set; all zero when it was never written, or the group was not."""
        segment = self.segments.get(group)
        if segment is None:
            return bytes(8192)
        return segment.sealed_page_at(page_no, lsn)

    def __str__(self) -> str:
        return f"{self.name} {self.log} waiting={len(self.waiting)} {' '.join(f'[{s}]' for s in self.segments.values())}"


def remove_tree(disk: Any, path: str) -> None:
    """All files below the directory."""
    for name in disk.list(path):
        try:
            disk.remove(f"{path}/{name}")
        except (IsADirectoryError, FileNotFoundError):
            remove_tree(disk, f"{path}/{name}")
    disk.sync_directory(path)
