"""The node's place in the epochs: what a new writer asks of its segments before it may write.

    w → n  Fence g0 epoch=5.2a        the epoch on disk first: nothing older is accepted from here on
    n → w  Fenced g0 A epoch=5.2a
    w → n  Ask g0 epoch=5.2a          SCL, list, links: only of a segment that is fenced
    w → n  Truncate g0 … epoch=5.2a   the epoch's list replaces the segment's

A message of an older epoch is Refused. One of a newer epoch than the segment knows, other than those that bring it, is not
obeyed: State says how far the segment is.

Not here: what follows from the answers (`volume/recovery.py`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.storage import messages as m
from aurorapy.storage.node.segment import Segment


class Epochs:
    """Handlers of one `StorageNode`."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {
            m.CreateSegment: self._create_segment,
            m.Fence: self._fence,
            m.Ask: self._ask,
            m.Truncate: self._truncate,
            m.FetchRecords: self._fetch_records,
        }

    def other(self, segment: Segment, epoch: m.Epoch) -> list[m.Message]:
        """The answer to a message whose epoch is not the segment's."""
        if epoch < segment.epoch:
            return [m.Refused(segment.epoch, segment.group, segment.copy, epoch)]
        return [self.state(segment, segment.vdl)]  # the sender sees that its epoch is not installed here

    def _create_segment(self, message: m.CreateSegment) -> list[m.Message]:
        node = self.node
        if message.group in node.segments:
            return []
        directory = f"{node.directory}/segments/{message.group:06x}"
        node.host.disk.mkdir(directory)
        segment = Segment(node.host.disk, directory, message.group, message.copy, node.host.random.bytes(16).hex())
        segment.epoch, segment.truncations = message.epoch, message.truncations
        segment.log_start = node.log.position
        segment.save()
        node.segments[message.group] = segment
        return []

    def _fence(self, message: m.Fence) -> list[m.Message]:
        segment = self.node.segments[message.group]
        if message.epoch < segment.epoch:
            return self.other(segment, message.epoch)
        if message.epoch > segment.epoch:
            self.node.drop_waiting(message.group)
            segment.epoch = message.epoch
            segment.save()
        return [m.Fenced(segment.epoch, segment.group, segment.copy)]

    def _ask(self, message: m.Ask) -> list[m.Message]:
        segment = self.node.segments[message.group]
        if message.epoch != segment.epoch:
            return self.other(segment, message.epoch)
        return [self.state(segment, segment.vdl if message.above is None else message.above)]

    def state(self, segment: Segment, above: int) -> m.State:
        links = segment.links(above)
        base = links[0].prev_group if links else segment.scl
        return m.State(
            segment.epoch, segment.group, segment.copy, segment.scl, segment.vdl, segment.truncations, base, links
        )

    def _truncate(self, message: m.Truncate) -> list[m.Message]:
        segment = self.node.segments[message.group]
        if message.epoch != segment.epoch:
            return self.other(segment, message.epoch)
        if message.truncations.epoch > segment.truncations.epoch:
            segment.truncate(message.truncations)
            segment.save()
        return [m.Truncated(segment.epoch, segment.group, segment.copy)]

    def _fetch_records(self, message: m.FetchRecords) -> list[m.Message]:
        segment = self.node.segments[message.group]
        if message.epoch != segment.epoch:
            return self.other(segment, message.epoch)
        upto = min(message.upto, segment.scl)
        records = segment.records_between(message.after, upto)
        return [
            m.Records(
                segment.epoch, segment.group, segment.copy, segment.truncations, message.after, upto, records
            )
        ]  # fmt: skip
