"""Copies compare what they build: content that is whole, and wrong, is found by no checksum.

    A → B…F  SumPages g0 lsn=0x1f0 pages 32..63      what are your pages as of an LSN that you have?
    B → A    PageSums …                               a checksum a page
             page 40: A says 5, B C D E F say 9       more than half of the copies say otherwise: A is wrong
    A → C    FetchPage page=40 base=0x1f0             (`scrub` answers)
             an image run of page 40 as of 0x1f0      older versions of A's are refused from then on

A pass over all pages comes once in `compare_s`, a few pages a tick. A read that met records which do not fit their page
(`suspect`) has that page compared at once: then no block is damaged, but one or more are missing.

Whoever is in the minority repairs itself and nobody else; who has no majority against it changes nothing.

Errors: none come out; a peer that does not answer, or is too far behind, has no vote.

Not here: damage that a checksum finds (`scrub`), digests for people (`inspection`).
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, Callable

from aurorapy.errors import DatabaseError
from aurorapy.storage import messages as m
from aurorapy.storage.members import FULL
from aurorapy.storage.node.segment import Segment
from aurorapy_native.checksum import crc32c

PAGES_AT_ONCE = 32
ANSWER_SECONDS = 1.0
SUM_BYTES = 4
UNREADABLE = b"\xff\xff\xff\xff"


class Comparison:
    """What one segment is comparing."""

    def __init__(self) -> None:
        self.todo: deque[tuple[int, int]] = deque()  # (first page, pages)
        self.lsn = 0  # of the question that is open; 0: none
        self.first = self.count = 0
        self.asked_at = 0.0
        self.sums: dict[str, bytes] = {}  # by copy, ours among them
        self.wrong: dict[int, tuple[bytes, list[str]]] = {}  # page -> its checksum, who has it
        self.found: dict[int, m.PageHistory] = {}


class Comparing:
    """The part of one `StorageNode` that compares its pages with its peers'."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.comparisons: dict[int, Comparison] = {}  # by group
        self.next_pass: float | None = None
        self.repaired = 0
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {m.SumPages: self._sum_pages, m.PageSums: self._page_sums}

    def comparison(self, segment: Segment) -> Comparison:
        return self.comparisons.setdefault(segment.group, Comparison())

    def suspect(self, segment: Segment, page_no: int) -> None:
        """The page cannot be built, and no block of it is damaged."""
        todo = self.comparison(segment).todo
        if (page_no, 1) not in todo:
            todo.appendleft((page_no, 1))

    # -- asking --------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        if self.next_pass is None:
            self.next_pass = now + self.node.config.compare_s
        if now >= self.next_pass:
            self.next_pass = now + self.node.config.compare_s
            for segment in self.node.segments.values():
                self._begin_pass(segment)
        for group, comparison in list(self.comparisons.items()):
            segment = self.node.segments.get(group)
            if segment is None:
                del self.comparisons[group]
            elif not comparison.lsn:
                self._ask(segment, comparison, now)
            elif now - comparison.asked_at > ANSWER_SECONDS:
                self._judge(segment, comparison) if not comparison.wrong else self._forget(comparison)

    def _begin_pass(self, segment: Segment) -> None:
        numbers = segment.page_numbers() if self.node.gossip.has_peers(segment) and not segment.is_tail else ()
        if numbers:
            starts = range(numbers[0], numbers[-1] + 1, PAGES_AT_ONCE)
            self.comparison(segment).todo.extend((first, PAGES_AT_ONCE) for first in starts)

    def _ask(self, segment: Segment, comparison: Comparison, now: float) -> None:
        lsn = min(segment.scl, segment.vdl)
        if not comparison.todo or segment.doubt or self.node.gossip.is_busy() or lsn < max(segment.horizon, segment.floor, 1):
            return
        comparison.first, comparison.count = comparison.todo.popleft()
        comparison.lsn, comparison.asked_at = lsn, now
        comparison.sums = {segment.copy: sums_of(segment, comparison.first, comparison.count, lsn)}
        question = m.SumPages(
            segment.epoch, segment.group, segment.truncations.epoch, lsn, comparison.first, comparison.count
        )  # fmt: skip
        for peer in self._full_peers(segment):
            self.node.tell(peer, question)

    def _full_peers(self, segment: Segment) -> list[Any]:
        return [peer for peer in self.node.gossip.peers(segment) if peer.kind == FULL]

    def _sum_pages(self, message: m.SumPages) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None or (segment.epoch, segment.truncations.epoch) != (message.epoch, message.truncations):
            return []
        lowest = max(segment.horizon, segment.floor)
        if segment.is_tail or segment.doubt or not lowest <= message.lsn <= segment.scl or message.count > PAGES_AT_ONCE:
            return []
        sums = sums_of(segment, message.first, message.count, message.lsn)
        return [
            m.PageSums(segment.epoch, segment.group, segment.copy, segment.truncations.epoch, message.lsn, message.first, sums)
        ]  # fmt: skip

    # -- judging -------------------------------------------------------------------------------------------------------

    def _is_current(self, segment: Segment, message: Any, lsn: int) -> bool:
        mine = (segment.epoch, segment.truncations.epoch, lsn)
        return lsn > 0 and (message.epoch, message.truncations) == mine[:2]

    def _page_sums(self, message: m.PageSums) -> list[m.Message]:
        segment, comparison = self.node.segments.get(message.group), self.comparisons.get(message.group)
        if segment is None or comparison is None or comparison.wrong or not self._is_current(segment, message, comparison.lsn):
            return []
        is_asked = (message.lsn, message.first) == (comparison.lsn, comparison.first)
        if is_asked and len(message.sums) == SUM_BYTES * comparison.count:
            comparison.sums[message.copy] = message.sums
            if len(comparison.sums) > len(self._full_peers(segment)):
                self._judge(segment, comparison)
        return []

    def _judge(self, segment: Segment, comparison: Comparison) -> None:
        copies = len(self._full_peers(segment)) + 1
        for at in range(comparison.count):
            values = {copy: sums[at * SUM_BYTES : (at + 1) * SUM_BYTES] for copy, sums in comparison.sums.items()}
            value, votes = Counter(values.values()).most_common(1)[0]
            if votes * 2 > copies and value not in (values[segment.copy], UNREADABLE):
                page_no = comparison.first + at
                comparison.wrong[page_no] = value, [copy for copy in values if values[copy] == value]
                self.node.report(
                    f"segment {segment.group}{segment.copy}: page {page_no} as of {comparison.lsn:#x} is another than "
                    f"{votes} of {copies} copies have"
                )
        if not comparison.wrong:
            self._forget(comparison)
            return
        comparison.asked_at = self.node.gossip.now
        for page_no, (_, right) in comparison.wrong.items():
            peer = next(peer for peer in self._full_peers(segment) if peer.copy == right[page_no % len(right)])
            self.node.tell(
                peer, m.FetchPage(segment.epoch, segment.group, segment.truncations.epoch, page_no, comparison.lsn, comparison.lsn)
            )  # fmt: skip

    def _forget(self, comparison: Comparison) -> None:
        comparison.lsn = 0
        comparison.wrong, comparison.found = {}, {}

    # -- repairing -----------------------------------------------------------------------------------------------------

    def take(self, message: m.PageHistory) -> bool:
        """A page that the majority has, if it is one of those that were asked for."""
        segment, comparison = self.node.segments.get(message.group), self.comparisons.get(message.group)
        if segment is None or comparison is None or not self._is_current(segment, message, comparison.lsn):
            return False
        if message.page_no not in comparison.wrong or (message.base, message.upto) != (comparison.lsn, comparison.lsn):
            return False
        value, _ = comparison.wrong[message.page_no]
        if message.found and crc32c(message.image).to_bytes(SUM_BYTES, "little") == value:
            comparison.found[message.page_no] = message
            if len(comparison.found) == len(comparison.wrong):
                self.node.background.wake()
        return True

    def run_once(self) -> None:
        """Background: what was found is written, as images that the older versions stand behind."""
        for segment in list(self.node.segments.values()):
            comparison = self.comparisons.get(segment.group)
            if comparison is None or not comparison.wrong or len(comparison.found) < len(comparison.wrong):
                continue
            lsn, found = comparison.lsn, list(comparison.found.values())
            self._forget(comparison)
            infos = [self.node.scrub.images(segment, lsn, found)]
            segment.floor = max(segment.floor, lsn)
            self.node.background.replace(segment, [], infos)
            self.repaired += len(found)


def sums_of(segment: Segment, first: int, count: int, lsn: int) -> bytes:
    """A checksum for each page, its bytes at the LSN; one that no page is likely to have where it cannot be built."""
    sums = []
    for page_no in range(first, first + count):
        try:
            sums.append(crc32c(segment.sealed_page_at(page_no, lsn)).to_bytes(SUM_BYTES, "little"))
        except (DatabaseError, OSError):
            sums.append(UNREADABLE)
    return b"".join(sums)
