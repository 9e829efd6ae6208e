"""Which transactions a snapshot sees.

One order everywhere: a transaction is seen when the VDL has passed its commit record, so a snapshot is one number - the
VDL when it was taken - and an id is seen when its commit LSN is at or below it. Commit LSNs stand in a ring, 8 bytes an
id, from the oldest id that any snapshot can doubt; older ids have two bits in status pages.

          all_committed_below        ring_base                 next_xid   ceiling
    ----------|--------------------------|-------------------------|----------|------> ids
     committed   status pages (01, 00)     ring: 0 running,           not yet
                                           commit LSN, or aborted     handed out

    ids 100, 101, 102; 101 committed at LSN 900, the VDL is 850:
    state(101) == IN_PROGRESS; a snapshot taken now has lsn 850 and does not see it; at VDL 900 the next one does.

A commit writes the bits 01 of each of its ids in the mini-transaction that carries the commit note; an abort writes
nothing: an id that left the ring with bits 00 is aborted, and so is every id below the ceiling found after a crash.
Bits 11 mean prepared. Ids are handed out below a logged ceiling, STEP at a time, so none is used twice.

Snapshots register themselves in one list ordered by LSN: its head is the prune horizon. A snapshot that nobody holds
any more unregisters itself.

Errors: PageMiss (Retry) when a status page is not in the pool; DataCorrupted for an id that was never handed out.
"""
cimport cython
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from libc.stdlib cimport calloc, free, realloc

from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.page cimport KIND_STATUS, PAGE_HEADER
from aurorapy_native.redo cimport NOTE_COMMIT
from aurorapy_native.space cimport RelationStorage

import struct

from aurorapy.errors import DataCorrupted, ProgramLimitExceeded
from aurorapy_native.retry import Retry
from aurorapy_native.space import retrying

IN_PROGRESS, COMMITTED, ABORTED = XID_IN_PROGRESS, XID_COMMITTED, XID_ABORTED
FIRST_XID = 3
STEP = 1024                       # ids a logged ceiling is ahead; so many are skipped by a crash
COUNTER_XID, COUNTER_STATUS_ROOT, COUNTER_ALL_COMMITTED = 0, 9, 10
FIRST_RING = 4096

cdef enum:
    IDS_A_PAGE = 32640            # (8192 - 32) * 4
    BITS_COMMITTED = 1
    BITS_PREPARED = 3
    MAX_STATUS_PAGES = 60         # of one commit: a mini-transaction touches at most 64

cdef uint64_t NEVER = <uint64_t> -1


cdef class TxnIds:
    def __dealloc__(self):
        free(self.own)

    cdef bint has(self, uint64_t xid) noexcept nogil:
        cdef uint32_t low = 0, high = self.n_own, middle
        if xid == self.top or high <= 1:
            return xid == self.top and xid != 0
        while low < high:
            middle = (low + high) >> 1
            if self.own[middle] < xid:
                low = middle + 1
            else:
                high = middle
        return low < self.n_own and self.own[low] == xid

    def __contains__(self, uint64_t xid):
        return self.has(xid)

    def __len__(self):
        return self.n_own

    def add(self, uint64_t xid):
        """Takes one more id, larger than all before."""
        self.append(xid)

    cdef int append(self, uint64_t xid) except -1:
        cdef uint64_t* grown
        if self.n_own == self.size:
            grown = <uint64_t*> realloc(self.own, (self.size * 2 + 2) * sizeof(uint64_t))
            if grown == NULL:
                raise MemoryError
            self.own = grown
            self.size = self.size * 2 + 2
        self.own[self.n_own] = xid
        self.n_own += 1
        if self.n_own == 1:
            self.top = xid
        return 0

    def remove_from(self, uint64_t xid):
        """Takes out every id at or above `xid` (what a rollback to a savepoint undoes); returns them."""
        cdef uint32_t keep = self.n_own
        while keep and self.own[keep - 1] >= xid:
            keep -= 1
        cdef list gone = [self.own[i] for i in range(keep, self.n_own)]
        self.n_own = keep
        return gone

    def all(self):
        """The ids, ascending."""
        return [self.own[i] for i in range(self.n_own)]


