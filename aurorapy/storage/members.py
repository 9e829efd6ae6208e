"""Who holds the copies of a protection group, under which quorum rules: data that travels and is kept with the segments.

    Membership 3
        A  node a1  zone a  127.0.0.1:7001      write 4/6 ABCDEF and 4/6 ABCDEG
        …                                       read  3/6 ABCDEF or 3/6 ABCDEG
        G  node c3  zone c  127.0.0.1:7009

Each segment keeps the membership of its group in its manifest; the one with the highest epoch counts. A change is written
to a write quorum of the old rules and of the new before it takes effect, so any read quorum of the old finds it: the
segments themselves say who they are, and no other service has to be asked.

Errors: ValueError for a text or dictionary that is none.

Not here: how a membership is changed (`volume/membership.py`), quorum arithmetic (`quorum.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Container, Iterable, NamedTuple

from aurorapy.records import dataclass, replace
from aurorapy.storage.quorum import All, Either, Geometry, Rule, Some, renamed


class NodePlace(NamedTuple):
    """A storage node as configuration names it: `a:127.0.0.1:7001` is a node of zone a."""

    name: str
    zone: str
    address: str

    @classmethod
    def parse(cls, text: str) -> NodePlace:
        """`ZONE:HOST:PORT` or `NAME=ZONE:HOST:PORT`; the name is the address where none is given."""
        name, equals, rest = text.strip().rpartition("=")
        zone, colon, address = rest.partition(":")
        host, second, port = address.rpartition(":")
        if not (colon and second and zone and host and port.isdigit()):
            raise ValueError(f'"{text}" is not a storage node: ZONE:HOST:PORT expected')
        return cls(name if equals else address, zone, address)


FULL, TAIL = "full", "tail"  # log and pages, or the log only


class Member(NamedTuple):
    """One copy of a group: its letter in the rules, and where it lives. `segment`: its identity, 32 hex digits, which is
    its node's: drawn when the node's directory was made, so an emptied node is another one. Empty: any is right."""

    copy: str
    node: str
    zone: str
    address: str
    segment: str = ""
    kind: str = FULL


@dataclass(frozen=True)
class Membership:
    """The copies of one protection group.

    epoch: grows with each change; `next_epoch` makes it. before: the write rule of the membership that this one ended,
    until this one is known to be on a write quorum of it; who opens the volume meanwhile writes to both, so `members` has
    those who leave until then. changes: (who leaves, who comes) of each replacement under way. nodes: of group 0 alone, all
    nodes that the volume's groups may live on, whatever a configuration says.
    """

    epoch: int
    members: tuple[Member, ...]
    geometry: Geometry
    before: Rule | None = None
    changes: tuple[tuple[str, str], ...] = ()
    nodes: tuple[NodePlace, ...] = ()

    @property
    def opening(self) -> Rule:
        """Whom a recovery must reach before it opens."""
        return self.geometry.write if self.before is None else All((self.geometry.write, self.before))

    def member(self, copy: str) -> Member:
        return next(member for member in self.members if member.copy == copy)

    def as_dict(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "members": [list(member) for member in self.members],
            "write": rule_as_data(self.geometry.write),
            "read": rule_as_data(self.geometry.read),
            "before": None if self.before is None else rule_as_data(self.before),
            "changes": [list(change) for change in self.changes],
            "nodes": [list(place) for place in self.nodes],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Membership:
        geometry = Geometry(rule_from_data(content["write"]), rule_from_data(content["read"]))
        before = None if content["before"] is None else rule_from_data(content["before"])
        members = tuple(Member(*member) for member in content["members"])
        changes = tuple((leaves, comes) for leaves, comes in content["changes"])
        nodes = tuple(NodePlace(*place) for place in content.get("nodes", ()))
        return cls(content["epoch"], members, geometry, before, changes, nodes)

    def __str__(self) -> str:
        places = " ".join(f"{member.copy}={member.node}" for member in self.members)
        return f"membership {epoch_text(self.epoch)}: {places}; {self.geometry}"


def full_and_tail(full: tuple[str, ...], tail: tuple[str, ...]) -> Geometry:
    """Half of the copies hold pages: writes to more than half of all or to all full ones, reads of half and of a full one."""
    copies = (*full, *tail)
    half = len(copies) // 2
    write = Either((Some(half + 1, copies), Some(len(full), full)))
    return Geometry(write, All((Some(half, copies), Some(1, full))))


NO_MEMBERSHIP = Membership(0, (), Geometry(All(()), Either(())))


def replacing(membership: Membership, leaves: str, comes: Member, epoch: int) -> Membership:
    """A replacement begins: writes need the old rule and the new, reads one of them. Nests: what is under way goes on."""
    rules = membership.geometry
    new = Geometry(renamed(rules.write, leaves, comes.copy), renamed(rules.read, leaves, comes.copy))
    members, changes = (*membership.members, comes), (*membership.changes, (leaves, comes.copy))
    return replace(membership, epoch=epoch, members=members, geometry=rules.replacing(new), before=None, changes=changes)


def decided(membership: Membership, leaves: str, stays: str, epoch: int) -> Membership:
    """A replacement ends, either way: `stays` alone in the place of both, also in another one that was to end with
    `leaves`."""
    rules = membership.geometry
    geometry = Geometry(renamed(rules.write, leaves, stays), renamed(rules.read, leaves, stays))
    changes = tuple(
        tuple(stays if copy == leaves else copy for copy in change)
        for change in membership.changes if set(change) != {leaves, stays}
    )  # fmt: skip
    return replace(membership, epoch=epoch, geometry=geometry, before=rules.write, changes=changes)


def settled(membership: Membership, epoch: int) -> Membership:
    """The end is known to a write quorum of both rules: who is in no rule any more is no member."""
    copies = membership.geometry.copies
    members = tuple(member for member in membership.members if member.copy in copies)
    return replace(membership, epoch=epoch, members=members, before=None)


def may_hide_a_group(nodes: Iterable[NodePlace], heard: Container[str], memberships: Iterable[Membership], write: int) -> bool:
    """Can the nodes that were not heard hold a write quorum of a group that nobody else knows? Copies are spread over the
    zones, of every group as of those that are known: a zone that is silent, however large, has no more of one than that."""
    zones = [Counter(member.zone for member in membership.members) for membership in memberships]
    most = max((count for zone in zones for count in zone.values()), default=write)
    unheard = Counter(place.zone for place in nodes if place.name not in heard)
    return sum(min(most, count) for count in unheard.values()) >= write


def unused_letter(membership: Membership) -> str:
    """For a copy that comes: the letter after the highest in use, so that none soon means another copy."""
    used = {member.copy for member in membership.members}
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    after = [letter for letter in letters if letter > max(used)] + [letter for letter in letters if letter not in used]
    return after[0]


def next_epoch(epoch: int, number: int, instance: int) -> int:
    """The epoch of a change made by the writer of volume epoch (number, instance): above `epoch`, and no other writer's.
    32 bits of number, 16 of instance, 16 that count."""
    return max(epoch + 1, number << 32 | (instance & 0xFFFF) << 16)


def epoch_text(epoch: int) -> str:
    return f"{epoch >> 32}.{epoch & 0xFFFF}"


def rule_as_data(rule: Rule) -> list[Any]:
    """["some", 4, ["A", ...]], ["all", [rule, ...]], ["either", [rule, ...]]"""
    if isinstance(rule, Some):
        return ["some", rule.count, list(rule.copies)]
    return ["all" if isinstance(rule, All) else "either", [rule_as_data(each) for each in rule.rules]]


def rule_from_data(data: list[Any]) -> Rule:
    match data:
        case ["some", int(count), list(copies)]:
            return Some(count, tuple(copies))
        case ["all", list(rules)]:
            return All(tuple(map(rule_from_data, rules)))
        case ["either", list(rules)]:
            return Either(tuple(map(rule_from_data, rules)))
    raise ValueError(f"{data!r} is not a quorum rule")
