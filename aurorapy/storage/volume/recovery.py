"""Recovery of a volume: fence, ask, decide, repair, truncate, open. Nothing is replayed.

    1 fence      a new epoch on a read quorum of every group: from here nothing of an older epoch is acknowledged
    2 ask        SCL, truncation list, highest VDL told, links of the records above it
    3 decide     PGCL  the highest SCL that a read quorum of the group names
                 VCL   the end of the unbroken volume chain, walked by the links from the known VDL
                 VDL   its last consistency point
    4 repair     each group to a write quorum up to the VDL, from the copy that is furthest
    5 truncate   (VDL, highest LSN the dead writer can have handed out] is annulled, on a write quorum
    6 open       the first new LSN lies above that range

`decide` is pure. Interrupted anywhere, recovery starts over with a higher epoch and ends in the same place: a VDL that was
reached is on a write quorum, which every read quorum meets.

Errors: Unreachable when too few copies answer; Superseded when a node knows a newer epoch.

Not here: who may be the writer, and what the database does with transactions of the dead one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Mapping

from aurorapy.errors import FatalError
from aurorapy.storage import messages as m
from aurorapy.storage.quorum import Geometry, counted_position
from aurorapy.storage.volume.transport import Transport


REPAIR_PAUSE_SECONDS = 0.01


class Superseded(FatalError):
    """Storage knows a newer writer: this one must stop."""


@dataclass(frozen=True)
class Decision:
    """vdl: where the volume ends. group_last: each group's last LSN at or below it. known: the VDL that was told."""

    vdl: int
    vcl: int
    known: int
    group_last: dict[int, int]


@dataclass(frozen=True)
class Recovered:
    epoch: m.Epoch
    vdl: int
    position: int  # the first new record begins here
    group_last: dict[int, int]
    truncations: m.TruncationList
    positions: dict[int, dict[str, int]]  # by group and copy: how far it is, at most group_last


def recover(
    transport: Transport, geometry: Geometry, instance: int, lsn_limit: int, pause: Callable[[float], None]
) -> Recovered:
    """All six steps; may switch. pause(seconds): waits while copies are being repaired."""
    epoch = fence(transport, geometry, instance)
    states = {group: ask(transport, geometry, epoch, group) for group in transport.groups()}
    inherited = newest_list(states)
    for group, answers in states.items():
        behind = [copy for copy, state in answers.items() if state.truncations.epoch < inherited.epoch]
        for copy in behind:  # slept through a recovery: takes the list before its SCL counts
            transport.send(copy, m.Truncate(epoch, group, inherited))
        if behind:
            states[group] = ask(transport, geometry, epoch, group)
    decision = decide(states, inherited)
    for group, answers in states.items():
        repair(transport, geometry, epoch, group, answers, decision, pause)
    truncations = annul(inherited, epoch, decision.vdl, lsn_limit)
    for group in states:
        answers = transport.ask(m.Truncate(epoch, group, truncations), geometry.write.met)
        require(answers, m.Truncated, epoch, geometry.write.met)
    position = truncations.ranges[-1].high
    positions = {
        group: {copy: min(answers[copy].scl, last) if copy in answers else 0 for copy in geometry.copies}
        for (group, answers), last in zip(states.items(), decision.group_last.values(), strict=True)
    }
    return Recovered(epoch, decision.vdl, position, decision.group_last, truncations, positions)


def fence(transport: Transport, geometry: Geometry, instance: int) -> m.Epoch:
    """Draws an epoch above all that are known and installs it on a read quorum of every group."""
    groups = transport.groups()
    number = 0
    for group in groups:  # a question under no epoch is answered with the segment's own
        answers = transport.ask(m.Ask(m.NO_EPOCH, group), geometry.read.met)
        number = max([number, *(answer.epoch.number for answer in answers.values())])
    epoch = m.Epoch(number + 1, instance)
    for group in groups:
        require(transport.ask(m.Fence(epoch, group), geometry.read.met), m.Fenced, epoch, geometry.read.met)
    return epoch


