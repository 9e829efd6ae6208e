"""The node's place in the epochs: what a new writer asks of its segments before it may write.

    w → n  Fence g0 epoch=5.2a        the epoch on disk first: nothing older is accepted from here on
    n → w  Fenced g0 A epoch=5.2a
    w → n  Ask g0 epoch=5.2a          SCL, list, links: only of a segment that is fenced
    w → n  Truncate g0 … epoch=5.2a   the epoch's list replaces the segment's
    w → n  Install g0 … epoch=5.2a    epoch, list and membership at once, for a segment that slept meanwhile

A message of an older epoch is Refused. One of a newer epoch than the segment knows, other than those that bring it, is not
obeyed: State says how far the segment is. Writes and reads of an epoch wait for its list (`follows`): between Fence and
Truncate a segment takes records only from peers with the same list.

An epoch, a list or a membership counts from the moment it is on disk (`Segment.promise`), not before: a segment whose disk
is full stays under the old ones, and serves and acknowledges under those alone.

Errors: OSError when what must be on disk before the answer cannot be written; there is no answer then, and the next
attempt writes again.

Not here: what follows from the answers (`volume/recovery.py`), making segments (`hosting`).
"""

from __future__ import annotations

from collections import deque
from typing import Any, Callable

from aurorapy.storage import messages as m
from aurorapy.storage.members import Membership
from aurorapy.storage.node.segment import Segment

class Epochs:
    """Handlers of one `StorageNode`."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {
            m.Fence: self._fence,
            m.Ask: self._ask,
            m.Truncate: self._truncate,
            m.Install: self._install,
        }

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
            return self.node.hosting.missing(message)
        if message.epoch == segment.epoch and (not needs_list or self.follows(segment, message.epoch)):
            return None
        return self.other(segment, message.epoch)

    # -- a new writer's questions --------------------------------------------------------------------------------------

    def _fence(self, message: m.Fence) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            self.node.hosting.raise_floor(message.epoch)
            return self.node.hosting.missing(message)
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
            return self.node.hosting.missing(message)
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
