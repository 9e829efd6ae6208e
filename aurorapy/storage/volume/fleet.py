"""A volume whose copies live on storage nodes: finding it, making it, opening it, and growing it.

    nodes    a1 a2 (zone a)   b1 b2 (zone b)   c1 c2 (zone c)
    group 0   A  B             C  D             E  F            write 4 of 6, read 3 of 6
    group 1   A  B             C  D             E  F            made when its first record leaves

The instance keeps nothing of the volume: what it is called and how it is cut comes from the segments, and who holds them
from the newest membership that any of them knows.

Errors: NoVolume where the nodes host no volume; ObjectInUse where they host one already; Unreachable while too few
answer.

Not here: recovery's six steps (`recovery`), copies that lag (`laggards`), changing who holds what (`membership`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, Callable, Iterable

from aurorapy.errors import DatabaseError, ObjectInUse
from aurorapy.host import Host
from aurorapy.records import dataclass
from aurorapy.storage import messages as m
from aurorapy.storage.members import FULL, TAIL, Member, Membership, NodePlace, full_and_tail
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.quorum import Geometry, Rule
from aurorapy.storage.volume.laggards import Laggards
from aurorapy.storage.volume.links import LinkTransport
from aurorapy.storage.volume.membership import Changes
from aurorapy.storage.volume.nodes import Nodes
from aurorapy.storage.volume.recovery import Recovered, Recovery, Superseded
from aurorapy.storage.volume.transport import Answers, Transport, Unreachable
from aurorapy.storage.volume.volume import Volume
from aurorapy_native.volume import GroupProgress, again

HOLD_SECONDS = 0.02  # a batch waits no longer for the write quorum of the one before it,
HOLD_BYTES = 64 << 10  # nor with more than this
GATHER_SECONDS_MAX = 0.002  # nor longer, once that has come, for who committed in the last round and may come again
GATHER_SECONDS_MIN = 0.0005  # timers know whole milliseconds: where the nodes answer that quickly nobody is waited for
GATHER_SHARE = 0.8  # of those who committed in the last round: some have left, or wait for each other
PROBE_SECONDS = 1.0  # a node that is reached answers within this
OPEN_SECONDS = 2.0  # so long opening waits for write quorums before it goes on reading only
QUORUMS = {6: (4, 3), 3: (2, 2), 1: (1, 1)}  # copies: write, read


class NoVolume(DatabaseError):
    """The storage nodes are empty, or a creation did not come to its end."""


@dataclass(frozen=True)
class Found:
    """What the nodes host."""

    volume: m.VolumeIdentity
    memberships: dict[int, Membership]
    nodes: dict[str, m.Segments]  # who answered, by name


class FleetVolume(Volume):
    """One writer's hold on a volume that lives on storage nodes."""

    transport: LinkTransport
    is_far = True

    def __init__(self, host: Host, config: StorageConfig, transport: LinkTransport, recovered: Recovered, found: Found) -> None:
        super().__init__(host, config, transport, recovered)
        self.identity = recovered.volume
        self.node_ids = {name: answer.node for name, answer in found.nodes.items()}
        self.laggards = Laggards(self)
        self.changes = Changes(self)
        self.nodes = Nodes(self)
        transport.epoch = self.epoch
        self._left_at = 0.0  # when the last batch did
        self._may_hold, self._is_held = True, False
        self._gathering: Any = None  # the timer, while more are waited for,
        self._expected = 0.0  # until so many commits wait
        self.on_vdl(self._vdl_moved)
        self.is_open = False  # recovery has ended: what the VDL says is on write quorums
        self.allow(0)

    def open_for_writes(self, recovery: Recovery, decided: Recovered) -> None:
        """Steps 4-6 of recovery, which wait for write quorums; in a task of its own that goes on when they take long:
        pages can be read meanwhile, and who wants to write waits. Superseded when a rival was quicker."""
        task = self.host.tasks.spawn(self._open_for_writes, recovery, decided, name="recovery")
        try:
            task.join(OPEN_SECONDS)
        except TimeoutError:
            self._trouble("too few storage nodes to write; reading only until there are enough")
        if self.failure is not None:
            raise again(self.failure)

    def _open_for_writes(self, recovery: Recovery, decided: Recovered) -> None:
        while not self.closed:
            try:
                recovered = recovery.opened(decided)
                break
            except Unreachable as error:
                self._trouble(error.message)
            except Superseded as error:
                self.fail(error)
                return
        for group, positions in recovered.positions.items():
            progress = self.groups[group]
            for copy, scl in positions.items():
                progress.positions[copy] = max(scl, progress.positions.get(copy, 0))
        self.is_open = True
        self.allow(self.config.lsn_limit_bytes)
        self.tell_horizons()  # every node learns whom to answer
        self.changes.resume()

    # -- records out -------------------------------------------------------------------------------------------------

    def flush(self) -> int:
        """One batch is on its way at a time, so that the next grows with those who wait: six messages cost as much for many
        transactions as for one, and none of them could be acknowledged before the batch ahead of it."""
        now = self.host.clock.monotonic()
        if self._may_hold and self.redo.pending_bytes < HOLD_BYTES:
            if self.takes and now < self._left_at + HOLD_SECONDS:
                self._is_held = True
                self._arm_timer()
                return 0
            if self._gathering is not None and len(self.waits) < self._expected and not self.room_waiters:
                self._is_held = True
                return 0
        self._is_held, self._left_at = False, now
        return super().flush()

    def close(self) -> None:
        self._may_hold = False
        super().close()

    def _vdl_moved(self, vdl: int) -> None:
        if self.takes:
            return
        took = self.host.clock.monotonic() - self._left_at
        self._expected = GATHER_SHARE * len(self.waits)
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._expected > 1 and took >= GATHER_SECONDS_MIN:
            self._gathering = self.host.tasks.call_later(min(took, GATHER_SECONDS_MAX), self._gathered)
        elif self._is_held:
            self.host.tasks.call_soon(self.flush)

    def _gathered(self) -> None:
        """Those who were to come again have come, or take too long: no longer than the batch before them took, so that
        waiting for them at most doubles what a commit takes, and most often saves six messages."""
        self._gathering = None
        if self._is_held:
            self.flush()

    def tell_horizons_to(self, group: int, copy: str) -> None:
        if self.is_open:
            super().tell_horizons_to(group, copy)

    def _unlock(self) -> None:
        pass

    def _waits(self) -> bool:
        return not self.follows and (not self.is_open or super()._waits())

    def reaches_quorum(self) -> bool:
        """Asks every node, a reader as well as a writer. May switch, for two seconds at most."""

        def enough(answers: Answers) -> bool:
            found = what_is_hosted(answers)
            return found is not None and is_writable(found)

        try:
            self.transport.ask_nodes(m.ListSegments(), enough, PROBE_SECONDS)
            return self.failure is None
        except Unreachable:
            return False

    def _write_rule(self, transport: Transport, group: int) -> Rule:
        return transport.memberships[group].geometry.write

    def read_rule(self, group: int) -> Rule:
        return self.transport.memberships[group].geometry.read

    # -- growing -----------------------------------------------------------------------------------------------------

    def create_group(self, group: int) -> GroupProgress:
        """The first records of a protection group are about to leave. What is sent to a copy arrives in order, so they
        find their segment; a node that was down meanwhile is told when it says that the segment is missing."""
        loads = Counter(member.node for each in self.transport.memberships.values() for member in each.members)
        membership = choose_members(self.nodes.to_choose_from(), self.config.copies, self.node_ids, loads, self.config.tails)
        self.transport.place(group, membership)
        progress = self.groups[group] = GroupProgress(dict.fromkeys(membership.geometry.copies, 0), 0, membership.geometry.write)
        for member in membership.members:
            self.create_segment(group, member.copy)
        return progress

    def create_segment(self, group: int, copy: str) -> None:
        membership = self.transport.memberships[group]
        self.transport.send(
            copy, m.CreateSegment(self.epoch, group, copy, self.truncations, membership, self.identity)
        )  # fmt: skip

    # -- answers -----------------------------------------------------------------------------------------------------

    def receive_other(self, copy: str, message: m.Message) -> None:
        if type(message) is m.Failed:  # of the node: it may be started again, and until then a quorum of others will do
            self._trouble(str(message))
        elif not self.laggards.receive(copy, message):
            super().receive_other(copy, message)

    # -- pages -------------------------------------------------------------------------------------------------------

    def _read(self, group: int, progress: GroupProgress, page_no: int, at: int, point: int) -> bytes:
        return self.transport.read(group, page_no, at, point, lambda: self._able(group, progress, point))

    def _able(self, group: int, progress: GroupProgress, point: int) -> list[str]:
        """Copies that have pages, and everything up to the read point, as far as we know."""
        if self.failure is not None:
            raise again(self.failure)
        tails = [member.copy for member in self.transport.memberships[group].members if member.kind == TAIL]
        return [copy for copy, scl in progress.positions.items() if scl >= point and copy not in tails]

    def __str__(self) -> str:
        return f"volume {self.identity.id[:6]} vdl={self.vdl:#x} epoch={self.epoch} groups={len(self.groups)}"


