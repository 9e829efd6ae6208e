"""How the copies of a volume are: asked of every node that answers in time.

    for copy in inspect(volume): …                 figures, one a copy; `answer` is None for one that says nothing
    digests = digests_of(volume, group, lsn)       by copy: two that built the same bytes have the same

Not here: what a node says (`node/inspection.py`), the views (`instance`).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.records import dataclass
from aurorapy.storage import messages as m
from aurorapy.storage.members import TAIL, Member
from aurorapy.storage.volume.transport import Unreachable

ANSWER_SECONDS = 1.0
PAGES_A_QUESTION = 256


@dataclass(frozen=True)
class CopyState:
    """One copy of one group. scl: as the writer knows it; answer: what its node says now, None when it is silent."""

    group: int
    member: Member
    scl: int
    answer: m.Inspected | None
    is_other: bool  # it answers, but is of another epoch than the writer
    latencies: tuple[float, float]  # of acknowledgements, seconds: p50 and p99; 0 while there is none
    point: int = 0  # what it has to have: the group's read point when it was asked


def inspect(volume: Any) -> Iterator[CopyState]:
    """Every copy of every group. May switch."""
    transport = volume.transport
    for group, progress in sorted(volume.groups.items()):
        point = volume.read_point(group)
        answers = ask_who_answers(volume, m.Inspect(volume.epoch, group))
        for member in transport.memberships[group].members:
            answer = answers.get(member.copy)
            latencies = transport.ack_latencies(group, member.copy)
            found = answer if isinstance(answer, m.Inspected) else None
            is_other = answer is not None and found is None
            yield CopyState(group, member, progress.positions.get(member.copy, 0), found, is_other, latencies, point)


def inspect_local(volume: Any) -> Iterator[CopyState]:
    """The same of a volume whose nodes are in this process."""
    for group, progress in sorted(volume.groups.items()):
        for copy, node in volume.transport.nodes.items():
            member = Member(copy, "local", "", "", node.id)
            answers = node.step(m.Inspect(volume.epoch, group), 0.0)
            found = next((answer for answer in answers if isinstance(answer, m.Inspected)), None)
            yield CopyState(group, member, progress.positions.get(copy, 0), found, False, (0.0, 0.0), volume.read_point(group))


def ask_who_answers(volume: Any, message: m.Message) -> dict[str, m.Message]:
    """The answers of all copies whose links are up, as many as come in time."""
    try:
        return volume.transport.ask(message, lambda answers: False, ANSWER_SECONDS)
    except Unreachable as error:
        return error.answers


def digests_of(volume: Any, group: int, lsn: int) -> dict[str, tuple[int, int]]:
    """(pages, digest) of every copy's pages at the LSN; without those that do not answer to the end. May switch."""
    found: dict[str, tuple[int, int]] = {}
    for member in volume.transport.memberships[group].members:
        if member.kind == TAIL:
            continue  # has no pages
        answers = inspect_pages(volume, group, member.copy, lsn)
        if answers:
            digest = 0
            for answer in answers:
                digest = (digest * 31 + answer.digest) & 0xFFFFFFFF
            found[member.copy] = sum(answer.pages for answer in answers), digest
    return found


def changed_pages(volume: Any, since: int) -> int:
    """Pages whose last change is later than the LSN, in all groups. Builds every page: slow. May switch."""
    count = 0
    for group in sorted(volume.groups):
        for member in volume.transport.memberships[group].members:
            answers = inspect_pages(volume, group, member.copy, volume.vdl, since) if member.kind != TAIL else []
            if answers:
                count += sum(answer.changed for answer in answers)
                break
    return count


def inspect_pages(volume: Any, group: int, copy: str, lsn: int, since: int = 0) -> list[m.Inspected]:
    """What a copy says of all its pages, piece by piece; nothing when it does not answer to the end."""
    answers: list[m.Inspected] = []
    while True:
        first = answers[-1].following if answers else 0
        question = {copy: m.Inspect(volume.epoch, group, lsn, first, PAGES_A_QUESTION, since)}
        try:
            answer = volume.transport.ask(question, lambda answers: len(answers) == 1)[copy]
        except Unreachable:
            return []
        if not isinstance(answer, m.Inspected) or answer.scl < min(lsn, volume.read_point(group)):
            return []
        answers.append(answer)
        if not answer.following:
            return answers