def ask(transport: Transport, geometry: Geometry, epoch: m.Epoch, group: int) -> dict[str, m.State]:
    answers = transport.ask(m.Ask(epoch, group), geometry.read.met)
    return require(answers, m.State, epoch, geometry.read.met)


def require(answers: Mapping[str, m.Message], kind: type, epoch: m.Epoch, enough) -> dict:
    """The answers of that kind; Superseded unless they are enough."""
    good = {copy: answer for copy, answer in answers.items() if isinstance(answer, kind) and answer.epoch == epoch}
    if not enough(set(good)):
        raise Superseded(f"a newer writer has taken over the volume: {', '.join(map(str, answers.values()))}")
    return good


def newest_list(states: Mapping[int, Mapping[str, m.State]]) -> m.TruncationList:
    """The truncation list of the highest epoch among all answers: it replaces any other."""
    lists = [state.truncations for answers in states.values() for state in answers.values()]
    return max(lists, key=lambda each: each.epoch, default=m.NO_TRUNCATIONS)


def decide(states: Mapping[int, Mapping[str, m.State]], truncations: m.TruncationList) -> Decision:
    """Where the volume ends, from the answers of a read quorum of each group."""
    known = max((state.vdl for answers in states.values() for state in answers.values()), default=0)
    links: dict[int, m.Link] = {}  # by the LSN they follow in the volume
    bases: dict[int, int] = {}
    for group, answers in states.items():
        complete = max(counted_position(state.scl, truncations.ranges) for state in answers.values())
        bases[group] = 0
        for state in answers.values():
            if state.base <= known:
                bases[group] = max(bases[group], state.base)
            for link in state.links:
                if link.lsn > complete or is_annulled(link.lsn, truncations):
                    continue
                if link.lsn <= known:
                    bases[group] = max(bases[group], link.lsn)
                else:
                    links[link.prev_volume] = link
    vcl = vdl = at = known
    while (link := links.get(at)) is not None:
        vcl = at = link.lsn
        if link.consistency_point:
            vdl = vcl
    return Decision(vdl, vcl, known, lasts_below(states, truncations, vdl, bases))


def lasts_below(
    states: Mapping[int, Mapping[str, m.State]], truncations: m.TruncationList, vdl: int, bases: Mapping[int, int]
) -> dict[int, int]:
    lasts = {}
    for group, answers in states.items():
        lsns = [link.lsn for state in answers.values() for link in state.links if link.lsn <= vdl]
        lasts[group] = max([bases[group], *(lsn for lsn in lsns if not is_annulled(lsn, truncations))])
    return lasts


def is_annulled(lsn: int, truncations: m.TruncationList) -> bool:
    return any(low < lsn <= high for low, high in truncations.ranges)


def repair(
    transport: Transport,
    geometry: Geometry,
    epoch: m.Epoch,
    group: int,
    states: dict[str, m.State],
    decision: Decision,
    pause: Callable[[float], None],
) -> None:
    """Brings copies that lag up to the group's last record at or below the VDL, until a write quorum has it."""
    target = decision.group_last[group]
    while not geometry.write.met({copy for copy, state in states.items() if state.scl >= target}):
        source = max(states.values(), key=lambda state: state.scl)
        for copy, state in states.items():
            if state.scl < target:
                fetch = m.FetchRecords(epoch, group, state.scl, target)
                found = transport.ask(fetch, lambda copies: source.copy in copies)[source.copy]
                transport.send(copy, found)
        pause(REPAIR_PAUSE_SECONDS)
        states = ask(transport, geometry, epoch, group)


def annul(inherited: m.TruncationList, epoch: m.Epoch, vdl: int, lsn_limit: int) -> m.TruncationList:
    """The list of the new epoch: what it inherited plus its own range.

    The dead writer may have handed out LSNs up to `lsn_limit` beyond its VDL, or beyond the range it began above.
    """
    high = max([vdl, *(range_.high for range_ in inherited.ranges)]) + lsn_limit
    ranges = [range_ for range_ in inherited.ranges if range_.low < vdl]  # one that began here is swallowed
    return m.TruncationList(epoch, (*ranges, m.Truncation(vdl, high)))
