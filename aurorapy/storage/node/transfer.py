"""Sealed runs on their way from one copy to another: for a copy that lacks more than a peer still has as records.

    C → A  FetchRecords (0, …]            an empty replacement, or one that was away for long
    A → C  Runs whole=True …              all images and deltas of A's segment; or only the deltas C lacks
    C → A  FetchRun image-0001.run+0      piece after piece, one question open at a time
    A → C  RunPiece …
           C verifies every block, writes its own header, syncs, and names the runs in its manifest: they count from then on
    C → A  FetchRecords                   the rest are records again

A run's file is the same on every copy but for its header, which names the segment. What A offered stays readable while C
asks for it, also when A folds or merges it meanwhile (`pinned`); a transfer that was broken off begins anew, with what A
has then.

Errors: none come out. Damage or a full disk ends the transfer; another peer is asked later.

Not here: when runs are asked for (`gossip`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DataCorrupted
from aurorapy.storage import messages as m
from aurorapy.storage.node.runs import DELTA, Run, RunInfo, make_header
from aurorapy.storage.node.segment import Segment

PIECE_BYTES = 256 << 10
PIN_SECONDS = 30.0


class Incoming:
    """Runs that a segment is receiving."""

    def __init__(self, offer: m.Runs, now: float, wants_images: bool) -> None:
        self.offer = offer
        self.began = now
        self.left = [note for note in offer.runs if wants_images or note.kind == DELTA]  # the first is being received
        self.received: list[RunInfo] = []  # under their names here
        self.file: Any = None
        self.name = ""
        self.offset = 0
        self.is_here = not self.left  # all of it: to be verified and taken in


class Transfers:
    """The giving and the taking side of one `StorageNode`."""

    def __init__(self, node: Any, gossip: Any) -> None:
        self.node, self.gossip = node, gossip
        self.pinned: dict[tuple[int, str], tuple[Run, float]] = {}  # (group, file) -> (run, until when)
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {
            m.Runs: self._runs,
            m.FetchRun: self._fetch_run,
            m.RunPiece: self._run_piece,
        }

    # -- giving --------------------------------------------------------------------------------------------------------

    def offer(self, segment: Segment, message: m.FetchRecords) -> m.Runs:
        is_whole = message.sealed < segment.records_from()
        runs: list[Run] = segment.runs() if is_whole else [run for run in segment.deltas if run.last > message.sealed]
        until = self.gossip.now + PIN_SECONDS
        for run in runs:
            self.pinned[segment.group, run.info.file] = (run, until)
        return m.Runs(
            segment.epoch, segment.group, segment.copy, segment.truncations.epoch, segment.vdl, segment.sealed,
            segment.horizon if is_whole else 0, is_whole, [m.RunNote(**run.info.as_dict()) for run in runs], segment.freed.upto(segment.sealed),
        )  # fmt: skip

    def _fetch_run(self, message: m.FetchRun) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            return []
        content = b""
        run, _ = self.pinned.get((message.group, message.file), (None, 0.0))
        if run is not None and message.offset < run.info.bytes:
            self.pinned[message.group, message.file] = (run, self.gossip.now + PIN_SECONDS)
            try:
                content = run.file.pread(PIECE_BYTES, message.offset)
            except OSError as error:
                self.node.report(f"a run for a peer could not be read: {error}")
        return [m.RunPiece(segment.epoch, segment.group, segment.copy, message.file, message.offset, content)]

    def is_pinned(self, group: int, run: Run) -> bool:
        return (group, run.info.file) in self.pinned

    def unpin(self, now: float) -> None:
        for key, (run, until) in list(self.pinned.items()):
            if until < now:
                del self.pinned[key]
                segment = self.node.segments.get(key[0])
                if segment is None or run not in segment.runs():
                    run.close()

    # -- taking --------------------------------------------------------------------------------------------------------

    def _runs(self, message: m.Runs) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None or not self._fits(segment, message):
            return []
        exchange = self.gossip.exchange(segment)
        if exchange.asked != message.copy or exchange.incoming is not None:
            return []
        exchange.incoming = Incoming(message, self.gossip.now, not segment.is_tail)
        return self._go_on(segment, exchange)

    def _fits(self, segment: Segment, offer: m.Runs) -> bool:
        """Would the offered runs still bring the segment further, without a gap?"""
        if (offer.epoch, offer.truncations) != (segment.epoch, segment.truncations.epoch):
            return False
        if offer.whole:
            return offer.sealed > segment.last
        starts = [note.first for note in offer.runs]
        return bool(starts) and min(starts) <= segment.sealed < offer.sealed

    def _run_piece(self, message: m.RunPiece) -> list[m.Message]:
        segment = self.node.segments.get(message.group)
        if segment is None:
            return []
        exchange = self.gossip.exchange(segment)
        incoming = exchange.incoming
        if incoming is None or incoming.is_here or exchange.asked != message.copy:
            return []
        note = incoming.left[0]
        if (message.file, message.offset) != (note.file, incoming.offset):
            return []
        if not message.content or incoming.offset + len(message.content) > note.bytes:
            self.gossip.disappointed(segment, exchange)
            return []
        try:
            self._keep(segment, incoming, note, message.content)
        except OSError as error:
            self.node.report(f"a run of a peer could not be written: {error}")
            self.gossip.disappointed(segment, exchange)
            return []
        return self._go_on(segment, exchange)

    def _keep(self, segment: Segment, incoming: Incoming, note: m.RunNote, content: bytes) -> None:
        if incoming.file is None:
            incoming.name = segment.new_run_name(note.kind)
            incoming.file = self.node.host.disk.open(f"{segment.directory}/{incoming.name}", create=True)
        incoming.file.pwrite(content, incoming.offset)
        incoming.offset += len(content)
        if incoming.offset == note.bytes:
            incoming.file.close()
            incoming.received.append(RunInfo(**{**note._asdict(), "file": incoming.name}))
            incoming.left.pop(0)
            incoming.file, incoming.name, incoming.offset = None, "", 0

    def _go_on(self, segment: Segment, exchange: Any) -> list[m.Message]:
        incoming = exchange.incoming
        exchange.asked_at = self.gossip.now
        if not incoming.left:
            incoming.is_here, exchange.asked = True, ""
            self.node.background.wake()
            return []
        return [m.FetchRun(segment.epoch, segment.group, incoming.left[0].file, incoming.offset)]

    def give_up(self, segment: Segment, exchange: Any) -> None:
        """Ends what is being received; its files go."""
        incoming, exchange.incoming = exchange.incoming, None
        if incoming is None:
            return
        if incoming.file is not None:
            incoming.file.close()
        for name in [info.file for info in incoming.received] + [incoming.name] * bool(incoming.name):
            path = f"{segment.directory}/{name}"
            if self.node.host.disk.exists(path):
                self.node.host.disk.remove(path)

    # -- taking in: background -----------------------------------------------------------------------------------------

    def take_in(self, segment: Segment, step: Callable[[], None]) -> None:
        """What has been received whole: verified, made durable, named in the manifest. step(): between two pieces of work."""
        exchange = self.gossip.exchanges.get(segment.group)
        incoming = exchange.incoming if exchange else None
        if incoming is None or not incoming.is_here:
            return
        runs: list[Run] = []
        try:
            for info in incoming.received:
                runs.append(self._make_own(segment, info, step))
            if exchange.incoming is not incoming or not self._fits(segment, incoming.offer):
                raise DataCorrupted("the segment has moved on meanwhile")
        except (DataCorrupted, OSError) as error:
            for run in runs:
                run.close()
            self.node.report(f"runs of a peer could not be taken over: {error}")
            if exchange.incoming is incoming:
                exchange.avoid[incoming.offer.copy] = self.gossip.now + PIN_SECONDS
                self.give_up(segment, exchange)
            return
        offer = incoming.offer
        exchange.incoming = None
        exchange.filled_runs += len(runs)
        old = segment.runs() if offer.whole else []
        segment.adopt(runs, offer.freed, offer.sealed, offer.horizon, offer.vdl, old)
        segment.save()
        self.node.background.drop(segment, old)
        self.node.send(m.Durable(segment.epoch, segment.group, segment.copy, segment.scl))

    def _make_own(self, segment: Segment, info: RunInfo, step: Callable[[], None]) -> Run:
        in_thread, disk = self.node.host.in_thread, self.node.host.disk
        file = disk.open(f"{segment.directory}/{info.file}")
        try:
            file.pwrite(make_header(info, segment.group, segment.id), 0)
            in_thread(file.sync)
        finally:
            file.close()
        run = segment.open_info(info)
        try:
            check_blocks(run, in_thread, step)
        except BaseException:
            run.close()
            raise
        return run


def check_blocks(run: Run, in_thread: Callable[..., Any], step: Callable[[], None]) -> None:
    """Verifies everything in a run; DataCorrupted at the first damage."""
    at = 0
    while at < len(run.index):
        at = in_thread(_check_some, run, at)
        step()


def _check_some(run: Run, at: int) -> int:
    end = min(at + 64, len(run.index))
    for place in range(at, end):
        run.check_at(place)
    return end


