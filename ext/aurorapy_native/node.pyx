"""The way of a batch through a storage node, which every commit waits for: memtable, hot log, SCL.

    accept(segment, Write) ──▶ ingest: verified, in memory ──▶ append: header, chained, to the log's writer thread
    _log_durable(position) ──▶ became_durable: the SCL of each segment ──▶ send(Durable)

    batches (100..160) (160..220) of one segment, its SCL 100; the log is durable behind the first: SCL 160, Durable 160

A `SegmentCore` follows two ends without a gap: `last` in memory, `scl` on the disk. Batches that come before their
predecessor wait in `ahead` and `ahead_durable`: where they begin -> where they end.

Errors: DataCorrupted for a batch whose records are damaged, do not link, or end elsewhere than its header says.

Not here: everything that is not asked of every batch; `Segment`, `HotLog` and `StorageNode` of aurorapy.storage.node
are the rest of these three.
"""
from libc.stdint cimport uint64_t

from aurorapy_native.batch cimport ALIGNED, HEADER, header_of

from aurorapy.errors import DataCorrupted
from aurorapy.storage.messages import Durable
from aurorapy_native.memtable import Memtable

WAITING_MAX = 64       # batches, of a node whose segments have peers
cdef Py_ssize_t WAITING = WAITING_MAX
cdef list PADDING = [bytes(n) for n in range(ALIGNED)]


cdef uint64_t follow(uint64_t position, dict ahead) except? 0:
    """Goes on from `position` over the batches that wait behind it; they may overlap, as peers cut them elsewhere."""
    while ahead:
        if position in ahead:
            position = max(position, <uint64_t> ahead.pop(position))
            continue
        reached = [prev for prev in ahead if <uint64_t> prev < position]
        if not reached:
            break
        for prev in reached:
            position = max(position, <uint64_t> ahead.pop(prev))
    return position


cdef class Table:
    def __init__(self, uint64_t file):
        self.memtable = Memtable()
        self.file = file


cdef class SegmentCore:
    def __init__(self, uint64_t group, str copy, epoch, truncations):
        self.group, self.copy = group, copy
        self.epoch, self.truncations = epoch, truncations
        self.ahead, self.ahead_durable = {}, {}
        self.tables = []

    def follows(self, epoch):
        """May the segment take writes and serve reads of that epoch?"""
        return epoch == self.epoch and epoch == self.truncations.epoch

    cpdef bint holds(self, uint64_t prev, uint64_t last) except -1:
        """Is the batch here already?"""
        if last <= self.last:
            return True
        for first, end in self.ahead.items():
            if <uint64_t> first <= prev and last <= <uint64_t> end:
                return True
        return False

    cpdef int ingest(self, uint64_t file, uint64_t prev, uint64_t last, bytes records) except -1:
        """Takes a batch into memory. file: number of the hot log file it goes to."""
        cdef list tables = self.tables
        cdef Table table, each
        if not tables or (<Table> tables[len(tables) - 1]).file != file:
            tables.append(Table(file))
        table = tables[len(tables) - 1]
        if self.ahead:      # what fills a gap goes where its successors are: a table is sealed with all below its end
            for each in tables:
                if <uint64_t> each.memtable.last > prev and not each.is_sealing:
                    table = each
                    break
        found, _ = table.memtable.ingest(records, prev)
        if found != last:
            raise DataCorrupted(f"a batch of group {self.group} ends at {found}, its header says {last}")
        if table.memtable.freed is not None:
            self.pages_freed(table.memtable.freed)
        if prev <= self.last:
            self.last = max(last, self.last)
            if self.ahead:
                self.last = follow(self.last, self.ahead)
        else:
            self.ahead[prev] = max(last, self.ahead.get(prev, 0))
        return 0

    cpdef bint became_durable(self, uint64_t prev, uint64_t last) except -1:
        """The batch is on disk. True when the SCL moved."""
        if prev > self.scl:
            self.ahead_durable[prev] = max(last, self.ahead_durable.get(prev, 0))
            return False
        if prev < self.scl and last <= self.scl:
            return False
        self.scl = last
        if self.ahead_durable:
            self.scl = follow(self.scl, self.ahead_durable)
        return True

    def go_on(self, uint64_t floor):
        """Every record up to `floor` is here, and durable: both ends go on over what waits behind it."""
        self.last = follow(max(self.last, floor), self.ahead)
        self.scl = follow(max(self.scl, floor), self.ahead_durable)


