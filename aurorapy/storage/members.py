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

from dataclasses import dataclass
from typing import Any, NamedTuple

from aurorapy.storage.quorum import All, Either, Geometry, Rule, Some


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


class Member(NamedTuple):
    """One copy of a group: its letter in the rules, and where it lives. `segment`: the identity drawn when its directory
    was made, 32 hex digits; empty until the node has said it."""

    copy: str
    node: str
    zone: str
    address: str
    segment: str = ""


@dataclass(frozen=True)
class Membership:
    """The copies of one protection group. `epoch` grows by one with each change."""

    epoch: int
    members: tuple[Member, ...]
    geometry: Geometry

    def member(self, copy: str) -> Member:
        return next(member for member in self.members if member.copy == copy)

    def as_dict(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "members": [list(member) for member in self.members],
            "write": rule_as_data(self.geometry.write),
            "read": rule_as_data(self.geometry.read),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Membership:
        geometry = Geometry(rule_from_data(content["write"]), rule_from_data(content["read"]))
        return cls(content["epoch"], tuple(Member(*member) for member in content["members"]), geometry)

    def __str__(self) -> str:
        places = " ".join(f"{member.copy}={member.node}" for member in self.members)
        return f"membership {self.epoch}: {places}; {self.geometry}"


NO_MEMBERSHIP = Membership(0, (), Geometry(All(()), Either(())))


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
