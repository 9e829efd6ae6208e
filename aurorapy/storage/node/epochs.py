"""The node's place in the epochs: what a new writer asks of its segments before it may write.

    w → n  Fence g0 epoch=5.2a        the epoch on disk first: nothing older is accepted from here on
    n → w  Fenced g0 A epoch=5.2a
    w → n  Ask g0 epoch=5.2a          SCL, list, links: only of a segment that is fenced
    w → n  Truncate g0 … epoch=5.2a   the epoch's list replaces the segment's
    w → n  Install g0 … epoch=5.2a    epoch, list and membership at once, for a segment that slept meanwhile

A message of an older epoch is Refused. One of a newer epoch than the segment knows, other than those that bring it, is not
obeyed: State says how far the segment is. Writes and reads of an epoch wait for its list (`follows`): between Fence and
Truncate a segment takes records only from peers with the same list.

A segment's identity is its node's, drawn when the node's directory was made. The node file lists the groups that it ever
hosted (`was_here`), so a lost segment is not mistaken for one that never was; a copy made in its place is another.

An epoch, a list or a membership counts from the moment it is on disk (`Segment.promise`), not before: a segment whose disk
is full stays under the old ones, and serves and acknowledges under those alone.

Errors: OSError when what must be on disk before the answer cannot be written; there is no answer then, and the next
attempt writes again.

Not here: what follows from the answers (`volume/recovery.py`).
"""

from __future__ import annotations

from collections import deque
from typing import Any, Callable

from aurorapy.errors import DataCorrupted
from aurorapy.storage import messages as m
from aurorapy.storage.members import Membership
from aurorapy.storage.node import manifest
from aurorapy.storage.node.segment import Segment

NODE_KIND = "storage node"