cdef class LogCore:
    def __init__(self, uint64_t file_bytes):
        self.file_bytes = file_bytes

    cpdef bint reserve(self, uint64_t count) except -1:
        """Is there room for a batch of `count` bytes of records? Takes the next file into use when that helps."""
        cdef uint64_t length = (HEADER + count + ALIGNED - 1) // ALIGNED * ALIGNED
        return self.position - self.base + length <= self.file_bytes or self._next_file(length)

    cpdef uint64_t append(self, object epoch, uint64_t vdl, uint64_t group, uint64_t prev, uint64_t last,
                          bytes records) except? 0:
        """Queues a batch for which `reserve` found room; returns the position that must become durable."""
        cdef uint64_t length = HEADER + len(records), padding = (ALIGNED - length % ALIGNED) % ALIGNED
        cdef bytes header = header_of(self.position, &self.crc, self.durable, epoch[0], epoch[1], vdl, group, prev,
                                      last, records)
        self.file.append(header, records, PADDING[padding])
        self.position += length + padding
        return self.position

    cpdef bint needs_spare(self) except -1:
        """Time to prepare the next file: none is there and the current one is a quarter full."""
        return self.spare is None and (self.position - self.base) * 4 >= self.file_bytes


cdef class NodeCore:
    def _write(self, message):
        cdef SegmentCore segment = self.segments.get(message.group)
        cdef uint64_t vdl
        if segment is None or not segment.follows(message.epoch):
            return self.epochs.refusal(message)
        vdl = message.vdl
        if vdl > segment.vdl:
            segment.vdl = vdl
        self.accept(segment, message)
        return []

    cpdef int accept(self, SegmentCore segment, batch) except -1:
        """Takes a batch whose epoch is right; it waits in line when the log has no room. Where peers have it as well,
        what would wait for long or behind a gap is dropped: gossip brings it again."""
        if self.waiting or not self._append(segment, batch):
            if not (self.gossip.has_peers(segment) and (segment.ahead or len(self.waiting) >= WAITING)):
                self.waiting.append(batch)
            self.background.wake()
        return 0

    cpdef bint _append(self, SegmentCore segment, message) except -1:
        """False when the log has no room."""
        cdef uint64_t prev = message.prev, last = message.last, end
        cdef bytes records
        cdef LogCore log = self.log
        if segment.holds(prev, last):
            self.send(Durable(segment.epoch, segment.group, segment.copy, segment.scl))
            return True
        if log.failed is not None:
            return True                          # never acknowledged
        if (prev > segment.last or segment.ahead) and log.is_tight() and self.gossip.has_peers(segment):
            if prev > segment.last:
                return True                      # the room that is left is for what fills the gap,
            segment.drop_ahead()                 # and what fills it is sealed without what lies behind
            self.drop_in_flight(segment)
        records = message.records
        if not log.reserve(len(records)):
            return log.failed is not None
        segment.ingest(log.number, prev, last, records)
        end = log.append(message.epoch, segment.vdl, segment.group, prev, last, records)
        self.in_flight.append((end, segment, prev, last))
        if log.needs_spare():
            self.background.wake()
        return True

    def _log_durable(self, uint64_t position):
        """The log is durable up to `position`: says so once for each segment whose SCL moved."""
        cdef object in_flight = self.in_flight
        cdef SegmentCore segment
        cdef list moved = []
        while in_flight:
            end, segment, prev, last = in_flight[0]
            if <uint64_t> end > position:
                break
            in_flight.popleft()
            if segment.became_durable(prev, last) and segment not in moved:
                moved.append(segment)
        for segment in moved:
            self.send(Durable(segment.epoch, segment.group, segment.copy, segment.scl))
