"""A volume on storage nodes that somebody else writes: pages for a reader, nothing fenced, nothing recovered.

    volume = open_follower(host, config)          who holds which copy; no epoch, no VDL yet
    volume.attached(epoch, vdl, {0: 0x1e0})       what the writer said: from here pages can be read
    volume.read_page(7)                           at the VDL, from any copy that has all of the group up to it
    records = volume.records_between(0, a, b)     what a lost stream would have brought
    volume.promote()                              recovery, and it is the writer's

    before      VDL heard, read points from the stream                        epoch: the writer's
    promote     fence ▸ ask ▸ decide          the VDL recovered, not below the one heard
                bring the cache there         (the caller's: records_between)
                truncate ▸ repair ▸ open      may wait for a write quorum

A reader does not know how far each copy is: it asks, and a copy that lacks something says so. An epoch newer than the
writer's means that there is a new writer; pages at or below the VDL that was heard are the same under every epoch, so
reading goes on with the newest epoch met.

Errors: NoVolume; Unreachable; ReadOnly 25006 for what wants to write; DataCorrupted and IoError of a page.

Not here: the stream (`instance.reader`), recovery's steps (`recovery`).
"""

from __future__ import annotations

from typing import Callable

from aurorapy.errors import DatabaseError, TransactionStateError
from aurorapy.host import Host
from aurorapy.storage import messages as m
from aurorapy.storage.members import TAIL
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.volume.fleet import FleetVolume, Found, enough_to_know, what_is_hosted, what_is_there
from aurorapy.storage.volume.links import LinkTransport
from aurorapy.storage.volume.recovery import Recovered, Recovery
from aurorapy.storage.volume.transport import Unreachable
from aurorapy_native.volume import GroupProgress, again

RETRY_SECONDS = 0.2


