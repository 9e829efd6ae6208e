"""Damage is looked for where nobody reads, and repaired from a peer.

A pass reads everything a node has on its disk, in small steps, in the background:

    a block of a run        the page's history is fetched from a peer, and the run written anew without the damage
    a run's index           it is in memory, whole: the run is written anew
    a manifest              it is in memory, whole: saved again
    the hot log             its records are in memory: the next file is begun, and what lies in this one is sealed

    A → B  FetchPage page=7 (0x1a8, 0x1f0]        image of the page at 0x1a8, its records up to 0x1f0
    B → A  PageHistory base=0x1a8                 or a later base, where B has no older version: then A refuses older reads from then on

Nothing is overwritten in place: the new run counts when the manifest names it. A read that meets damage (`reading`) leads
here as well. Until the repair the page is refused (XX001), never served.

Errors: none come out; what cannot be repaired yet is tried again, from peer after peer.

Not here: content that is whole, and wrong (`comparing`); damage met on opening (`opening`), which needs whole runs or
records (`gossip`, `transfer`).
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

from aurorapy.errors import DatabaseError, DataCorrupted
from aurorapy.ids import PAGE_SIZE
from aurorapy.storage import messages as m
from aurorapy.storage.node.runs import DELTA, DELTA_ENTRY, IMAGE, IMAGE_ENTRY, Run, RunInfo
from aurorapy.storage.node.segment import Segment
from aurorapy_native.checksum import verify_page
from aurorapy_native.memtable import NOTES
from aurorapy_native.redo import index as index_records

CHECKED_AT_ONCE = 32  # blocks
PIECES_A_ROUND = 16  # of a pass, in one round of background work: a round comes ten times a second, and whenever work does


class Damage:
    """One page's block in one run."""

    def __init__(self, run: Run, page_no: int) -> None:
        self.run, self.page_no = run, page_no
        self.history: m.PageHistory | None = None  # what a peer knows of it


class Repair:
    """What is damaged in one segment, and whom it has asked."""

    def __init__(self) -> None:
        self.damages: dict[tuple[str, int], Damage] = {}  # (file, page)
        self.asked: Damage | None = None
        self.asked_at = 0.0
        self.turn = 0
        self.last_pass: float | None = None  # monotonic
        self.found = self.repaired = 0