@cython.freelist(64)
@cython.no_gc_clear        # unlinking at the end needs `status`
cdef class Snapshot:
    def __dealloc__(self):
        if self.registered:
            self.status.unlink(self)

    cdef bint is_own(self, uint64_t xid) noexcept nogil:
        return self.ids is not None and self.ids.has(xid)

    def owns(self, uint64_t xid):
        """True for an id of the snapshot's own transaction."""
        return self.is_own(xid)

    def release(self):
        """The snapshot no longer holds the prune horizon back. Twice is harmless; reading with it afterwards is not."""
        if self.registered:
            self.status.unlink(self)

    def __repr__(self):
        return f"Snapshot(lsn={self.lsn}, command={self.command}, own={self.ids.all() if self.ids is not None else []})"


cdef class TransactionStatus:
    def __cinit__(self, space=None):
        self.ring = <uint64_t*> calloc(FIRST_RING, sizeof(uint64_t))
        if self.ring == NULL:
            raise MemoryError
        self.ring_mask = FIRST_RING - 1
        self.ring_base = self.next_xid = self.ceiling = self.all_committed_below = FIRST_XID
        self.far_horizon = NEVER
        self.space = space
        if space is not None:
            self.mtr = space.mtr

    def __init__(self, space=None):
        """`space`: the VolumeSpace whose counters and status pages are used; then create() or open()."""

    def __dealloc__(self):
        free(self.ring)

    def create(self):
        """Makes the status pages of a new volume. May switch."""
        self.pages = RelationStorage.create(self.space, KIND_STATUS)
        self.space.raise_counter(COUNTER_STATUS_ROOT, self.pages.root)
        self.space.raise_counter(COUNTER_ALL_COMMITTED, FIRST_XID)

    def open(self):
        """Takes over from a predecessor: whatever it left running is aborted, the next id is its ceiling. May
        switch."""
        root = self.space.counter(COUNTER_STATUS_ROOT)
        if root == 0:
            raise DataCorrupted("the volume has no transaction status")
        self.pages = RelationStorage.open(self.space, root)
        self.all_committed_below = self.space.counter(COUNTER_ALL_COMMITTED)
        self.ring_base = self.next_xid = self.ceiling = max(FIRST_XID, self.space.counter(COUNTER_XID))

    # -- asking ----------------------------------------------------------------------------------------------------

    cdef int bits(self, uint64_t xid) except -1:
        """The two bits of an id older than the ring."""
        cdef uint64_t block = xid / IDS_A_PAGE
        cdef uint32_t at = <uint32_t> (xid % IDS_A_PAGE)
        if self.pages is None or block >= self.pages.blocks:
            return 0
        cdef int32_t frame = self.pages.frame(<uint32_t> block)
        return (<uint8_t> self.pages.pool.at(frame)[PAGE_HEADER + (at >> 2)] >> (2 * (at & 3))) & 3

    cdef int state(self, uint64_t xid) except -1:
        cdef uint64_t lsn
        cdef int bits
        if xid >= self.ring_base:
            if xid >= self.next_xid:
                raise DataCorrupted(f"transaction id {xid} was never handed out (next is {self.next_xid})")
            lsn = self.ring[xid & self.ring_mask]
            if lsn == NEVER:
                return XID_ABORTED
            return XID_COMMITTED if lsn and lsn <= self.vdl else XID_IN_PROGRESS
        if xid < self.all_committed_below:
            return XID_COMMITTED
        bits = self.bits(xid)
        if bits == BITS_COMMITTED:
            return XID_COMMITTED
        return XID_IN_PROGRESS if bits == BITS_PREPARED else XID_ABORTED

    cdef int seen(self, uint64_t xid, Snapshot snapshot) except -1:
        cdef uint64_t lsn
        if xid >= self.ring_base:
            if xid >= self.next_xid:
                return 0
            lsn = self.ring[xid & self.ring_mask]
            return lsn != 0 and lsn <= snapshot.lsn
        if xid < self.all_committed_below:
            return 1
        return self.bits(xid) == BITS_COMMITTED

    cdef uint64_t commit_lsn(self, uint64_t xid) except? 0xFFFFFFFFFFFFFFFE:
        cdef uint64_t lsn
        if xid >= self.ring_base:
            if xid >= self.next_xid:
                return 0
            lsn = self.ring[xid & self.ring_mask]
            return lsn if lsn != NEVER and lsn <= self.vdl else 0
        if xid < self.all_committed_below:
            return 1
        return self.bits(xid) == BITS_COMMITTED

    cdef uint64_t horizon(self) noexcept nogil:
        cdef uint64_t lsn = self.vdl
        if self.oldest != NULL and (<Snapshot> self.oldest).lsn < lsn:
            lsn = (<Snapshot> self.oldest).lsn
        return lsn if lsn < self.far_horizon else self.far_horizon

    # -- snapshots -------------------------------------------------------------------------------------------------

    cdef void link(self, Snapshot snapshot) noexcept:
        """Into the list by LSN. New ones are the newest, but for a copy of an old one."""
        cdef void* after = self.newest
        while after != NULL and (<Snapshot> after).lsn > snapshot.lsn:
            after = (<Snapshot> after).older
        snapshot.older = after
        snapshot.newer = (<Snapshot> after).newer if after != NULL else self.oldest
        if snapshot.newer != NULL:
            (<Snapshot> snapshot.newer).older = <void*> snapshot
        else:
            self.newest = <void*> snapshot
        if after != NULL:
            (<Snapshot> after).newer = <void*> snapshot
        else:
            self.oldest = <void*> snapshot
        snapshot.registered = True

    cdef void unlink(self, Snapshot snapshot) noexcept:
        snapshot.registered = False
        if snapshot.older != NULL:
            (<Snapshot> snapshot.older).newer = snapshot.newer
        else:
            self.oldest = snapshot.newer
        if snapshot.newer != NULL:
            (<Snapshot> snapshot.newer).older = snapshot.older
        else:
            self.newest = snapshot.older
        snapshot.older = snapshot.newer = NULL

    def snapshot(self, transaction=None, TxnIds ids=None, uint32_t command=0):
        """A registered Snapshot of this moment: everything committed at or below the VDL, and the own commands before
        `command`. Not yet waiting for anything: the caller knows which commit it must see."""
        return self.take(transaction, ids, command)

    cdef Snapshot take(self, object transaction, TxnIds ids, uint32_t command):
        cdef Snapshot taken = Snapshot.__new__(Snapshot)
        taken.lsn = self.vdl
        taken.command = command
        taken.transaction = transaction
        taken.ids = ids
        taken.status = self
        self.link(taken)
        return taken

    def copy(self, Snapshot source not None, uint32_t command):
        """The same moment with another command number, registered too: cursors, statements of REPEATABLE READ."""
        cdef Snapshot taken = Snapshot.__new__(Snapshot)
        taken.lsn = source.lsn
        taken.command = command
        taken.transaction = source.transaction
        taken.ids = source.ids
        taken.status = self
        self.link(taken)
        return taken

    def oldest_snapshot_lsn(self):
        """The prune horizon: LSN of the oldest snapshot on any instance, the VDL when there is none."""
        return self.horizon()

    def older_than(self, uint64_t lsn):
        """The transactions that hold a snapshot older than `lsn`, each once; None for snapshots of nobody's."""
        cdef void* at = self.oldest
        cdef list found = []
        while at != NULL and (<Snapshot> at).lsn < lsn:
            if (<Snapshot> at).transaction not in found:
                found.append((<Snapshot> at).transaction)
            at = (<Snapshot> at).newer
        return found

    def registered_snapshots(self):
        """Number of registered snapshots: for tests and activity."""
        cdef void* at = self.oldest
        cdef int n = 0
        while at != NULL:
            n += 1
            at = (<Snapshot> at).newer
        return n

    # -- handing out and ending ids ----------------------------------------------------------------------------------

    cdef int grow(self) except -1:
        """Doubles the ring."""
        cdef uint64_t size = (self.ring_mask + 1) * 2, xid
        cdef uint64_t* ring = <uint64_t*> calloc(size, sizeof(uint64_t))
        if ring == NULL:
            raise MemoryError
        for xid in range(self.ring_base, self.next_xid):
            ring[xid & (size - 1)] = self.ring[xid & self.ring_mask]
        free(self.ring)
        self.ring = ring
        self.ring_mask = size - 1
        return 0

    def assign(self):
        """The next transaction id, in progress. May switch (logs a new ceiling every STEP ids)."""
        while self.next_xid >= self.ceiling:
            self.raise_ceiling()
        return self.next_id()

    cdef uint64_t next_id(self) except 0:
        cdef uint64_t xid
        if self.next_xid - self.ring_base > self.ring_mask:
            self.grow()
        xid = self.next_xid
        self.next_xid = xid + 1
        self.ring[xid & self.ring_mask] = 0
        return xid

    def raise_ceiling(self):
        cdef uint64_t target = self.ceiling + STEP
        while self.pages is not None and <uint64_t> self.pages.blocks * IDS_A_PAGE < target:
            self.pages.add_block(KIND_STATUS)
        if self.space is not None:
            self.space.raise_counter(COUNTER_XID, target)
        self.ceiling = max(self.ceiling, target)

    def log_commit(self, TxnIds ids not None, list notes not None):
        """Logs the commit of all the ids with `notes` [(kind, payload)] beside it, in one mini-transaction; from the
        LSN returned on they are committed, and seen when the VDL reaches it. May switch before it does anything."""
        while True:
            try:
                return self.try_commit(ids, notes)
            except Retry as retry:
                retry.wait()

    cdef uint64_t try_commit(self, TxnIds ids, list notes) except 0:
        cdef uint32_t i
        cdef uint64_t block, last = NEVER, lsn
        cdef int32_t frame
        cdef uint32_t at
        cdef int pages = 0
        cdef uint8_t byte
        for i in range(ids.n_own):
            block = ids.own[i] / IDS_A_PAGE
            if block != last:
                self.pages.frame(<uint32_t> block)
                last = block
                pages += 1
        if pages > MAX_STATUS_PAGES:
            raise ProgramLimitExceeded("too many subtransactions in one transaction")
        self.mtr.begin(65536 + 16 * ids.n_own)
        for i in range(ids.n_own):
            frame = self.pages.frame(<uint32_t> (ids.own[i] / IDS_A_PAGE))
            at = <uint32_t> (ids.own[i] % IDS_A_PAGE)
            byte = <uint8_t> self.pages.pool.at(frame)[PAGE_HEADER + (at >> 2)]
            byte = <uint8_t> ((byte & ~(3 << (2 * (at & 3)))) | (BITS_COMMITTED << (2 * (at & 3))))
            self.mtr.write(frame, PAGE_HEADER + (at >> 2), &byte, 1)
        self.mtr.note(NOTE_COMMIT, commit_payload(ids))
        for kind, payload in notes:
            self.mtr.note(kind, payload)
        lsn = self.mtr.commit()
        for i in range(ids.n_own):
            self.ring[ids.own[i] & self.ring_mask] = lsn
        return lsn

    def mark_aborted(self, list xids not None):
        """The ids are aborted from now on; nothing is logged."""
        cdef uint64_t xid
        for xid in xids:
            if xid >= self.ring_base:
                self.ring[xid & self.ring_mask] = NEVER

    def trim(self):
        """Lets go of ids at the ring's old end that no snapshot can doubt any more."""
        cdef uint64_t horizon = self.horizon(), lsn
        while self.ring_base < self.next_xid:
            lsn = self.ring[self.ring_base & self.ring_mask]
            if lsn == 0 or (lsn > horizon and lsn != NEVER):
                break
            self.ring_base += 1

    def raise_all_committed(self, uint64_t below):
        """Vacuum has removed every trace of aborted ids below `below`: they need no lookup any more. Logged; may
        switch."""
        below = min(below, self.ring_base)
        if below > self.all_committed_below:
            self.space.raise_counter(COUNTER_ALL_COMMITTED, below)
            self.all_committed_below = below

    # -- following a writer ----------------------------------------------------------------------------------------

    cdef int note_commit(self, uint64_t xid, uint64_t lsn) except -1:
        if xid >= self.ring_base:
            self.know(xid + 1)
            self.ring[xid & self.ring_mask] = lsn
        return 0

    cdef int know(self, uint64_t next_xid) except -1:
        """Ids below `next_xid` have been handed out."""
        cdef uint64_t xid
        while next_xid - self.ring_base > self.ring_mask:
            self.grow()
        for xid in range(self.next_xid, next_xid):
            self.ring[xid & self.ring_mask] = 0
        self.next_xid = max(self.next_xid, next_xid)
        return 0

    def ring_bytes(self):
        """What a reader's snapshots need of a writer's ids: oldest id in the ring, next id, commit LSNs of those
        between."""
        cdef uint64_t xid
        cdef list out = [self.ring[xid & self.ring_mask] for xid in range(self.ring_base, self.next_xid)]
        return struct.pack(f"<QQ{len(out)}Q", self.ring_base, self.next_xid, *out)

    def take_ring(self, bytes ring not None):
        """Takes over what a writer gave of its ring. Ids in it whose end is known already keep what is known; returns
        those older ones, still in doubt here, that the writer has no doubt of: ended_before() says how they ended."""
        cdef uint64_t base, next_xid, xid, lsn
        cdef bint is_first = self.next_xid == FIRST_XID and self.ring_base == FIRST_XID
        base, next_xid = struct.unpack_from("<QQ", ring)
        if is_first:
            self.ring_base = self.next_xid = base
        self.know(next_xid)
        for xid, lsn in enumerate(struct.unpack_from(f"<{next_xid - base}Q", ring, 16), base):
            if lsn and xid >= self.ring_base and self.ring[xid & self.ring_mask] == 0:
                self.ring[xid & self.ring_mask] = lsn
        return [xid for xid in range(self.ring_base, min(base, self.next_xid)) if self.ring[xid & self.ring_mask] == 0]

    def ended_before(self, xid, uint64_t lsn, bint committed):
        """An id ended at or below `lsn`, and after the last VDL that any snapshot here was taken at."""
        if committed:
            self.note_commit(xid, lsn)

    def trim_below(self, uint64_t oldest_running):
        """trim() on a reader: ids below `oldest_running` have ended, those that did not commit are aborted."""
        cdef uint64_t horizon = self.horizon(), lsn
        while self.ring_base < min(self.next_xid, oldest_running):
            lsn = self.ring[self.ring_base & self.ring_mask]
            if lsn > horizon and lsn != NEVER:
                break
            self.ring_base += 1

    def follow(self):
        """Opens the status pages to read them on an instance that follows a writer. May switch."""
        self.pages = RelationStorage.open(self.space, self.space.counter(COUNTER_STATUS_ROOT))
        self.all_committed_below = self.space.counter(COUNTER_ALL_COMMITTED)

    def promote(self):
        """The instance has become the writer: every id handed out by its predecessors that did not commit is aborted.
        May not switch, so that no snapshot comes in between."""
        cdef uint64_t xid, ceiling = max(self.next_xid, <uint64_t> max(FIRST_XID, self.space.counter(COUNTER_XID)))
        self.all_committed_below = self.space.counter(COUNTER_ALL_COMMITTED)
        self.know(ceiling)
        for xid in range(self.ring_base, ceiling):
            if self.ring[xid & self.ring_mask] == 0:
                self.ring[xid & self.ring_mask] = NEVER
        self.ceiling = ceiling

    # -- Python's view ---------------------------------------------------------------------------------------------

    def state_of(self, xid):
        """IN_PROGRESS, COMMITTED or ABORTED. May switch."""
        return retrying(self.try_state, xid)

    def try_state(self, xid):
        return self.state(xid)

    def sees(self, Snapshot snapshot not None, xid):
        """True when the snapshot sees what the id did; own ids are the caller's. May switch."""
        return bool(retrying(self.try_seen, xid, snapshot))

    def try_seen(self, xid, snapshot):
        return self.seen(xid, snapshot)

    def commit_lsn_of(self, xid):
        """Commit LSN while it is known exactly, 1 for older commits, 0 for an id not (yet, or ever) committed."""
        return retrying(self.try_commit_lsn, xid)

    def try_commit_lsn(self, xid):
        return self.commit_lsn(xid)


cdef bytes commit_payload(TxnIds ids):
    """NOTE_COMMIT: u64 count, then the ids."""
    cdef uint64_t count = ids.n_own
    if count == 0:
        return (<char*> &count)[:8]
    return (<char*> &count)[:8] + (<char*> ids.own)[:8 * count]
