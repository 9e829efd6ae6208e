"""Quorum arithmetic: which copies must answer, and how far a volume is durable.

Copies of a protection group have names (one character each in the pictures, any string in life). A `Rule` is data:
*enough of these copies*, joined by AND and OR, so that another geometry or a membership change is another value and no
other code.

    six copies          write 4 of ABCDEF                     read 3 of ABCDEF
    F being replaced    write 4 of ABCDEF AND 4 of ABCDEG     read 3 of ABCDEF OR 3 of ABCDEG
    full and tail       write 4 of ABCDEF OR 3 of ACE         read 3 of ABCDEF AND 1 of ACE
    one copy            write 1 of A                          read 1 of A

The law behind every geometry: each read set meets each write set, and two write sets meet (`Geometry.check` tries all).

Not here: who the copies are and where they live, and any waiting for them.
"""

from __future__ import annotations

from itertools import combinations
from typing import Iterable, Mapping

from aurorapy.records import dataclass

Lsn = int


@dataclass(frozen=True)
class Some:
    """`count` of `copies`."""

    count: int
    copies: tuple[str, ...]

    def met(self, present: Iterable[str]) -> bool:
        return len(set(self.copies).intersection(present)) >= self.count

    def reached(self, positions: Mapping[str, Lsn]) -> Lsn:
        """The highest LSN that `count` of the copies have reached; a copy that is not in `positions` is at 0."""
        if self.count == 0:
            raise ValueError("a quorum of none is reached by everything")
        return sorted((positions.get(copy, 0) for copy in self.copies), reverse=True)[self.count - 1]

    def members(self) -> frozenset[str]:
        return frozenset(self.copies)

    def __str__(self) -> str:
        return f"{self.count}/{len(self.copies)} {''.join(self.copies)}"


@dataclass(frozen=True)
class All:
    """AND: every rule."""

    rules: tuple[Rule, ...]

    def met(self, present: Iterable[str]) -> bool:
        present = frozenset(present)
        return all(rule.met(present) for rule in self.rules)

    def reached(self, positions: Mapping[str, Lsn]) -> Lsn:
        return min(rule.reached(positions) for rule in self.rules)

    def members(self) -> frozenset[str]:
        return frozenset().union(*(rule.members() for rule in self.rules))

    def __str__(self) -> str:
        return " and ".join(f"({rule})" for rule in self.rules)


@dataclass(frozen=True)
class Either:
    """OR: at least one rule."""

    rules: tuple[Rule, ...]

    def met(self, present: Iterable[str]) -> bool:
        present = frozenset(present)
        return any(rule.met(present) for rule in self.rules)

    def reached(self, positions: Mapping[str, Lsn]) -> Lsn:
        return max(rule.reached(positions) for rule in self.rules)

    def members(self) -> frozenset[str]:
        return frozenset().union(*(rule.members() for rule in self.rules))

    def __str__(self) -> str:
        return " or ".join(f"({rule})" for rule in self.rules)


Rule = Some | All | Either


@dataclass(frozen=True)
class Geometry:
    """Who must answer a write, who a recovery's read."""

    write: Rule
    read: Rule

    @classmethod
    def of(cls, copies: Iterable[str], write: int, read: int) -> Geometry:
        copies = tuple(copies)
        return cls(Some(write, copies), Some(read, copies))

    @property
    def copies(self) -> tuple[str, ...]:
        return tuple(sorted(self.write.members() | self.read.members()))

    def replacing(self, other: Geometry) -> Geometry:
        """While a membership change is under way: both write rules, either read rule. Nests the same way."""
        return Geometry(All((self.write, other.write)), Either((self.read, other.read)))

    def check(self) -> None:
        """Raises ValueError unless every read set meets every write set and any two write sets meet: tries them all."""
        copies = self.copies
        subsets = [frozenset(some) for size in range(len(copies) + 1) for some in combinations(copies, size)]
        for present in subsets:
            absent = frozenset(copies) - present
            if self.write.met(present) and self.read.met(absent):
                raise ValueError(f"a read of {text(absent)} misses a write to {text(present)}")
            if self.write.met(present) and self.write.met(absent):
                raise ValueError(f"writes to {text(present)} and {text(absent)} do not meet")

    def __str__(self) -> str:
        return f"write {self.write}, read {self.read}"


def renamed(rule: Rule, old: str, new: str) -> Rule:
    """The rule with another copy in the place of `old`; what the renaming made equal is there once."""
    if isinstance(rule, Some):
        return Some(rule.count, tuple(sorted({new if copy == old else copy for copy in rule.copies})))
    rules = tuple(dict.fromkeys(renamed(each, old, new) for each in rule.rules))
    return rules[0] if len(rules) == 1 else type(rule)(rules)


def smallest(rule: Rule) -> int:
    """No fewer copies than that can meet the rule."""
    if isinstance(rule, Some):
        return rule.count
    sizes = [smallest(each) for each in rule.rules]
    return max(sizes, default=0) if isinstance(rule, All) else min(sizes, default=0)


def text(copies: Iterable[str]) -> str:
    return "".join(sorted(copies)) or "nobody"


def volume_complete(group_lsns: Mapping[int, Iterable[Lsn]], group_complete: Mapping[int, Lsn], start: Lsn = 0) -> Lsn:
    """VCL: the highest LSN with every record at or below it on its group's write quorum.

    group_lsns: the LSNs of each group's records above `start`. group_complete: PGCL by group.
    """
    complete = start
    for lsn, group in sorted((lsn, group) for group, lsns in group_lsns.items() for lsn in lsns):
        if lsn > group_complete.get(group, 0):
            break
        complete = lsn
    return complete


def volume_durable(complete: Lsn, consistency_points: Iterable[Lsn], start: Lsn = 0) -> Lsn:
    """VDL: the highest consistency point at or below the VCL."""
    return max((point for point in consistency_points if point <= complete), default=start)


def counted_position(position: Lsn, truncations: Iterable[tuple[Lsn, Lsn]]) -> Lsn:
    """What a segment's SCL counts as: an annulled range (low, high] holds nothing, so inside one it counts as low."""
    for low, high in sorted(truncations, reverse=True):
        if low < position <= high:
            position = low
    return position
