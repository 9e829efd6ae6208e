"""Where a volume ends, decided from what its segments say. Pure: answers in, LSNs out.

    group 1   105 on three copies, all below on four        SCLs of those that answered: 103 103 105
    group 2   106 on three copies, all below on four                                     104 104 104

    PGCL   the highest SCL among the answers of a read quorum     105, 104
    VCL    the end of the unbroken volume chain below the PGCLs   105     (106 is on copies that were not heard)
    VDL    its last consistency point

PGCL is the highest, not the fourth: what was acknowledged is on a write quorum, which every read quorum meets in one copy
at least; what was not may stay or go, and goes everywhere alike.

Not here: who is asked (`recovery`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from aurorapy.storage import messages as m
from aurorapy.storage.quorum import counted_position

States = Mapping[int, Mapping[str, m.State]]  # by group and copy


@dataclass(frozen=True)
class Decision:
    """vdl: where the volume ends. group_last: each group's last LSN at or below it. known: the VDL that was told."""

    vdl: int
    vcl: int
    known: int
    group_last: dict[int, int]


def newest_list(states: States) -> m.TruncationList:
    """The truncation list of the highest epoch among all answers: it replaces any other."""
    lists = [state.truncations for answers in states.values() for state in answers.values()]
    return max(lists, key=lambda each: each.epoch, default=m.NO_TRUNCATIONS)


def decide(states: States, truncations: m.TruncationList) -> Decision:
    """Where the volume ends, from the answers of a read quorum of each group."""
    known = max((state.vdl for answers in states.values() for state in answers.values()), default=0)
    links: dict[int, m.Link] = {}  # by the LSN they follow in the volume
    bases: dict[int, int] = {}
    for group, answers in states.items():
        complete = max(counted_position(state.scl, truncations.ranges) for state in answers.values())
        bases[group] = 0
        for state in answers.values():
            if state.base <= known and not is_annulled(state.base, truncations):
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
    states: States, truncations: m.TruncationList, vdl: int, bases: Mapping[int, int]
) -> dict[int, int]:  # fmt: skip
    lasts = {}
    for group, answers in states.items():
        lsns = [link.lsn for state in answers.values() for link in state.links if link.lsn <= vdl]
        lasts[group] = max([bases[group], *(lsn for lsn in lsns if not is_annulled(lsn, truncations))])
    return lasts


def is_annulled(lsn: int, truncations: m.TruncationList) -> bool:
    return any(low < lsn <= high for low, high in truncations.ranges)


def forgetful(answers: Mapping[str, m.State], truncations: m.TruncationList) -> set[str]:
    """Copies that their peers remember as further than they are, or that doubt it themselves: a disk that lost what it had
    promised, or an old copy of one. They count in no quorum until they have caught up."""
    remembered: dict[str, int] = {}
    for state in answers.values():
        for copy, scl in state.peers.items():
            if not is_annulled(scl, truncations):
                remembered[copy] = max(scl, remembered.get(copy, 0))
    return {copy for copy, state in answers.items() if state.doubt or state.scl < remembered.get(copy, 0)}


def annul(inherited: m.TruncationList, epoch: m.Epoch, vdl: int, lsn_limit: int) -> m.TruncationList:
    """The list of the new epoch: what it inherited plus its own range.

    The dead writer may have handed out LSNs up to `lsn_limit` beyond its VDL, or beyond the range it began above.
    """
    high = max([vdl, *(range_.high for range_ in inherited.ranges)]) + lsn_limit
    ranges = [range_ for range_ in inherited.ranges if range_.low < vdl]  # one that began here is swallowed
    return m.TruncationList(epoch, (*ranges, m.Truncation(vdl, high)))
