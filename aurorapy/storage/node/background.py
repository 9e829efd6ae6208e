"""The work nobody waits for: sealing, folding, merging, preparing log files. One task a node, in small steps.

    hot log file full ──seal──▶ delta run (+ images of pages with long chains)     once the VDL has passed its records
    delta runs below the horizon ──fold──▶ image run                               their older versions are gone then
                                            nothing, in a tail copy                once all full copies have them in runs
    image runs of like size ──merge──▶ one image run
    image run with freed pages ──▶ the same without them                           once they are an eighth of it

Freed pages (`freed`) are left out of folds and merges. A hot log file in which as many bytes were freed as it is long is
ended early: an idle volume, too, gives back a large table.

The horizon of a fold is the older of PGMRPL and the start of the retention window, at a delta run's end. After a fold
the disk holds each live page about once or twice (an older image run is at least twice the size of what is newer) plus
the delta runs of the window.

Each step runs on a thread, its reading, checking, building and copying without the GIL (`aurorapy_native.runs`); between
steps the task lets everybody else go first. Every result counts only when the
manifest that names it is durable; a crash before that leaves files which the next opening removes.

Errors: what fails on the disk (full, or EIO) is reported and begun anew a second later, with a new file: the records are
still in the hot log. Until it succeeds no log file is given back, so writes stop when the log is full; reads go on.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DataCorrupted
from aurorapy.host.tasks import TaskExit
from aurorapy.ids import PAGE_SIZE
from aurorapy.storage.node.freed import packed
from aurorapy.storage.node.runs import DELTA, IMAGE, ImageRun, PageBuilder, Run, RunInfo, RunWriter
from aurorapy.storage.node.segment import Segment
from aurorapy.storage.options import StorageConfig
from aurorapy_native.memtable import Memtable
from aurorapy_native.node import Table
from aurorapy_native.runs import dead_pages, living, pages_of

RETRY_SECONDS = 1.0
IDLE_SECONDS = 10.0  # how often the horizons are looked at when nothing else happens
MERGE_RATIO = 2  # an image run that is not this many times larger than all newer ones is merged with them
DEAD_SHARE = 8  # an image run of which one in so many pages was freed is written anew
US = 1_000_000


class Background:
    """The background task of one `StorageNode`."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.host = node.host
        self.failure: OSError | DataCorrupted | None = None  # of the last round
        self._task: Any = None
        self._waiter: Any = None
        self._stopping = False

    def start(self) -> None:
        if self._task is None:
            self._task = self.host.tasks.spawn(self._run, name=f"background {self.node.name}")

    def stop(self) -> None:
        """Ends the task at its next step; from inside a task, waits for that."""
        self._stopping = True
        if self._task is None or self._task.done:
            return
        self._task.interrupt(TaskExit())
        if self.host.tasks.current() is not None:
            self._task.join()

    def wake(self) -> None:
        """There may be something to do."""
        if self._waiter is not None:
            self._waiter.wake()

    def _run(self) -> None:
        while not self._stopping:
            self._waiter = self.host.tasks.waiter()
            self.failure = None
            self.run_once()
            try:
                self._waiter.wait(IDLE_SECONDS if self.failure is None else RETRY_SECONDS)
            except TimeoutError:
                pass

    def run_once(self) -> None:
        """Everything there is to do now; what fails on the disk leaves `failure` and does not stop the rest."""
        node = self.node
        self._try(node.hosting.leave_replaced)
        self._try(self.end_file_of_freed)
        self._try(self.seal_full_tables)
        if node.log.needs_spare() or (node.waiting and node.log.spare is None):
            self._try(self.host.in_thread, node.log.prepare)
        node.retry_waiting()
        for segment in list(node.segments.values()):
            self._try(node.gossip.transfers.take_in, segment, self._step)
            self._try(self.fold, segment)
            self._try(self.merge_images, segment)
            self._try(self.drop_freed, segment)
        if any(map(node.gossip.has_peers, node.segments.values())):
            self._try(node.scrub.run_once, self._step)
            self._try(node.comparing.run_once)

    def _try(self, work: Callable[..., Any], *args: Any) -> None:
        try:
            work(*args)
        except (OSError, DataCorrupted) as error:
            self.failure = error
            self.node.report(f"background work in {self.node.directory} failed: {error}")
            if isinstance(error, DataCorrupted):
                self.node.scrub.next_pass = 0.0  # where is it?

    # -- sealing -------------------------------------------------------------------------------------------------------

    def seal_full_tables(self) -> None:
        """Seals the memtables of log files that are full and lie below the VDL, then gives those files back."""
        log = self.node.log
        for segment in list(self.node.segments.values()):
            while segment.tables and segment.tables[0].file < log.begun():
                table = segment.tables[0]
                if table.memtable.last > segment.last and log.is_tight() and self.node.gossip.has_peers(segment):
                    segment.drop_ahead()
                    self.node.drop_in_flight(segment)
                if table.memtable.last > min(segment.vdl, segment.scl):
                    break
                self.seal(segment, table)
        needed = min((self._needed_from(segment) for segment in self.node.segments.values()), default=log.position)
        if needed // log.file_bytes > log.oldest:
            for segment in self.node.segments.values():
                if segment.saved_log_start < needed:
                    segment.log_start = max(segment.log_start, needed)
                    segment.save()
            log.release(needed)

    def _needed_from(self, segment: Segment) -> int:
        log = self.node.log
        number = segment.tables[0].file if segment.tables else log.begun()
        return max(number * log.file_bytes, segment.log_start)

    def seal(self, segment: Segment, table: Table) -> None:
        """Cuts a delta run from a memtable, and an image run of the pages whose chains in it are long."""
        if 0 < table.memtable.first <= segment.sealed:
            table.memtable.annul(0, segment.sealed)  # is in runs: came once more with what follows it
        table.is_sealing, last = True, table.memtable.last
        opened: list[Run] = []
        if last > segment.sealed:
            info, long_chains = self._write_delta(segment, table, last)
            delta = segment.open_info(info)  # may fail: until here the memtable is what is read
            opened.append(delta)
            if long_chains and not segment.is_tail:
                info = self._write_images(segment, long_chains, last, segment.images, [*segment.deltas, delta])
                opened.append(segment.open_info(info))
        segment.tables.remove(table)
        for run in opened:
            segment.add_run(run)
        segment.sealed = max(segment.sealed, last)
        segment.log_start = (table.file + 1) * self.node.log.file_bytes
        segment.save()

    def _write_delta(self, segment: Segment, table: Table, last: int) -> tuple[RunInfo, bytes]:
        """The run, and the pages with long chains in it."""
        config, in_thread = self.node.config, self.host.in_thread
        writer = self.writer(segment, DELTA)
        try:
            count, start = in_thread(table.memtable.freeze), 0
            long_chains = b""
            while start < count:
                start, found = in_thread(_export, table.memtable, start, writer, config)
                long_chains += found
                self._step()
            return writer.finish(segment.sealed, last, self.host.clock.wall_us(), segment.group, segment.id), long_chains
        finally:
            writer.close()

    # -- folding ---------------------------------------------------------------------------------------------------------

    def fold(self, segment: Segment) -> None:
        """Turns delta runs that no reader and no window needs any more into an image run."""
        runs = []
        for run in segment.deltas:
            if not self._may_forget(segment, run.info):
                break
            runs.append(run)
        if not runs:
            return
        last = runs[-1].last
        if last < segment.floor:
            return  # below it some page cannot be built; from there on it can
        if segment.is_tail:
            segment.horizon = max(segment.horizon, last)
            self.replace(segment, runs, [])
            return
        ready = [image.index for image in segment.images if image.last == last]
        pages = self.host.in_thread(pages_of, [run.index for run in runs], ready)
        pages = self._living(segment, pages, runs, last)
        infos = []
        if pages:
            infos.append(self._write_images(segment, pages, last, segment.images, runs))
        segment.horizon = max(segment.horizon, last)
        self.replace(segment, runs, infos)

    def _may_forget(self, segment: Segment, info: RunInfo) -> bool:
        config = self.node.config
        age_s = (self.host.clock.wall_us() - info.sealed_us) / US
        out_of_window = age_s >= config.retention_s or segment.vdl - info.last >= config.retention_bytes
        may_go = out_of_window and info.last <= min(segment.pgmrpl, segment.vdl)
        return may_go and (not segment.is_tail or self.node.gossip.full_peers_have(segment, info.last))

    def _write_images(self, segment: Segment, pages: bytes, last: int, images: list, deltas: list) -> RunInfo:
        """An image run of these pages as of `last`, built from runs alone."""
        writer = self.writer(segment, IMAGE)
        try:
            builder = PageBuilder(pages, images, deltas, last, packed(segment.freed.upto(last)))
            while not builder.done:
                self.host.in_thread(builder.step, writer, self.node.config.step_bytes)
                self._step()
            return writer.finish(segment.horizon, last, self.host.clock.wall_us(), segment.group, segment.id)
        finally:
            writer.close()

    # -- merging -----------------------------------------------------------------------------------------------------------

    def merge_images(self, segment: Segment) -> None:
        """Merges the newest image runs at or below the horizon while they are large beside the next older one."""
        runs = [run for run in segment.images if run.last <= segment.horizon]
        if len(runs) < 2:
            return
        count, pages = 1, runs[-1].info.pages
        while count < len(runs) and runs[-count - 1].info.pages < MERGE_RATIO * pages:
            count += 1
            pages += runs[-count].info.pages
        if count < 2:
            return
        self._merge(segment, runs[-count:])

    def _merge(self, segment: Segment, runs: list[ImageRun]) -> None:
        pages = self.host.in_thread(pages_of, [run.index for run in runs])
        pages = self._living(segment, pages, runs, segment.built_from())
        info = [self._write_images(segment, pages, runs[-1].last, runs, [])] if pages else []
        self.replace(segment, runs, info)

    # -- freed pages -------------------------------------------------------------------------------------------------------

    def _living(self, segment: Segment, pages: bytes, runs: list, lsn: int) -> bytes:
        """Of these pages, whose newest version at `lsn` is in the runs, those that are not freed."""
        ranges = packed(segment.freed.upto(lsn))
        return self.host.in_thread(living, pages, [run.index for run in runs], ranges) if ranges else pages

    def end_file_of_freed(self) -> None:
        """Begins the next log file when much was freed in this one: what is sealed can be folded."""
        log, pages = self.node.log, 0
        for segment in self.node.segments.values():
            if segment.freed and segment.tables and segment.tables[-1].file == log.number:
                before = max([segment.sealed, *(table.memtable.last for table in segment.tables[:-1])])
                pages += segment.freed.pages_above(before)
        if pages * PAGE_SIZE < log.file_bytes or log.failed is not None:
            return
        if log.spare is None:
            self.host.in_thread(log.prepare)
        log.roll()

    def drop_freed(self, segment: Segment) -> None:
        """Writes image runs anew, without their freed pages, where those are many; forgets freeings that have nothing left
        to say."""
        freed = segment.freed.upto(segment.built_from())
        if not freed:
            return
        ranges, left = packed(freed), [0] * len(freed)
        for run in list(segment.images):
            counts = self.host.in_thread(dead_pages, run.index, ranges)
            dead = sum(counts)
            if dead and dead * DEAD_SHARE >= run.info.pages:
                self._merge(segment, [run])
            elif dead:
                left = [a + b for a, b in zip(left, counts)]
        segment.freed.remove(each for each, count in zip(freed, left) if not count)

    # -- pieces --------------------------------------------------------------------------------------------------------------

    def replace(self, segment: Segment, old: list, infos: list[RunInfo]) -> None:
        """`old` runs out, new ones in: counts when the manifest is durable, then the old files go."""
        for run in [segment.open_info(info) for info in infos]:
            segment.add_run(run)
        segment.deltas = [run for run in segment.deltas if run not in old]
        segment.images = [run for run in segment.images if run not in old]
        segment.save()
        self.drop(segment, old)

    def drop(self, segment: Segment, runs: list) -> None:
        """Removes the files of runs that no manifest names any more. On a thread: giving a large file's blocks back takes
        long. What a peer is just fetching stays open."""
        transfers = self.node.gossip.transfers
        self.host.in_thread(self._drop, [(run, transfers.is_pinned(segment.group, run)) for run in runs])

    def _drop(self, runs: list) -> None:
        for run, is_pinned in runs:
            if not is_pinned:
                run.close()
            self.host.disk.remove(run.path)

    def writer(self, segment: Segment, kind: str) -> RunWriter:
        return RunWriter(
            self.host.disk, segment.directory, segment.new_run_name(kind), kind, self.host.in_thread
        )  # fmt: skip

    def _step(self) -> None:
        """Between two steps: lets everybody else go first."""
        if self._stopping:
            raise TaskExit
        if self.host.tasks.current() is not None:
            self.host.tasks.pause()


def _export(memtable: Memtable, start: int, writer: RunWriter, config: StorageConfig) -> tuple[int, bytes]:
    """Some more pages' records into the run: (the page to go on with, the pages whose chains were long)."""
    data, index, start, long_chains = memtable.export(start, config.step_bytes, writer.offset, config.long_chain_records)
    writer.add(data, index)
    return start, long_chains
