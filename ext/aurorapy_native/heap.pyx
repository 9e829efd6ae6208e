"""The heap: row versions in pages, in PostgreSQL's manner.

    tid (0,1)  xmin 10  xmax 12  ctid (0,2)   HOT updated          ← index entries lead here
    tid (0,2)  xmin 12  xmax 0                heap-only            ← and from there to here

An insert writes a version with its xmin; a delete writes xmax into it; an update does both and leaves the new version's
place in the old one. When no indexed column changed and the page has room, the new version stays on the page without
index entries of its own (HOT). Versions go when nobody can see them (heap_prune), on the way of a reader or writer that
meets a page worth it, or in vacuum. A page whose rows all are seen by everybody carries a flag, and readers skip the
checks; the same fact stands in the visibility map.

Whoever wants to change a row may find it changed already. The answers are PostgreSQL's:

    OK 0 · INVISIBLE 1 · SELF_MODIFIED 2 · UPDATED 3 (next version) · DELETED 4 · BEING_MODIFIED 5 (whom to wait for)

where another transaction has committed once the VDL has passed its commit. FOR UPDATE and its like are entries in
RowLocks, keyed by the version's own tid, and go along with an update.

Every operation looks everything up, begins its mini-transaction, changes, commits: in between nothing fails. What is
missing is raised as a Retry before anything changed; the `def` methods wait and start again.

Errors: as in heap_read; ProgramLimitExceeded 54000 for a row no page holds.

Not here: reading (heap_read), long values (access/toast.py), indexes and unique keys (access/table.py), vacuum
(access/vacuum.py), checking (heap_check).
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from libc.string cimport memcmp

from aurorapy_native.heap_page cimport *
from aurorapy_native.heap_read cimport HeapReader, block_of, make_tid
from aurorapy_native.heap_prune cimport is_prunable, prune
from aurorapy_native.locks cimport ROW_KEY_SHARE, ROW_NO_KEY_UPDATE, ROW_UPDATE, RowLocks
from aurorapy_native.page cimport KIND_HEAP, lp_make
from aurorapy_native.row_batch cimport RowBatch
from aurorapy_native.space cimport RelationStorage
from aurorapy_native.tuples cimport (FORM_EXTERNAL, HAS_EXTERNAL, HEAP_ONLY, HOT_UPDATED, KEYS_UPDATED, UPDATED,
                                     OutOfLine, Projection, RowCodec, TupleHeader)
from aurorapy_native.visibility cimport Snapshot, TransactionStatus, TxnIds, XID_ABORTED, XID_IN_PROGRESS

from aurorapy.errors import InternalError, ProgramLimitExceeded
from aurorapy_native.retry import Retry

OK, INVISIBLE, SELF_MODIFIED, UPDATED_BY_OTHER, DELETED, BEING_MODIFIED = range(6)

cdef enum:
    TOAST_TARGET = 2032      # rows above it have their long values compressed or put out of line
    TARGET_NONE = 0xFFFFFFFF


class RowTooLong(Exception):
    """Internal: the row needs the toaster. `index`: its place among several."""

    def __init__(self, index=0):
        self.index = index


cdef class Heap(HeapReader):
    def __cinit__(self, storage, codec, status, row_locks):
        self.target = TARGET_NONE
        self.all_indexed = True

    def __init__(self, storage, codec, status, row_locks):
        """`codec`: a RowCodec of the table's columns. Until depends_on() was called no update is HOT."""

    def depends_on(self, indexed, keys):
        """Which columns (attnos) indexes depend on - None: all of them - and which belong to unique keys."""
        self.all_indexed = indexed is None
        self.indexed = Projection(tuple(indexed or ()))
        self.keys = Projection(tuple(keys))

    # -- changing: may it be? ---------------------------------------------------------------------------------------

    cdef int judge(self, const TupleHeader* row, uint32_t command, TxnIds ids, Found* found) except -1:
        """May this command change the row? HeapTupleSatisfiesUpdate, with the VDL deciding what is committed."""
        cdef int state
        if ids is not None and ids.has(row.xmin):
            if row.cmin >= command:
                return ROW_INVISIBLE
        elif row.xmin == 0 or self.status.state(row.xmin) in (XID_ABORTED, XID_IN_PROGRESS):
            return ROW_INVISIBLE
        if row.xmax == 0:
            return ROW_OK
        if ids is not None and ids.has(row.xmax):
            return ROW_SELF_MODIFIED if row.cmax >= command else ROW_INVISIBLE
        state = self.status.state(row.xmax)
        if state == XID_ABORTED:
            return ROW_OK
        if state == XID_IN_PROGRESS:
            found.xid = row.xmax
            return ROW_BEING_MODIFIED
        found.xid = row.xmax
        if row.next_line == 0:
            return ROW_DELETED
        found.tid = make_tid(row.next_block, row.next_line)
        return ROW_UPDATED

    # -- inserting -------------------------------------------------------------------------------------------------

    cdef size_t encode(self, object values, bint fitted) except 0:
        """The row in codec.data[0:n], when it is one that goes into a page as it is."""
        cdef size_t n
        self.codec.used = 0
        n = self.codec.encode_row(values)
        if (n > TOAST_TARGET or self.codec.oversize) and not fitted and self.toaster is not None:
            raise RowTooLong
        if n > ROW_MAX or self.codec.oversize:
            raise ProgramLimitExceeded(f"row is too big: size {n}, maximum size {ROW_MAX}")
        return n

    cdef int32_t room(self, uint32_t n, uint32_t* block) except -2:
        """Frame of a page where a row of n bytes may be put; -1: a new one is needed, and prepared."""
        cdef uint32_t spare = PAGE_SIZE * <uint32_t> (100 - self.fillfactor) / 100, need = n + 4 + spare
        cdef uint32_t at = self.target
        cdef int32_t frame
        if at >= self.storage.blocks:              # the first insert since the relation was opened
            at = self.storage.find_space(need)
            if at >= self.storage.blocks and self.storage.blocks:
                at = self.storage.blocks - 1
        while at < self.storage.blocks:
            frame = self.row_frame(<uint64_t> at << 16)
            if free_bytes(self.pool.at(frame)) >= need and has_line(self.pool.at(frame)):
                self.target = block[0] = at
                return frame
            self.storage.note_space(at, free_bytes(self.pool.at(frame)) if has_line(self.pool.at(frame)) else 0)
            at = self.storage.find_space(need)
        self.storage.prepare_extend(1)
        return -1

    cdef int32_t new_page(self, uint32_t* block) except -1:
        """Within a mini-transaction, after room() said so: one more page."""
        cdef int32_t frame = self.storage.extend(block)
        self.mtr.init_page(frame, KIND_HEAP, self.storage.root, HEAP_SPECIAL)
        self.target = block[0]
        return frame

    cdef int place_row(self, int32_t frame, const char* row, uint32_t n, int where) except -1:
        """Within a mini-transaction: the row goes onto the page under line `where`."""
        cdef char* page = self.pool.at(frame)
        cdef uint16_t[2] bounds
        cdef uint32_t lp
        cdef uint8_t flags = (<PageHeader*> page).flags
        bounds[0] = (<PageHeader*> page).lower
        bounds[1] = <uint16_t> ((<PageHeader*> page).upper - n)
        if where > line_count(page):
            bounds[0] += 4
            if flags & PAGE_HAS_FREE_LINES:        # it had none after all
                flags &= ~PAGE_HAS_FREE_LINES
                self.mtr.write(frame, AT_FLAGS, &flags, 1)
        lp = lp_make(bounds[1], LP_NORMAL, n)
        self.mtr.write(frame, AT_LOWER, bounds, 4)
        self.mtr.write(frame, PAGE_HEADER + 4 * (where - 1), &lp, 4)
        return self.mtr.write(frame, bounds[1], row, n)

    cdef int not_all_visible(self, int32_t frame, uint32_t block) except -1:
        """Within a mini-transaction that changes a row of the page."""
        cdef uint8_t flags = (<PageHeader*> self.pool.at(frame)).flags
        if flags & PAGE_ALL_VISIBLE:
            flags &= ~PAGE_ALL_VISIBLE
            self.mtr.write(frame, AT_FLAGS, &flags, 1)
            self.storage.clear_all_visible(block)
        return 0

    cdef uint64_t insert_row(self, object values, uint64_t xid, uint32_t command, bint fitted) except 0:
        cdef uint32_t n = <uint32_t> self.encode(values, fitted), block = 0
        cdef int32_t frame = self.room(n, &block)
        cdef TupleHeader* row = <TupleHeader*> self.codec.data
        cdef int where
        row.xmin = xid
        row.cmin = command
        if frame >= 0 and (<PageHeader*> self.pool.at(frame)).flags & PAGE_ALL_VISIBLE:
            self.storage.need_visibility_page(block)
        self.mtr.begin(2 * PAGE_SIZE)
        if frame < 0:
            frame = self.new_page(&block)
        where = free_line(self.pool.at(frame))
        self.place_row(frame, <char*> row, n, where)
        self.not_all_visible(frame, block)
        self.mtr.commit()
        self.changed_rows += 1
        return make_tid(block, where)

    def insert(self, values, uint64_t xid, uint32_t command=0):
        """Adds a row; returns its tid."""
        cdef bint fitted = False
        while True:
            try:
                return self.insert_row(values, xid, command, fitted)
            except Retry as retry:
                retry.wait()
            except RowTooLong:
                values = self.toaster.shrink(self.codec, values, xid, command)
                fitted = True

    def insert_many(self, rows, uint64_t xid, uint32_t command=0):
        """Adds rows, a page at a time; returns their tids in order. May switch between pages."""
        cdef RowBatch batch = RowBatch(self.codec)
        cdef list tids = []
        for values in rows:
            if batch.append(values):
                continue
            self.place(batch, xid, command)
            tids += batch.tids
            batch.clear()
            if not batch.append(values):
                tids.append(self.insert(values, xid, command))
        self.place(batch, xid, command)
        return tids + batch.tids

    def place(self, RowBatch batch not None, uint64_t xid, uint32_t command=0):
        """Puts a batch's rows onto pages; batch.tids tells where. May switch between pages."""
        cdef int done = 0
        while done < batch.count:
            try:
                done += self.place_page(batch, done, xid, command)
            except Retry as retry:
                retry.wait()

    cdef int place_page(self, RowBatch batch, int first, uint64_t xid, uint32_t command) except -1:
        """Puts the rows from `first` on onto one page, as many as it takes; returns how many. They are laid in one
        write."""
        cdef uint32_t total = batch.length(first), block = 0, spare, lower
        cdef int32_t frame = self.room(total, &block)
        cdef int count = 1, lines, i
        cdef uint32_t[LINES_MAX] lps
        cdef uint16_t[2] bounds
        cdef char* page
        cdef TupleHeader* row
        lines = line_count(self.pool.at(frame)) if frame >= 0 else 0
        spare = free_bytes(self.pool.at(frame)) if frame >= 0 else PAGE_SIZE - PAGE_HEADER - HEAP_SPECIAL
        spare -= min(spare, PAGE_SIZE * <uint32_t> (100 - self.fillfactor) / 100)
        if lines < LINES_MAX:                   # otherwise only a freed line is left: one row
            while (first + count < batch.count and lines + count < LINES_MAX
                   and total + batch.length(first + count) + 4 * (count + 1) <= spare):
                total += batch.length(first + count)
                count += 1
        if frame >= 0 and (<PageHeader*> self.pool.at(frame)).flags & PAGE_ALL_VISIBLE:
            self.storage.need_visibility_page(block)
        for i in range(count):
            row = <TupleHeader*> batch.row(first + i)
            row.xmin = xid
            row.cmin = command
        self.mtr.begin(2 * PAGE_SIZE)
        if frame < 0:
            frame = self.new_page(&block)
        page = self.pool.at(frame)
        if lines == LINES_MAX:
            lines = free_line(page) - 1
            self.place_row(frame, batch.row(first), batch.length(first), lines + 1)
        else:
            lower = (<PageHeader*> page).lower
            bounds[0] = <uint16_t> (lower + 4 * count)
            bounds[1] = <uint16_t> ((<PageHeader*> page).upper - total)
            for i in range(count):
                lps[i] = lp_make(bounds[1] + batch.at[first + i] - batch.at[first], LP_NORMAL, batch.length(first + i))
            self.mtr.write(frame, AT_LOWER, bounds, 4)
            self.mtr.write(frame, lower, lps, 4 * count)
            self.mtr.write(frame, bounds[1], batch.row(first), total)
        self.not_all_visible(frame, block)
        self.mtr.commit()
        self.changed_rows += count
        for i in range(count):
            batch.tid[first + i] = make_tid(block, lines + 1 + i)
        return count

    def forget_insert(self, uint64_t tid):
        """The version at `tid`, which its own command inserted, never was: xmin becomes nobody (a lost race of INSERT
        ... ON CONFLICT)."""
        while True:
            try:
                return self.try_forget(tid)
            except Retry as retry:
                retry.wait()

    def try_forget(self, uint64_t tid):
        cdef int32_t frame = self.row_frame(tid)
        cdef uint64_t nobody = 0
        cdef char* page = self.pool.at(frame)
        if lp_flags(line(page, <int> (tid & 0xFFFF))) != LP_NORMAL:
            raise InternalError("forget_insert of a row that is not there")
        self.mtr.begin(PAGE_SIZE)
        self.mtr.write(frame, lp_offset(line(page, <int> (tid & 0xFFFF))), &nobody, 8)
        self.mtr.commit()
        self.dead_rows += 1

    # -- changing --------------------------------------------------------------------------------------------------

    cdef int mark_deleted(self, int32_t frame, uint32_t off, uint64_t xid, uint32_t command, uint16_t set_mask,
                          uint64_t following) except -1:
        """Within a mini-transaction: the row at `off` ends with xid; `following` is its next version or 0."""
        cdef char* page = self.pool.at(frame)
        cdef TupleHeader changed = (<TupleHeader*> (page + off))[0]
        changed.cmax = command
        changed.xmax = xid
        changed.next_block = block_of(following)
        changed.next_line = <uint16_t> (following & 0xFFFF)
        changed.infomask = (changed.infomask & <uint16_t> ~(HOT_UPDATED | KEYS_UPDATED)) | set_mask
        self.mtr.write(frame, off + AT_CMAX, (<char*> &changed) + AT_CMAX, DELETER_SIZE)
        if prune_xid(page) == 0:
            self.mtr.write(frame, PAGE_SIZE - HEAP_SPECIAL, &xid, 8)
        return 0

    cdef int delete_row(self, uint64_t tid, uint64_t xid, uint32_t command, TxnIds ids, Found* found) except -1:
        cdef int32_t frame = self.row_frame(tid)
        cdef int n = <int> (tid & 0xFFFF), code
        cdef char* page
        cdef uint32_t lp
        found.tid = found.xid = 0
        if frame < 0:
            return ROW_INVISIBLE
        page = self.pool.at(frame)
        if n < 1 or n > line_count(page) or lp_flags(line(page, n)) != LP_NORMAL:
            return ROW_INVISIBLE
        lp = line(page, n)
        found.external = row_at(page, lp).infomask & HAS_EXTERNAL != 0
        code = self.judge(row_at(page, lp), command, ids, found)
        if code != ROW_OK:
            return code
        found.xid = self.row_locks.conflict(self.storage.root, tid, ROW_UPDATE, ids)
        if found.xid:
            return ROW_BEING_MODIFIED
        if (<PageHeader*> page).flags & PAGE_ALL_VISIBLE:
            self.storage.need_visibility_page(block_of(tid))
        self.mtr.begin(PAGE_SIZE)
        self.mark_deleted(frame, lp_offset(lp), xid, command, KEYS_UPDATED, 0)
        self.not_all_visible(frame, block_of(tid))
        self.mtr.commit()
        self.dead_rows += 1
        self.changed_rows += 1
        return ROW_OK

    def delete(self, uint64_t tid, uint64_t xid, uint32_t command, Snapshot snapshot):
        """(code, tid, xid). `command`: of the deleting statement; `snapshot`: whose ids are own."""
        cdef Found found
        cdef TxnIds ids = snapshot.ids if snapshot is not None else None
        cdef int code
        while True:
            try:
                code = self.delete_row(tid, xid, command, ids, &found)
                break
            except Retry as retry:
                retry.wait()
        if code == ROW_OK and found.external:
            self.drop_values(tid, xid, command, snapshot)
        return code, found.tid, found.xid

    def drop_values(self, tid, xid, command, snapshot, keep=()):
        """Deletes the chunks of the values that the version at `tid` has out of line, but those of `keep`
        (pointers)."""
        for value in self.values_out_of_line(tid):
            if value.pointer not in keep:
                self.toaster.delete(value, xid, command, snapshot)

    def values_out_of_line(self, uint64_t tid):
        """[OutOfLine] of the version at `tid`; most rows have none, which its header says."""
        while True:
            try:
                return self.try_out_of_line(tid)
            except Retry as retry:
                retry.wait()

    def try_out_of_line(self, uint64_t tid):
        cdef uint64_t at = 0
        cdef char* row = self.visible(tid, None, &at)
        cdef int i
        if row == NULL or not (<TupleHeader*> row).infomask & HAS_EXTERNAL:
            return []
        values = self.codec.decode(row, self.codec.project(tuple(range(1, (<TupleHeader*> row).natts + 1))), 0, 0, 0)
        return [value for value in values if type(value) is OutOfLine]

    cdef bint same(self, Projection columns, const char* old, const char* new) except *:
        """Do two rows have the same bytes in these columns?"""
        cdef int i, form
        cdef const char* a = NULL
        cdef const char* b = NULL
        cdef uint32_t n = 0, m = 0
        for i in range(columns.count):
            form = self.codec.attribute(old, columns.attno[i], &a, &n)
            if form != self.codec.attribute(new, columns.attno[i], &b, &m):
                return False
            if form and (n != m or memcmp(a, b, n) != 0):
                return False
        return True

    cdef int update_row(self, uint64_t tid, object values, uint64_t xid, uint32_t command, TxnIds ids, bint hot_ok,
                        bint fitted, Found* found) except -1:
        cdef int32_t frame = self.row_frame(tid), other = -1
        cdef int n = <int> (tid & 0xFFFF), code, where
        cdef uint32_t size, block = block_of(tid), to = block
        cdef char* page
        cdef TupleHeader* old
        cdef TupleHeader* new
        cdef bint keys_change, stays
        cdef uint16_t mask
        found.tid = found.xid = 0
        found.hot = False
        if frame < 0:
            return ROW_INVISIBLE
        page = self.pool.at(frame)
        if n < 1 or n > line_count(page) or lp_flags(line(page, n)) != LP_NORMAL:
            return ROW_INVISIBLE
        old = row_at(page, line(page, n))
        found.external = old.infomask & HAS_EXTERNAL != 0
        code = self.judge(old, command, ids, found)
        if code != ROW_OK:
            return code
        size = <uint32_t> self.encode(values, fitted)
        new = <TupleHeader*> self.codec.data
        keys_change = self.keys is None or not self.same(self.keys, <char*> old, <char*> new)
        found.xid = self.row_locks.conflict(self.storage.root, tid, ROW_UPDATE if keys_change else ROW_NO_KEY_UPDATE,
                                            ids)
        if found.xid:
            return ROW_BEING_MODIFIED
        hot_ok = hot_ok and not self.all_indexed and self.same(self.indexed, <char*> old, <char*> new)
        stays = fits(page, size)
        if not stays and self.may_prune and is_prunable(self.pool, self.status, frame):
            prune(self.pool, self.mtr, self.status, frame, self.status.horizon(), self.reclaims)
            stays = fits(page, size)
        if self.only_hot and not (stays and hot_ok):
            return ROW_NOT_HOT
        if not stays:
            other = self.room(size, &to)
        if (<PageHeader*> page).flags & PAGE_ALL_VISIBLE:
            self.storage.need_visibility_page(block)
        if other >= 0 and (<PageHeader*> self.pool.at(other)).flags & PAGE_ALL_VISIBLE:
            self.storage.need_visibility_page(to)
        found.hot = stays and hot_ok
        new.xmin = xid
        new.cmin = command
        new.infomask |= UPDATED | (HEAP_ONLY if found.hot else 0)
        mask = (HOT_UPDATED if found.hot else 0) | (KEYS_UPDATED if keys_change else 0)
        self.mtr.begin(4 * PAGE_SIZE)
        if stays:
            other = frame
        elif other < 0:
            other = self.new_page(&to)
        where = free_line(self.pool.at(other))
        found.tid = make_tid(to, where)
        self.place_row(other, <char*> new, size, where)
        self.mark_deleted(frame, lp_offset(line(page, n)), xid, command, mask, found.tid)
        self.not_all_visible(frame, block)
        if other != frame:
            self.not_all_visible(other, to)
        self.mtr.commit()
        self.dead_rows += 1
        self.changed_rows += 1
        if self.row_locks.count:
            self.row_locks.carry(self.storage.root, tid, found.tid)
        return ROW_OK

    def update(self, uint64_t tid, values, uint64_t xid, uint32_t command, Snapshot snapshot, bint hot_ok=True):
        """(code, tid, xid). With OK the tid is the new version's, and xid 1 when it has no index entries of its own
        (HOT), 0 when the caller must make them."""
        cdef Found found
        cdef TxnIds ids = snapshot.ids if snapshot is not None else None
        cdef bint fitted = False
        cdef int code
        cdef object kept = ()
        while True:
            try:
                code = self.update_row(tid, values, xid, command, ids, hot_ok, fitted, &found)
                break
            except Retry as retry:
                retry.wait()
            except RowTooLong:
                values, kept = self.toaster.shrink_update(self.codec, values, xid, command, self.values_by_column(tid))
                fitted = True
        if code != ROW_OK:
            if fitted:
                self.toaster.take_back(values, kept, xid, command, snapshot)
            return code, found.tid, found.xid
        if found.external:
            self.drop_values(tid, xid, command, snapshot, kept)
        return code, found.tid, 1 if found.hot else 0

    def values_by_column(self, uint64_t tid):
        """{attno: OutOfLine} of the version at `tid`."""
        while True:
            try:
                row = self.try_fetch(tid, None, tuple(range(1, self.codec.natts + 1)))
                return {n: value for n, value in enumerate(row or (), 1) if type(value) is OutOfLine}
            except Retry as retry:
                retry.wait()

    # -- locking ---------------------------------------------------------------------------------------------------

    cdef int lock_row(self, uint64_t tid, uint64_t xid, int strength, uint32_t command, TxnIds ids,
                      Found* found) except -1:
        cdef int32_t frame = self.row_frame(tid)
        cdef int n = <int> (tid & 0xFFFF), code
        cdef char* page
        cdef TupleHeader* row
        found.tid = found.xid = 0
        if frame < 0:
            return ROW_INVISIBLE
        page = self.pool.at(frame)
        if n < 1 or n > line_count(page) or lp_flags(line(page, n)) != LP_NORMAL:
            return ROW_INVISIBLE
        row = row_at(page, line(page, n))
        code = self.judge(row, command, ids, found)
        if code == ROW_BEING_MODIFIED and strength == ROW_KEY_SHARE and not row.infomask & KEYS_UPDATED:
            code = ROW_OK                  # the update under way keeps the key; the next version is locked, too
        if code != ROW_OK:
            return code
        found.xid = self.row_locks.conflict(self.storage.root, tid, strength, ids)
        if found.xid:
            return ROW_BEING_MODIFIED
        self.row_locks.hold(self.storage.root, tid, strength, xid)
        if row.xmax and row.next_line and self.status.state(row.xmax) == XID_IN_PROGRESS:
            self.carry_locks(make_tid(row.next_block, row.next_line), xid, strength)
        found.tid = tid
        return ROW_OK

    cdef int carry_locks(self, uint64_t tid, uint64_t xid, int strength) except -1:
        """Locks the versions from `tid` on, which an update under way is making."""
        cdef int32_t frame
        cdef char* page
        cdef int n, steps = 0
        cdef TupleHeader* row
        while tid and steps < 1000:
            frame = self.row_frame(tid)
            n = <int> (tid & 0xFFFF)
            if frame < 0:
                return 0
            page = self.pool.at(frame)
            if n > line_count(page) or lp_flags(line(page, n)) != LP_NORMAL:
                return 0
            self.row_locks.hold(self.storage.root, tid, strength, xid)
            row = row_at(page, line(page, n))
            tid = make_tid(row.next_block, row.next_line) if row.xmax and row.next_line else 0
            steps += 1
        return 0

    def lock(self, uint64_t tid, uint64_t xid, int strength, uint32_t command, Snapshot snapshot):
        """(code, tid, xid). strength: locks.ROW_STRENGTHS, 0 KEY SHARE to 3 UPDATE. Held until `xid` ends."""
        cdef Found found
        cdef TxnIds ids = snapshot.ids if snapshot is not None else None
        cdef int code
        while True:
            try:
                code = self.lock_row(tid, xid, strength, command, ids, &found)
                return code, found.tid, found.xid
            except Retry as retry:
                retry.wait()

cdef bint has_line(const char* page) noexcept nogil:
    return line_count(page) < LINES_MAX or free_line(page) <= LINES_MAX


cdef int free_line(const char* page) noexcept nogil:
    """The line a new row gets."""
    cdef int i, n = line_count(page)
    if (<PageHeader*> page).flags & PAGE_HAS_FREE_LINES:
        for i in range(1, n + 1):
            if lp_flags(line(page, i)) == LP_UNUSED:
                return i
    return n + 1


cdef bint fits(const char* page, uint32_t n) noexcept nogil:
    cdef int where = free_line(page)
    return where <= LINES_MAX and free_bytes(page) >= n + (4 if where > line_count(page) else 0)