class Epochs:
    """Handlers of one `StorageNode`, and what its node file says."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.floor = m.NO_EPOCH  # no segment is made for an older writer
        self.serial = 0  # of the node file
        self.hosted: set[int] = set()  # every group the node ever had a segment of
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {
            m.ListSegments: self._list_segments,
            m.CreateSegment: self._create_segment,
            m.Fence: self._fence,
            m.Ask: self._ask,
            m.Truncate: self._truncate,
            m.Install: self._install,
        }

    # -- the node file -------------------------------------------------------------------------------------------------

    def save(self) -> None:
        node = self.node
        content = {"node": node.id, "floor": list(self.floor), "hosted": sorted(self.hosted)}
        self.serial += 1
        manifest.save_both(node.host.disk, f"{node.directory}/node", NODE_KIND, content, self.serial)

    def load(self) -> None:
        node = self.node
        content, _ = manifest.load_either(node.host.disk, f"{node.directory}/node", NODE_KIND)
        self.serial = content["serial"]
        node.id = content["node"]
        self.floor, self.hosted = m.Epoch(*content["floor"]), set(content["hosted"])

    def note_hosted(self) -> None:
        """A segment that is there was hosted, also when the node died between the segment's manifest and its own file."""
        if not self.hosted.issuperset(self.node.segments):
            self.hosted.update(self.node.segments)
            try:
                self.save()
            except OSError as error:  # the segment itself says so meanwhile
                self.node.report(f"the file {self.node.directory}/node could not be saved: {error}")

    def is_file_damaged(self) -> bool:
        try:
            return not manifest.load_either(self.node.host.disk, f"{self.node.directory}/node", NODE_KIND)[1]
        except (DataCorrupted, FileNotFoundError):
            return True

    def _raise_floor(self, epoch: m.Epoch) -> None:
        if epoch > self.floor:
            before, self.floor = self.floor, epoch
            try:
                self.save()
            except OSError:
                self.floor = before
                raise

    # -- which epoch counts --------------------------------------------------------------------------------------------

    def follows(self, segment: Segment, epoch: m.Epoch) -> bool:
        """May the segment take writes and serve reads of that epoch?"""
        return segment.follows(epoch)

    def other(self, segment: Segment, epoch: m.Epoch) -> list[m.Message]:
        """The answer to a message whose epoch the segment does not follow."""
        if epoch < segment.epoch:
            return [m.Refused(segment.epoch, segment.group, segment.copy, epoch)]
        return [self.state(segment, segment.vdl)]  # the sender sees that its epoch is not installed here

    def refusal(self, message: Any, needs_list: bool = True) -> list[m.Message] | None:
        """The answer to a message that is not obeyed, for want of its segment or of its epoch; None where it is.
        needs_list: writes and reads wait for the epoch's list (`follows`)."""
        segment = self.node.segments.get(message.group)
        if segment is None:
            return self.missing(message)
        if message.epoch == segment.epoch and (not needs_list or self.follows(segment, message.epoch)):
            return None
        return self.other(segment, message.epoch)

    def missing(self, message: Any) -> list[m.Message]:
        """The answer for a group that the node does not host."""
        if message.epoch < self.floor:
            return [m.Refused(self.floor, message.group, "", message.epoch)]
        return [m.Missing(message.epoch, message.group, self.node.id, message.group in self.hosted)]

    # -- making segments -----------------------------------------------------------------------------------------------

    def _list_segments(self, message: m.ListSegments) -> list[m.Message]:
        self._raise_floor(message.epoch)
        segments = self.node.segments
        epoch = max([self.floor, *(segment.epoch for segment in segments.values())])
        volume = next((segment.volume for segment in segments.values()), m.NO_VOLUME)
        groups = {group: segment.membership for group, segment in segments.items()}
        return [m.Segments(self.node.id, volume, groups, epoch)]

    def _create_segment(self, message: m.CreateSegment) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            if message.epoch < self.floor:
                return [m.Refused(self.floor, message.group, message.copy, message.epoch)]
            segment = self._make(message)
        elif message.epoch < segment.epoch:
            return [m.Refused(segment.epoch, segment.group, segment.copy, message.epoch)]
        return [m.SegmentCreated(segment.epoch, segment.group, segment.copy, segment.id)]

    def _make(self, message: m.CreateSegment) -> Segment:
        node = self.node
        identity = node.host.random.bytes(16).hex() if message.group in self.hosted else node.id
        directory = f"{node.directory}/segments/{message.group:06x}"
        node.host.disk.mkdir(directory)
        segment = Segment(node.host.disk, directory, message.group, message.copy, identity)
        segment.epoch, segment.truncations = message.epoch, message.truncations
        segment.membership, segment.volume = message.membership, message.volume
        segment.log_start = node.log.position
        segment.save()
        if message.group not in self.hosted:
            self.hosted.add(message.group)
            try:
                self.save()
            except OSError:  # it has promised nothing yet: the next attempt makes it anew
                self.hosted.discard(message.group)
                raise
        node.segments[message.group] = segment
        return segment

    # -- a new writer's questions --------------------------------------------------------------------------------------

    def _fence(self, message: m.Fence) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            self._raise_floor(message.epoch)
            return self.missing(message)
        if message.epoch < segment.epoch:
            return self.other(segment, message.epoch)
        self._promise(segment, message.epoch, segment.truncations)
        return [m.Fenced(segment.epoch, segment.group, segment.copy)]

    def _promise(
        self, segment: Segment, epoch: m.Epoch, truncations: m.TruncationList, membership: Membership | None = None
    ) -> None:
        """Keeps to these from here on, also after a crash; OSError: to what it kept to before."""
        epoch = max(epoch, segment.epoch)
        truncations = max(segment.truncations, truncations, key=lambda each: each.epoch)  # the first of two alike
        membership, copy = membership or segment.membership, segment.copy
        if membership != segment.membership:
            named = (member.copy for member in membership.members if member.segment == segment.id)
            copy = next(named, copy)  # it may come back under another letter
        is_newer, is_another_list = epoch > segment.epoch, truncations is not segment.truncations
        if is_newer or is_another_list or membership != segment.membership:
            segment.promise(epoch, truncations, membership, copy)
        if is_newer:
            self.node.drop_waiting(segment.group)
        if is_another_list:
            self._cut_in_flight(segment)

    def _ask(self, message: m.Ask) -> list[m.Message]:
        if (refusal := self.refusal(message, needs_list=False)) is not None:
            return refusal
        segment = self.node.segments[message.group]
        return [self.state(segment, segment.vdl if message.above is None else message.above)]

    def state(self, segment: Segment, above: int) -> m.State:
        links = segment.links(above)
        base = links[0].prev_group if links else segment.scl
        return m.State(
            segment.epoch, segment.group, segment.copy, segment.scl, segment.vdl, segment.truncations, base, links,
            segment.id, segment.membership, dict(segment.peers), segment.doubt,
        )  # fmt: skip

    def _truncate(self, message: m.Truncate) -> list[m.Message]:
        if (refusal := self.refusal(message, needs_list=False)) is not None:
            return refusal
        segment = self.node.segments[message.group]
        self._promise(segment, segment.epoch, message.truncations)
        return [m.Truncated(segment.epoch, segment.group, segment.copy)]

    def _cut_in_flight(self, segment: Segment) -> None:
        """What is still on its way to the disk and was annulled does not move the SCL when it arrives."""
        left: deque[tuple[int, Segment, int, int]] = deque()
        for position, owner, prev, last in self.node.in_flight:
            if owner is segment:
                for low, high in segment.truncations.ranges:
                    if low < last <= high:
                        last = segment.end_below(prev, low)
            left.append((position, owner, prev, last))
        self.node.in_flight = left

    def _install(self, message: m.Install) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            return self.missing(message)
        if message.epoch < segment.epoch:
            return self.other(segment, message.epoch)
        is_newer = message.epoch > segment.epoch  # then its membership counts, whatever the numbers say
        is_wanted = is_newer or message.membership.epoch > segment.membership.epoch
        self._promise(segment, message.epoch, message.truncations, message.membership if is_wanted else None)
        return [
            m.Installed(
                segment.epoch, segment.group, segment.copy, segment.scl, segment.id, segment.membership.epoch
            )
        ]  # fmt: skip