class Scrub:
    """The part of one `StorageNode` that finds and repairs damage."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.repairs: dict[int, Repair] = {}
        self.next_pass: float | None = None
        self._pass: Iterator[None] | None = None  # the one under way
        self.log_is_damaged = -1  # highest number of a log file that is; -1: none
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {
            m.FetchPage: self._fetch_page,
            m.PageHistory: self._page_history,
        }

    def repair(self, segment: Segment) -> Repair:
        return self.repairs.setdefault(segment.group, Repair())

    # -- finding: background -------------------------------------------------------------------------------------------

    def run_once(self, step: Callable[[], None]) -> None:
        """A pass, when it is time for one, and what can be repaired now."""
        now = self.node.host.clock.monotonic()
        if self.next_pass is None:
            self.next_pass = now + self.node.config.scrub_s
        if now >= self.next_pass and self._pass is None:
            self._pass = self.pieces()
        if self._pass is not None and not self.node.gossip.is_busy():
            self._go_on(step)
        for segment in list(self.node.segments.values()):
            self._rewrite_all(segment, step)
        self._leave_damaged_log()

    def _go_on(self, step: Callable[[], None]) -> None:
        """A few pieces of the pass: sealing and folding, which come first, wait no longer than for those."""
        for _ in range(PIECES_A_ROUND):
            if next(self._pass, self) is self:
                self._pass = None
                self.next_pass = self.node.host.clock.monotonic() + self.node.config.scrub_s
                return
            step()
        self.node.background.wake()

    def pieces(self) -> Iterator[None]:
        """A pass: everything the node has on disk is read and verified, piece by piece."""
        in_thread = self.node.host.in_thread
        for segment in list(self.node.segments.values()):
            if self.node.segments.get(segment.group) is not segment:
                continue  # given up meanwhile
            repair = self.repair(segment)
            if in_thread(segment.is_manifest_damaged):
                self._found(segment, "a manifest")
                segment.save()
                repair.repaired += 1
            for run in segment.runs():
                yield from self._check_run(segment, run)
            repair.last_pass = self.node.host.clock.monotonic()
        if in_thread(self.node.hosting.is_file_damaged):
            self.node.report(f"the file {self.node.directory}/node is damaged; it is written again")
            self.node.hosting.save()
        damaged = in_thread(self.node.log.damaged_file)
        if damaged > self.log_is_damaged:
            self.node.report(f"the log file {damaged} of {self.node.directory} is damaged; what it holds is sealed")
            self.log_is_damaged = damaged

    def _check_run(self, segment: Segment, run: Run) -> Iterator[None]:
        in_thread = self.node.host.in_thread
        at = 0
        while at < len(run.index) and run in segment.runs():
            end = min(at + CHECKED_AT_ONCE, len(run.index))
            for place in in_thread(damaged_blocks, run, at, end):
                self.damaged(segment, run, run.index.page_at(place))
            at = end
            yield
        if run in segment.runs() and in_thread(run.is_frame_damaged, segment.group, segment.id):
            self._found(segment, f"the index of {run.path}")
            self.repair(segment).damages.setdefault((run.info.file, -1), Damage(run, -1))

    def _found(self, segment: Segment, what: str) -> None:
        self.repair(segment).found += 1
        self.node.report(f"segment {segment.group}{segment.copy}: {what} is damaged")

    def damaged(self, segment: Segment, run: Run, page_no: int) -> None:
        damages = self.repair(segment).damages
        if (run.info.file, page_no) not in damages:
            self._found(segment, f"page {page_no} in {run.path}")
            damages[run.info.file, page_no] = Damage(run, page_no)

    def suspect(self, segment: Segment, page_no: int) -> None:
        """A read of the page failed: which of its blocks is it?"""
        is_found = False
        for run in segment.runs():
            place = run.index.find(page_no)
            if place >= 0 and damaged_blocks(run, place, place + 1):
                self.damaged(segment, run, page_no)
                is_found = True
        if not is_found and self.node.gossip.has_peers(segment):
            self.node.comparing.suspect(segment, page_no)

    # -- asking --------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        for segment in list(self.node.segments.values()):
            repair = self.repairs.get(segment.group)
            if repair is None or not repair.damages:
                continue
            if repair.asked is None or now - repair.asked_at > 1.0:
                self._ask(segment, repair, now)

    def _ask(self, segment: Segment, repair: Repair, now: float) -> None:
        repair.asked = None
        runs = segment.runs()
        for key, damage in list(repair.damages.items()):
            if damage.run not in runs:  # folded or merged away, or replaced
                del repair.damages[key]
                continue
            if damage.history is None and damage.page_no >= 0:
                peers = self.node.gossip.peers(segment)
                if peers:
                    repair.turn += 1
                    peer = peers[repair.turn % len(peers)]
                    self.node.tell(peer, self._question(segment, damage))
                    repair.asked, repair.asked_at = damage, now
                return
        self.node.background.wake()

    def _question(self, segment: Segment, damage: Damage) -> m.FetchPage:
        info = damage.run.info
        base = info.first if info.kind == DELTA else info.last
        return m.FetchPage(segment.epoch, segment.group, segment.truncations.epoch, damage.page_no, base, info.last)

    def _page_history(self, message: m.PageHistory) -> list[m.Message]:
        if self.node.comparing.take(message):
            return []
        segment = self.node.segments.get(message.group)
        repair = self.repairs.get(message.group)
        if segment is None or repair is None or repair.asked is None or repair.asked.page_no != message.page_no:
            return []
        damage = repair.asked
        question = self._question(segment, damage)
        if (message.epoch, message.truncations, message.upto) != (question.epoch, question.truncations, question.upto):
            return []
        repair.asked = None
        if message.found and message.base >= question.base and segment.scl >= message.base and is_sound(message):
            damage.history = message
            self._ask(segment, repair, self.node.gossip.now)
        else:
            repair.asked, repair.asked_at = damage, self.node.gossip.now  # the next peer, after a while
        return []

    # -- answering -----------------------------------------------------------------------------------------------------

    def _fetch_page(self, message: m.FetchPage) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None or (segment.epoch, segment.truncations.epoch) != (message.epoch, message.truncations):
            return []
        if message.page_no > NOTES:
            return []
        base = max(message.base, segment.horizon, segment.floor, segment.records_from())
        found, image, records = False, b"", b""
        if segment.scl >= max(base, message.upto) and not segment.doubt and not segment.is_tail:
            try:
                if message.page_no != NOTES:
                    image = segment.sealed_page_at(message.page_no, base)
                records, found = segment.records_of(message.page_no, base, message.upto), True
            except (DatabaseError, OSError) as error:
                self.node.report(f"page {message.page_no} could not be read for a peer: {error}")
                if isinstance(error, DataCorrupted):
                    self.suspect(segment, message.page_no)
        return [
            m.PageHistory(
                segment.epoch, segment.group, segment.copy, segment.truncations.epoch, message.page_no, base, message.upto,
                found, image, records,
            )
        ]  # fmt: skip

    # -- writing anew: background --------------------------------------------------------------------------------------

    def _rewrite_all(self, segment: Segment, step: Callable[[], None]) -> None:
        repair = self.repair(segment)
        files: dict[str, list[Damage]] = {}
        for damage in repair.damages.values():
            files.setdefault(damage.run.info.file, []).append(damage)
        for file, damages in files.items():
            run = damages[0].run
            if run not in segment.runs() or any(each.history is None and each.page_no >= 0 for each in damages):
                continue
            try:
                self._rewrite(segment, run, damages, step)
            except DataCorrupted:  # more of it has gone meanwhile: the blocks are named, and asked for
                for _ in self._check_run(segment, run):
                    step()
                continue
            for damage in damages:
                repair.damages.pop((file, damage.page_no), None)
                repair.repaired += 1

    def _rewrite(self, segment: Segment, run: Run, damages: list[Damage], step: Callable[[], None]) -> None:
        histories = {each.page_no: each.history for each in damages if each.history is not None}
        infos = [info for info in [self._without_damage(segment, run, histories, step)] if info is not None]
        later = [each for each in histories.values() if each.base > self._base(run) and each.page_no != NOTES]
        for base in sorted({each.base for each in later}) if not segment.is_tail else ():
            infos.append(self.images(segment, base, [each for each in later if each.base == base]))
        segment.floor = max([segment.floor, *(each.base for each in later)])
        self.node.background.replace(segment, [run], infos)

    def _base(self, run: Run) -> int:
        return run.first if run.info.kind == DELTA else run.last

    def _without_damage(
        self, segment: Segment, run: Run, histories: dict[int, m.PageHistory], step: Callable[[], None]
    ) -> RunInfo | None:
        """The run as it was, with what the peer knows of the damaged pages; None when nothing is left of it."""
        writer = self.node.background.writer(segment, run.info.kind)
        try:
            for at in range(len(run.index)):
                data, entry = block_of(run, at, histories.get(run.index.page_at(at)), writer.offset)
                if data:
                    writer.add(data, entry)
                if at % CHECKED_AT_ONCE == 0:
                    step()
            info = writer.finish(run.first, run.last, run.info.sealed_us, segment.group, segment.id)
            return info if info.pages or run.info.kind == DELTA else None
        finally:
            writer.close()

    def images(self, segment: Segment, base: int, histories: list[m.PageHistory]) -> RunInfo:
        """An image run of these pages as of `base`."""
        writer = self.node.background.writer(segment, IMAGE)
        try:
            for each in sorted(histories, key=lambda each: each.page_no):
                lsn = int.from_bytes(each.image[:8], "little")
                writer.add(each.image, IMAGE_ENTRY.pack(each.page_no, lsn))
            return writer.finish(segment.horizon, base, self.node.host.clock.wall_us(), segment.group, segment.id)
        finally:
            writer.close()

    def _leave_damaged_log(self) -> None:
        """Begins the next log file, so that what is in the damaged one is sealed and the file given back."""
        log = self.node.log
        if self.log_is_damaged < 0:
            return
        if log.oldest > self.log_is_damaged:
            self.log_is_damaged = -1
        elif log.number <= self.log_is_damaged and log.failed is None:
            if log.spare is None:
                self.node.host.in_thread(log.prepare)
            log.roll()


def damaged_blocks(run: Run, at: int, end: int) -> list[int]:
    found = []
    for place in range(at, end):
        try:
            run.check_at(place)
        except (DataCorrupted, OSError):
            found.append(place)
    return found


def is_sound(history: m.PageHistory) -> bool:
    if history.image and (len(history.image) != PAGE_SIZE or not verify_page(history.image)):
        return False
    try:
        found = index_records(history.records)
    except DataCorrupted:
        return False
    return all(record[1] == history.page_no and history.base < record[0] <= history.upto for record in found)


def block_of(run: Run, at: int, history: m.PageHistory | None, offset: int) -> tuple[bytes, bytes]:
    """(data, index entry) of a page's block: as it is, or made from what a peer knows. Empty: the page has none here."""
    page_no = run.index.page_at(at)
    if history is None:
        run.check_at(at)
        data = run.read_at(at)
        if run.info.kind == IMAGE:
            return data, IMAGE_ENTRY.pack(page_no, run.lsn_at(at))
        _, count, _, first, last = DELTA_ENTRY.unpack_from(run.index.data, at * DELTA_ENTRY.size)
        return data, DELTA_ENTRY.pack(page_no, count, offset, first, last)
    if run.info.kind == IMAGE:
        if history.base > run.last:
            return b"", b""
        return history.image, IMAGE_ENTRY.pack(page_no, int.from_bytes(history.image[:8], "little"))
    lsns = [record[0] for record in index_records(history.records)]
    if not lsns:
        return b"", b""
    return history.records, DELTA_ENTRY.pack(page_no, len(lsns), offset, lsns[0], lsns[-1])