def create_fleet(host: Host, config: StorageConfig) -> Volume:
    """A new, empty volume on the nodes of `config.nodes`; opened. A creation that was cut short is brought to its end."""
    transport = LinkTransport(host, config.nodes)
    try:
        answers = transport.ask_nodes(m.ListSegments(), lambda answers: len(answers) == len(transport.places))
        found = what_is_hosted(answers)
        if found is not None and is_whole(found):
            raise ObjectInUse("the volume exists already")
        if found is not None:
            identity, membership = found.volume, found.memberships[0]
        else:
            identity = m.VolumeIdentity(host.random.bytes(16).hex(), config.group_pages)
            ids = {name: answer.node for name, answer in answers.items()}
            membership = choose_members(config.nodes, config.copies, ids, Counter(), config.tails)
            membership = replace(membership, nodes=config.nodes)
        transport.place(0, membership)
        questions = {
            member.copy: m.CreateSegment(m.NO_EPOCH, 0, member.copy, m.NO_TRUNCATIONS, membership, identity)
            for member in membership.members
        }
        transport.ask(questions, lambda answers: len(answers) == len(questions))
    finally:
        transport.close()
    return open_fleet(host, config)


def open_fleet(host: Host, config: StorageConfig) -> Volume:
    """Recovery, then ready."""
    transport = LinkTransport(host, config.nodes)
    try:
        found, config = what_is_there(transport, config)
        instance = int.from_bytes(host.random.bytes(8), "little")
        recovery = Recovery(host, transport, found.memberships[0].geometry, instance, config)
        decided = recovery.decided()
        volume = FleetVolume(host, config, transport, decided, found)
        volume.node_ids.update(recovery.nodes)
        volume.open_for_writes(recovery, decided)
        return volume
    except BaseException:
        transport.close()
        raise