class FollowerVolume(FleetVolume):
    """One reader's view of a volume; after `promote` one writer's hold on it."""

    def __init__(self, host: Host, config: StorageConfig, transport: LinkTransport, found: Found) -> None:
        nothing = Recovered(m.NO_EPOCH, 0, 0, {}, m.NO_TRUNCATIONS, {}, found.memberships, found.volume)
        for group, membership in sorted(found.memberships.items()):
            transport.place(group, membership)
        super().__init__(host, config, transport, nothing, found)
        self.follows = True
        self.allow(0)
        self._reading: dict[int, int] = {}  # page reads in flight: when each began, and at which LSN
        self._reads = 0
        self.overtaken: Callable[[m.Epoch], None] = lambda epoch: None  # storage knows a newer writer

    # -- following -------------------------------------------------------------------------------------------------------

    def attached(self, epoch: m.Epoch, vdl: int, points: dict[int, int]) -> None:
        """The writer's epoch, its VDL, and each group's last LSN at or below it."""
        self.epoch = epoch
        self.transport.epoch = max(epoch, self.transport.epoch)
        for group, lsn in points.items():
            self.point(group, lsn)
        self.follow(vdl)

    def point(self, group: int, lsn: int) -> None:
        """The group's last LSN at or below the VDL that is about to be `follow`ed."""
        progress = self.groups.get(group)
        if progress is None:
            progress = self.groups[group] = GroupProgress({}, lsn)
        progress.read_point = progress.complete = max(lsn, progress.read_point)

    def _able(self, group: int, progress: GroupProgress, point: int) -> list[str]:
        if not self.follows:
            return super()._able(group, self.groups.get(group, progress), point)  # a read that began before
        if self.failure is not None:
            raise again(self.failure)
        return [member.copy for member in self.transport.memberships[group].members if member.kind != TAIL]

    def oldest_read(self) -> int:
        """The oldest LSN at which any page is being read."""
        return min(self._reading.values(), default=self.vdl)

    def _read(self, group: int, progress: GroupProgress, page_no: int, at: int, point: int) -> bytes:
        self._reads += 1
        number = self._reads
        self._reading[number] = at
        try:
            return self._read_somewhere(group, progress, page_no, at, point)
        finally:
            del self._reading[number]

    def _read_somewhere(self, group: int, progress: GroupProgress, page_no: int, at: int, point: int) -> bytes:
        while self.follows:
            if group in self.transport.memberships:
                try:
                    return super()._read(group, progress, page_no, at, point)
                except DatabaseError as error:
                    if error.sqlstate != "58030":
                        raise
            self.find_members()
            if group not in self.transport.memberships:
                self.tasks.sleep(RETRY_SECONDS)
        return super()._read(group, progress, page_no, at, point)

    def find_members(self) -> None:
        """Asks the nodes again who holds what: a group has been made, or a copy replaced. May switch."""
        found = what_is_hosted(self.transport.ask_nodes(m.ListSegments(), enough_to_know(self.transport.places)))
        for group, membership in (found.memberships if found is not None else {}).items():
            known = self.transport.memberships.get(group)
            if known is None or membership.epoch > known.epoch:
                self.transport.place(group, membership)

    def records_between(self, group: int, after: int, upto: int, bytes_max: int) -> bytes | None:
        """The group's records in (after, upto], from a copy that still has them as records; None when none has, or when
        they are more than `bytes_max`. May switch."""
        parts: list[bytes] = []
        size, at, avoid = 0, after, set[str]()
        while at < upto:
            copies = [copy for copy in self._able(group, self.groups[group], upto) if copy not in avoid]
            if not copies or size > bytes_max:
                return None
            found = None
            try:
                question = {copies[0]: m.FetchRecords(self.transport.epoch, group, at, upto)}
                found = self.transport.ask(question, bool, 1.0).get(copies[0])
            except Unreachable:
                pass
            if isinstance(found, m.Records) and found.prev == at and found.last > at and found.records:
                parts.append(found.records)
                size, at = size + len(found.records), found.last
            else:
                avoid.add(copies[0])
        return b"".join(parts)

    def receive_other(self, copy: str, message: m.Message) -> None:
        if not self.follows:
            super().receive_other(copy, message)
        elif isinstance(message, (m.Refused, m.State)) and message.epoch > self.transport.epoch:
            self.transport.epoch = message.epoch
            self.overtaken(message.epoch)

    def wait_for_room(self) -> None:
        if self.follows:
            raise TransactionStateError("cannot write during recovery", sqlstate="25006")
        super().wait_for_room()

    # -- becoming the writer -----------------------------------------------------------------------------------------------

    def decide(self) -> tuple[Recovery, Recovered]:
        """Steps 0-3 of recovery: from here no older writer is acknowledged anything. May switch."""
        geometry = self.transport.memberships[0].geometry
        instance = int.from_bytes(self.host.random.bytes(8), "little")
        recovery = Recovery(self.host, self.transport, geometry, instance, self.config)
        recovery.highest = self.transport.epoch.number
        decided = recovery.decided()
        self.transport.epoch = decided.epoch
        return recovery, decided

    def begin_to_write(self, decided: Recovered) -> None:
        """The volume is the writer's, and its VDL the one decided; nothing is written before `open_for_writes`."""
        groups = {
            group: GroupProgress(dict(positions), decided.group_last.get(group, 0), self._write_rule(self.transport, group))
            for group, positions in decided.positions.items()
        }
        self.truncations = decided.truncations
        self.identity = decided.volume
        self.take_over(decided.epoch, decided.vdl, decided.position, groups)
        self.allow(0)


def open_follower(host: Host, config: StorageConfig) -> FollowerVolume:
    """NoVolume where the nodes host none; Unreachable while too few answer."""
    transport = LinkTransport(host, config.nodes)
    try:
        found, config = what_is_there(transport, config)
        return FollowerVolume(host, config, transport, found)
    except BaseException:
        transport.close()
        raise
