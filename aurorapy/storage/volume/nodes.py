"""The nodes of an open volume: some come, some go, while it is written.

    nodes.add(place)              groups that are made from now on may live there
    nodes.replace("b1", place)    every copy on b1 is replaced by one on the node at `place`, which may be new; b1 is left empty
    nodes.revert("b3")            copies that are on their way to b3 stay where they were

Which nodes there are is kept in the membership of group 0: a writer whose configuration is older finds the new ones by the
old ones. A node that comes takes the zone of the one that goes, so that copies stay spread over the zones.

What was begun goes on when the caller is gone (interrupted, or its writer killed: `Changes.resume`); `replace`, called
again, does what is left, `revert` takes it back.

Errors: NodeRefused for a node or a replacement that cannot be; what `Changes` raises.

Not here: how one copy is replaced (`membership`), starting and stopping nodes.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.records import replace
from aurorapy.storage import messages as m
from aurorapy.storage.members import Membership, NodePlace


REMAINS_LOOKS, REMAINS_SECONDS = 50, 0.2


class NodeRefused(DatabaseError, sqlstate="22023"):
    """No such node, no such replacement, or a node that cannot take part."""


class Nodes:
    """See the chapter. All methods may switch."""

    def __init__(self, volume: Any) -> None:
        self._volume = volume
        self._transport = volume.transport
        self._leaving: set[str] = set()

    def known(self) -> tuple[NodePlace, ...]:
        return self._memberships()[0].nodes or self._volume.config.nodes

    def to_choose_from(self) -> tuple[NodePlace, ...]:
        """For new groups."""
        return tuple(place for place in self.known() if place.name not in self._leaving)

    def copies_on(self, name: str) -> int:
        return sum(member.node == name for each in self._memberships().values() for member in each.members)

    # -- coming and going ----------------------------------------------------------------------------------------------

    def add(self, place: NodePlace) -> None:
        if any(each.name == place.name or each.address == place.address for each in self.known()):
            raise NodeRefused(f'storage node "{place.name}" takes part already, or another one at {place.address}')
        self._meet(place)
        self._keep((*self.known(), place))

    def replace(self, leaves: str, place: NodePlace) -> int:
        """How many copies were moved."""
        zone = next((each.zone for each in self.known() if each.name == leaves), None)
        if zone is None:
            raise NodeRefused(f'there is no storage node "{leaves}"')
        if place.zone != zone or place.name == leaves:
            raise NodeRefused(f'storage node "{leaves}" can be replaced only by another one of zone "{zone}"')
        if place in self.known():
            self._meet(place)
        else:
            self.add(place)
        self._leaving.add(leaves)
        try:
            moved = sum(self._move(group, leaves, place) for group in sorted(self._memberships()))
            self._keep(tuple(each for each in self.known() if each.name != leaves))
            self._transport.forget(leaves)
            return moved
        finally:
            self._leaving.discard(leaves)

    def revert(self, comes: str) -> int:
        """How many copies stay where they were."""
        reverted = 0
        for group, membership in sorted(self._memberships().items()):
            for _, copy in membership.changes:
                if membership.member(copy).node == comes:
                    self._volume.changes.revert(group, copy)
                    reverted += 1
        if not reverted:
            raise NodeRefused(f'no copy is on its way to storage node "{comes}"')
        return reverted

    # -- how -----------------------------------------------------------------------------------------------------------

    def _memberships(self) -> dict[int, Membership]:
        return self._transport.memberships

    def _meet(self, place: NodePlace) -> None:
        """Hears from the node: it is there, and no other volume's."""
        answer = self._transport.ask_node(place, m.ListSegments())
        if not isinstance(answer, m.Segments) or answer.volume not in (m.NO_VOLUME, self._volume.identity):
            raise NodeRefused(f'storage node "{place.name}" holds another volume')
        self._volume.node_ids[place.name] = answer.node

    def _keep(self, nodes: tuple[NodePlace, ...]) -> None:
        self._volume.changes.renew(0, lambda membership: replace(membership, nodes=nodes))
        self._transport.meet(nodes)

    def _move(self, group: int, leaves: str, place: NodePlace) -> int:
        changes, moved = self._volume.changes, 0
        membership = self._memberships()[group]
        going = {old for old, _ in membership.changes}
        for old, comes in membership.changes:  # begun by a call that was cut short
            if membership.member(old).node == leaves:
                changes.finish(group, comes)
                moved += 1
        for member in membership.members:
            if member.node == leaves and member.copy in membership.geometry.copies and member.copy not in going:
                changes.replace(group, member.copy, place, self._identity(group, place))
                moved += 1
        return moved

    def _identity(self, group: int, place: NodePlace) -> str:
        """Of the copy that the node would make; what it may have left of an earlier one goes first."""
        for _ in range(REMAINS_LOOKS):
            answer = self._transport.ask_node(place, m.Ask(self._volume.epoch, group))
            if isinstance(answer, m.Missing):
                return answer.node
            self._volume.host.tasks.sleep(REMAINS_SECONDS)
        raise NodeRefused(f'storage node "{place.name}" holds a copy of protection group {group} that is no member: {answer}')
