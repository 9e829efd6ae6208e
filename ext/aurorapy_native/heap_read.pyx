"""Reading the heap: which version of a row a snapshot sees, by its tid or page by page.

    heap.fetch(tid, snapshot, (1, 2))     follows the HOT chain that begins at tid
    heap.scan_page(0, snapshot, (1, 2))   every visible row of a block, decoded, in one call

A version is seen when its maker is (own ids: when the command came before the snapshot's) and its deleter is not. A
page flagged all-visible needs no such question. A reader that meets a page worth it prunes it (heap_prune), but never
waits for that.

Errors: SerializationFailure 40001 for a snapshot older than what its page has pruned, DataCorrupted XX001 for a page
that is no heap page.

Not here: changes (heap), values out of line (access/toast.py, through `toaster`).
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t

from aurorapy_native.heap_page cimport *
from aurorapy_native.heap_prune cimport is_dead, is_prunable, prune
from aurorapy_native.locks cimport RowLocks
from aurorapy_native.page cimport KIND_HEAP
from aurorapy_native.space cimport RelationStorage
from aurorapy_native.tuples cimport HAS_EXTERNAL, HEAP_ONLY, HOT_UPDATED, Projection, RowCodec, TupleHeader
from aurorapy_native.visibility cimport Snapshot, TransactionStatus, TxnIds, XID_ABORTED, XID_IN_PROGRESS

from aurorapy.errors import DataCorrupted, SerializationFailure
from aurorapy_native.retry import Retry

cdef enum:
    CHAIN_LONG = 6           # a reader that steps over more dead versions prunes the page
    CROWDED = 1024           # free bytes below which a reader prunes


cdef class HeapReader:
    def __cinit__(self, RelationStorage storage not None, RowCodec codec not None, TransactionStatus status not None,
                  RowLocks row_locks not None):
        self.storage = storage
        self.codec = codec
        self.status = status
        self.row_locks = row_locks
        self.pool = storage.pool
        self.mtr = storage.mtr
        self.fillfactor = 100
        self.may_prune = True

    def __init__(self, storage, codec, status, row_locks):
        """`codec`: a RowCodec of the table's columns."""

    @property
    def blocks(self):
        """Pages in use."""
        return self.storage.blocks

    # -- visibility ------------------------------------------------------------------------------------------------

    cdef bint sees(self, const TupleHeader* row, Snapshot snapshot) except *:
        cdef TxnIds ids = snapshot.ids
        cdef bint writer = ids is not None and ids.top != 0
        if writer and row.xmin >= ids.top and ids.has(row.xmin):
            if row.cmin >= snapshot.command:
                return False
        elif row.xmin == 0 or not self.status.seen(row.xmin, snapshot):
            return False
        if row.xmax == 0:
            return True
        if writer and row.xmax >= ids.top and ids.has(row.xmax):
            return row.cmax >= snapshot.command
        return not self.status.seen(row.xmax, snapshot)

    cdef int32_t row_frame(self, uint64_t tid) except -2:
        """Frame of a tid's page; -1 when there is no such page."""
        cdef int32_t frame
        if block_of(tid) >= self.storage.blocks:
            return -1
        frame = self.storage.frame(block_of(tid))
        if (<PageHeader*> self.pool.at(frame)).kind != KIND_HEAP:
            raise not_a_heap_page(self, frame, block_of(tid))
        return frame

    cdef char* visible(self, uint64_t tid, Snapshot snapshot, uint64_t* at) except? NULL:
        cdef int32_t frame = self.row_frame(tid)
        cdef int n, steps = 0
        cdef char* page
        if frame < 0:
            return NULL
        page = self.pool.at(frame)
        n = self.version_on(page, <int> (tid & 0xFFFF), snapshot, &steps)
        if n == 0:
            return NULL
        at[0] = make_tid(block_of(tid), n)
        if steps > CHAIN_LONG and snapshot is not None and self.prune_if_useful(frame, True):
            return self.visible(at[0], snapshot, at)
        return <char*> row_at(page, line(page, n))

    cdef int version_on(self, const char* page, int n, Snapshot snapshot, int* steps) except -1:
        cdef int count = line_count(page)
        cdef uint32_t lp
        cdef TupleHeader* row
        cdef uint64_t maker = 0
        if snapshot is not None and snapshot.lsn < (<PageHeader*> page).pruned_to:
            raise too_old(snapshot)
        if n >= 1 and n <= count and lp_flags(line(page, n)) == LP_REDIRECT and snapshot is not None:
            n = lp_offset(line(page, n))
        while steps[0] <= count:
            if n < 1 or n > count:
                return 0
            lp = line(page, n)
            if lp_flags(lp) != LP_NORMAL:
                return 0
            row = row_at(page, lp)
            if maker and (row.xmin != maker or not row.infomask & HEAP_ONLY):
                return 0
            if snapshot is None or self.sees(row, snapshot):
                return n
            if not row.infomask & HOT_UPDATED or row.xmax == 0:
                return 0
            maker = row.xmax
            n = row.next_line
            steps[0] += 1
        return 0

    cdef int prune_if_useful(self, int32_t frame, bint crowded) except -1:
        """1 when the page was pruned: rows on it have moved."""
        if not self.may_prune or self.mtr.log.limit_lsn == 0:          # nothing is written on a reader
            return 0
        if not (crowded or free_bytes(self.pool.at(frame)) < CROWDED):
            return 0
        if not is_prunable(self.pool, self.status, frame):
            return 0
        try:
            prune(self.pool, self.mtr, self.status, frame, self.status.horizon(), self.reclaims)
            return 1
        except Retry:
            return 0                       # no room in the log now: a reader does not wait for that

    # -- reading ---------------------------------------------------------------------------------------------------

    def fetch(self, uint64_t tid, Snapshot snapshot, columns):
        """The columns (attnos, negative: tuples.SYSTEM_COLUMNS; or a Projection) of the version the snapshot sees of
        the row at `tid`, following its HOT chain; None when it sees none. Without a snapshot: of the version at `tid`,
        whoever made or deleted it."""
        cdef tuple row
        while True:
            try:
                row = self.try_fetch(tid, snapshot, columns)
                break
            except Retry as retry:
                retry.wait()
        return self.toaster.resolve(row) if row is not None and self.met_external else row

    def try_fetch(self, uint64_t tid, Snapshot snapshot, columns):
        """fetch() for a caller that must not switch: raises a Retry, leaves OutOfLine values as they are."""
        cdef uint64_t at = 0
        cdef char* row = self.visible(tid, snapshot, &at)
        if row == NULL:
            return None
        self.met_external = (<TupleHeader*> row).infomask & HAS_EXTERNAL != 0
        return self.decode(row, self.codec.project(columns), at)

    def fetch_version(self, uint64_t tid, Snapshot snapshot not None, columns):
        """fetch() of the version at `tid` only: None when the snapshot sees another one of its row."""
        row = self.fetch(tid, snapshot, (-1, *columns))
        return row[1:] if row is not None and row[0] == tid else None

    cdef int row_versions(self, const uint64_t* tids, int n, int* next_tid, Snapshot snapshot, Versions* found,
                          uint32_t* crowded) except -1:
        cdef uint32_t block = NO_BLOCK
        cdef int32_t frame = -1
        cdef char* page = NULL
        cdef TupleHeader* row
        cdef int steps, place, first
        cdef uint64_t tid
        cdef uint64_t known = 0xFFFFFFFFFFFFFFFF     # an id other than ours that the snapshot sees
        cdef uint64_t own = 0xFFFFFFFFFFFFFFFF
        if snapshot.ids is not None and snapshot.ids.top:
            own = snapshot.ids.top
        while next_tid[0] < n:
            tid = tids[next_tid[0]]
            if block_of(tid) != block:           # neighbours in an index often share a page
                frame = self.row_frame(tid)
                block = block_of(tid)
                page = self.pool.at(frame) if frame >= 0 else NULL
            steps = 0
            if page != NULL:
                first = <int> (tid & 0xFFFF)
                if is_known(page, first, known, snapshot):
                    place = first
                else:
                    place = self.version_on(page, first, snapshot, &steps)
                if steps > CHAIN_LONG:
                    crowded[0] = block
                if place:
                    row = row_at(page, line(page, place))
                    if row.xmin < own:
                        known = row.xmin
                    found.masks |= row.infomask
                    found.row[found.count] = <char*> row
                    found.at[found.count] = make_tid(block, place)
                    found.length[found.count] = <uint16_t> lp_length(line(page, place))
                    found.count += 1
            next_tid[0] += 1
        return 0

    def scan_page(self, uint32_t block, Snapshot snapshot not None, columns, bint resolve=True):
        """The rows of one block that the snapshot sees, as tuples of `columns`. With resolve=False values out of line
        are OutOfLine objects, for a caller that fetches them row by row (access.toast.Toaster.resolve)."""
        cdef Projection projection = self.codec.project(columns)
        cdef Versions found
        cdef int next_line
        cdef list rows
        while True:
            found.count = found.masks = 0
            next_line = 1
            try:
                self.page_versions(block, snapshot, &next_line, &found)
                rows = self.decode_all(&found, projection)
                break
            except Retry as retry:
                retry.wait()
        self.met_external = found.masks & HAS_EXTERNAL != 0
        return self.toaster.resolve_all(rows) if self.met_external and resolve else rows

    cdef int page_versions(self, uint32_t block, Snapshot snapshot, int* next_line, Versions* found) except -1:
        cdef int32_t frame = self.row_frame(<uint64_t> block << 16)
        cdef char* page
        cdef int i, n
        cdef uint32_t lp
        cdef TupleHeader* row
        cdef bint all_visible
        cdef uint64_t known = 0xFFFFFFFFFFFFFFFF     # an id other than ours that the snapshot sees
        cdef uint64_t own = 0xFFFFFFFFFFFFFFFF
        if frame < 0:
            return 0
        if found.count == 0:                         # pruning moves rows
            self.prune_if_useful(frame, False)
        page = self.pool.at(frame)
        if snapshot.lsn < (<PageHeader*> page).pruned_to:
            raise too_old(snapshot)
        if snapshot.ids is not None and snapshot.ids.top:
            own = snapshot.ids.top
        n = line_count(page)
        all_visible = (<PageHeader*> page).flags & PAGE_ALL_VISIBLE
        for i in range(next_line[0], n + 1):
            next_line[0] = i
            lp = line(page, i)
            if lp_flags(lp) != LP_NORMAL:
                continue
            row = row_at(page, lp)
            if not all_visible and not (row.xmin == known and row.xmax == 0):
                if not self.sees(row, snapshot):
                    continue
                if row.xmin < own:
                    known = row.xmin
            found.masks |= row.infomask
            found.row[found.count] = <char*> row
            found.at[found.count] = make_tid(block, i)
            found.length[found.count] = <uint16_t> lp_length(lp)
            found.count += 1
        next_line[0] = n + 1
        return 0

    cdef list decode_all(self, Versions* found, Projection projection):
        cdef list out = []
        cdef int i
        for i in range(found.count):
            out.append(self.decode(found.row[i], projection, found.at[i]))
        return out

    # -- for index entries -----------------------------------------------------------------------------------------

    cdef bint is_gone(self, uint64_t tid, uint64_t horizon, uint64_t* pruned_to) except -1:
        cdef int32_t frame
        cdef int n = <int> (tid & 0xFFFF), count, steps = 0
        cdef uint64_t maker = 0, until = pruned_to[0]
        cdef char* page
        cdef TupleHeader* row
        if block_of(tid) >= self.storage.blocks:
            return False
        frame = self.pool.lookup(self.storage.page_of(block_of(tid)))
        if frame < 0:
            return False
        page = self.pool.at(frame)
        count = line_count(page)
        if (<PageHeader*> page).kind != KIND_HEAP or n < 1 or n > count:
            return False
        if lp_flags(line(page, n)) == LP_DEAD:
            pruned_to[0] = max(until, (<PageHeader*> page).pruned_to)
            return True
        if lp_flags(line(page, n)) == LP_REDIRECT:
            n = lp_offset(line(page, n))
        while n >= 1 and n <= count and lp_flags(line(page, n)) == LP_NORMAL and steps <= count:
            row = row_at(page, line(page, n))
            if maker and (row.xmin != maker or not row.infomask & HEAP_ONLY):
                return False
            if not is_dead(self.status, row.xmin, row.xmax, horizon, &until):
                return False
            if not row.infomask & HOT_UPDATED:
                pruned_to[0] = max(until, (<PageHeader*> page).pruned_to)
                return True
            maker = row.xmax
            n = row.next_line
            steps += 1
        return False

    # -- for unique keys -------------------------------------------------------------------------------------------

    cdef int rival_of(self, uint64_t tid, TxnIds ids, uint64_t* xid) except -1:
        cdef int32_t frame = self.row_frame(tid)
        cdef int n = <int> (tid & 0xFFFF), count, steps = 0, state
        cdef char* page
        cdef TupleHeader* row
        cdef uint64_t maker = 0
        if frame < 0:
            return RIVAL_NONE
        page = self.pool.at(frame)
        count = line_count(page)
        if n >= 1 and n <= count and lp_flags(line(page, n)) == LP_REDIRECT:
            n = lp_offset(line(page, n))
        while n >= 1 and n <= count and lp_flags(line(page, n)) == LP_NORMAL and steps <= count:
            steps += 1
            row = row_at(page, line(page, n))
            if maker and (row.xmin != maker or not row.infomask & HEAP_ONLY):
                return RIVAL_NONE
            if ids is None or not ids.has(row.xmin):
                state = XID_ABORTED if row.xmin == 0 else self.status.state(row.xmin)
                if state == XID_ABORTED:
                    return RIVAL_NONE
                if state == XID_IN_PROGRESS:
                    xid[0] = row.xmin
                    return RIVAL_UNDECIDED
            if row.xmax == 0:
                xid[0] = make_tid(block_of(tid), n)
                return RIVAL_LIVE
            if ids is None or not ids.has(row.xmax):
                state = self.status.state(row.xmax)
                if state == XID_ABORTED:
                    xid[0] = make_tid(block_of(tid), n)
                    return RIVAL_LIVE
                if state == XID_IN_PROGRESS:
                    xid[0] = row.xmax
                    return RIVAL_UNDECIDED
            if not row.infomask & HOT_UPDATED:
                return RIVAL_NONE
            maker = row.xmax
            n = row.next_line
        return RIVAL_NONE


cdef inline bint is_known(const char* page, int n, uint64_t known, Snapshot snapshot) noexcept:
    # Is line n a version that nobody ended, by a maker whom the snapshot is known to see?
    cdef uint32_t lp
    if n < 1 or n > line_count(page) or snapshot.lsn < (<PageHeader*> page).pruned_to:
        return False
    lp = line(page, n)
    return lp_flags(lp) == LP_NORMAL and row_at(page, lp).xmin == known and row_at(page, lp).xmax == 0


cdef object not_a_heap_page(HeapReader heap, int32_t frame, uint32_t block):
    cdef PageHeader* head = <PageHeader*> heap.pool.at(frame)
    return DataCorrupted(f"block {block} of the relation at page {heap.storage.root} is not a heap page",
                         detail=f"Page {heap.storage.page_of(block)} has kind {head.kind}, owner {head.owner} and LSN "
                                f"{head.lsn:#x}; the VDL is {heap.pool.vdl:#x}.")


cdef object too_old(Snapshot snapshot):
    return SerializationFailure("canceling statement due to conflict with recovery",
                                detail="User query might have needed to see row versions that must be removed.")