def what_is_there(transport: LinkTransport, config: StorageConfig) -> tuple[Found, StorageConfig]:
    """The volume that the nodes host, and the configuration with its sizes. NoVolume where there is none."""
    found = what_is_hosted(transport.ask_nodes(m.ListSegments(), enough_to_know(transport.places)))
    if found is None or not is_whole(found):
        raise NoVolume("the storage nodes host no volume")
    first = found.memberships[0]
    tails = tuple(member.copy for member in first.members if member.kind == TAIL)
    return found, replace(config, group_pages=found.volume.group_pages, copies=first.geometry.copies, tails=tails)


def enough_to_know(places: tuple[NodePlace, ...]) -> Callable[[Answers], bool]:
    """A volume is there once a read quorum of group 0 says so; that there is none, only all can say."""

    def enough(answers: Answers) -> bool:
        if len(answers) == len(places):
            return True
        found = what_is_hosted(answers)
        return found is not None and is_whole(found)

    return enough


def what_is_hosted(answers: Answers) -> Found | None:
    """The volume on the nodes that answered, by the newest membership of each group; None when they are empty."""
    memberships: dict[int, Membership] = {}
    volume: m.VolumeIdentity | None = None
    for answer in answers.values():
        for group, membership in answer.groups.items():
            volume = answer.volume
            if group not in memberships or membership.epoch > memberships[group].epoch:
                memberships[group] = membership
    if volume is None:
        return None
    return Found(volume, memberships, dict(answers))


def is_whole(found: Found) -> bool:
    """Was its creation brought to its end, as far as those that answered know: enough copies to read group 0?"""
    return 0 in found.memberships and found.memberships[0].geometry.read.met(present(found, 0))


def is_writable(found: Found) -> bool:
    """Is a write quorum of every group there?"""
    return all(membership.geometry.write.met(present(found, group)) for group, membership in found.memberships.items())


def present(found: Found, group: int) -> list[str]:
    """The group's copies on the nodes that answered."""
    hosts = {answer.node for answer in found.nodes.values() if group in answer.groups}
    names = {name for name, answer in found.nodes.items() if group in answer.groups}
    return [each.copy for each in found.memberships[group].members if each.segment in hosts or each.node in names]


def choose_members(
    places: Iterable[NodePlace], copies: tuple[str, ...], node_ids: dict[str, str], loads: Counter[str],
    tails: tuple[str, ...] = (),
) -> Membership:
    """As many nodes as there are copies, evenly over the zones, within a zone those that hold least; zones in order."""
    by_zone: dict[str, list[NodePlace]] = {}
    for place in places:
        by_zone.setdefault(place.zone, []).append(place)
    for found in by_zone.values():
        found.sort(key=lambda place: (loads[place.name], place.name))
    chosen: list[NodePlace] = []
    zones = sorted(by_zone)
    while len(chosen) < len(copies):
        before = len(chosen)
        for zone in zones:
            if by_zone[zone] and len(chosen) < len(copies):
                chosen.append(by_zone[zone].pop(0))
        if len(chosen) == before:
            raise ValueError(f"{len(copies)} copies need as many storage nodes; {before} are configured")
    chosen.sort(key=lambda place: place.zone)
    members = tuple(
        Member(
            copy, place.name, place.zone, place.address, node_ids.get(place.name, ""), TAIL if copy in tails else FULL
        )
        for copy, place in zip(copies, chosen)
    )  # fmt: skip
    if tails:
        geometry = full_and_tail(tuple(copy for copy in copies if copy not in tails), tails)
    else:
        geometry = Geometry.of(copies, *QUORUMS[len(copies)])
    return Membership(1, members, geometry)
