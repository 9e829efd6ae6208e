"""What vacuum, index building and verification do with one heap page at a time.

    vacuum_page(heap, block, dead)             prunes, forgets aborted deleters, marks the page all-visible if it is;
                                               appends the tids whose index entries must go to `dead`
    free_dead(heap, block, tids)               and when they are gone, their lines are free
    versions_to_index(heap, block, ids, ...)   what a new index must know of the page
    entries_to_sort(heap, block, ids, ...)     the same as keys, made from the rows' bytes

A new index gets an entry a chain: the newest version's values, the chain's first tid. Versions that only an older
snapshot sees are indexed where they have a line of their own; where they are part of a HOT chain they cannot be, and
the page is reported as broken: such snapshots must not use the index.

Errors: as in heap. Not here: the order of things and when to give way (access/vacuum.py, access/build.py).
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t

from aurorapy_native.entry_sort cimport EntrySorter
from aurorapy_native.heap cimport Heap
from aurorapy_native.heap_page cimport *
from aurorapy_native.heap_prune cimport clear_aborted, free_lines, is_dead, prune
from aurorapy_native.heap_read cimport make_tid
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.row_keys cimport RowKeys
from aurorapy_native.tuples cimport HEAP_ONLY, HOT_UPDATED, Projection, TupleHeader
from aurorapy_native.visibility cimport TransactionStatus, TxnIds, XID_ABORTED

from aurorapy_native.retry import Retry

ctypedef struct Newest:
    int root                 # line the index leads to
    int line                 # line of the version whose values it holds
    bint live                # counts for uniqueness


def vacuum_page(Heap heap not None, uint32_t block, list dead not None):
    """(live rows, recently dead or uncommitted versions, versions removed, all-visible, pruned_to, free bytes). May
    switch before it begins and between its steps."""
    cdef list found
    while True:
        found = []
        try:
            result = try_vacuum(heap, block, found)
            break
        except Retry as retry:
            retry.wait()
    dead.extend(found)
    return result


cdef object try_vacuum(Heap heap, uint32_t block, list found):
    cdef int32_t frame = heap.row_frame(<uint64_t> block << 16)
    cdef BufferPool pool = heap.storage.pool
    cdef TransactionStatus status = heap.status
    cdef char* page = pool.at(frame)
    cdef int gone, i, live = 0, others = 0
    cdef uint32_t lp
    cdef bint all_visible = True
    cdef TupleHeader* row
    # of this moment: one from before a wait is older than the ring's end, and would find a chain's middle dead and its
    # head not
    cdef uint64_t lsn, horizon = status.horizon()
    gone = prune(pool, heap.mtr, status, frame, horizon, heap.reclaims)
    clear_aborted(pool, heap.mtr, status, frame)
    for i in range(1, line_count(page) + 1):
        lp = line(page, i)
        if lp_flags(lp) == LP_DEAD:
            found.append(make_tid(block, i))
            all_visible = False
        elif lp_flags(lp) == LP_NORMAL:
            row = row_at(page, lp)
            lsn = status.commit_lsn(row.xmin) if row.xmin else 0
            if row.xmax or lsn == 0 or lsn > horizon:
                all_visible = False
            if lsn and (row.xmax == 0 or status.commit_lsn(row.xmax) == 0):
                live += 1
            else:
                others += 1
    if all_visible and line_count(page):
        mark_all_visible(heap, block, frame)
    elif line_count(page) == 0:
        all_visible = False
    return live, others, gone, all_visible, (<PageHeader*> page).pruned_to, free_bytes(page)


cdef int mark_all_visible(Heap heap, uint32_t block, int32_t frame) except -1:
    cdef uint8_t flags = (<PageHeader*> heap.storage.pool.at(frame)).flags | PAGE_ALL_VISIBLE
    if flags == (<PageHeader*> heap.storage.pool.at(frame)).flags:
        return 0
    heap.storage.need_visibility_page(block)
    heap.mtr.begin(PAGE_SIZE)
    heap.mtr.write(frame, AT_FLAGS, &flags, 1)
    heap.storage.set_all_visible(block)
    heap.mtr.commit()
    return 0


def note_free_space(Heap heap not None, uint32_t block, uint32_t free):
    """Tells the free space map."""
    heap.storage.note_space(block, free)


def free_dead(Heap heap not None, uint32_t block, list tids not None):
    """Makes the dead lines at `tids` (ascending, of this block) unused: no index entry leads to them any more."""
    cdef int[LINES_MAX] lines
    cdef int i, count = <int> len(tids)
    for i in range(count):
        lines[i] = <int> (<uint64_t> tids[i] & 0xFFFF)
    while True:
        try:
            free_lines(heap.storage.pool, heap.mtr, heap.row_frame(<uint64_t> block << 16), lines, count)
            return
        except Retry as retry:
            retry.wait()


def versions_to_index(Heap heap not None, uint32_t block, TxnIds ids, columns, bint resolve=True):
    """([(tid, live, values)], broken chains) of a page; `live`: counts for uniqueness. May switch."""
    cdef Projection projection = heap.codec.project(columns)
    while True:
        try:
            out, broken = try_versions(heap, block, ids, projection)
            break
        except Retry as retry:
            retry.wait()
    if heap.toaster is not None and resolve:
        out = [(tid, live, heap.toaster.resolve(values)) for tid, live, values in out]
    return out, broken


cdef int newest_versions(Heap heap, const char* page, TxnIds ids, Newest* out, int* broken) except -1:
    """What an index must hold of the page: returns how many; counts the chains that it cannot serve to old
    snapshots."""
    cdef int n = line_count(page), i, at, steps, count = 0
    cdef uint32_t lp
    cdef uint64_t maker, horizon = heap.status.horizon(), removed = 0, made = 0
    cdef TupleHeader* row
    cdef bint ended, own
    for i in range(1, n + 1):
        lp = line(page, i)
        if lp_flags(lp) == LP_NORMAL and row_at(page, lp).xmax == 0 and row_at(page, lp).xmin == made and made:
            if not row_at(page, lp).infomask & HEAP_ONLY:
                out[count].root, out[count].line, out[count].live = i, i, True
                count += 1
            continue
        if lp_flags(lp) == LP_REDIRECT:
            at = lp_offset(lp)
        elif lp_flags(lp) == LP_NORMAL and not row_at(page, lp).infomask & HEAP_ONLY:
            at = i
        else:
            continue
        maker = 0
        steps = 0
        while 1 <= at <= n and lp_flags(line(page, at)) == LP_NORMAL and steps <= n:
            steps += 1
            row = row_at(page, line(page, at))
            if maker and (row.xmin != maker or not row.infomask & HEAP_ONLY):
                break
            if is_dead(heap.status, row.xmin, row.xmax, horizon, &removed):
                if not row.infomask & HOT_UPDATED or row.xmax == 0:
                    break
            else:
                made = row.xmin                      # not aborted: its other rows need no second look
                own = ids is not None and ids.has(row.xmax)
                ended = row.xmax != 0 and (own or heap.status.commit_lsn(row.xmax) != 0)
                if ended and row.infomask & HOT_UPDATED:
                    broken[0] += 1
                else:
                    out[count].root, out[count].line, out[count].live = i, at, not ended
                    count += 1
                    break
            maker = row.xmax
            at = row.next_line
    return count


cdef object try_versions(Heap heap, uint32_t block, TxnIds ids, Projection projection):
    cdef int32_t frame = heap.row_frame(<uint64_t> block << 16)
    cdef char* page = heap.storage.pool.at(frame)
    cdef Newest[LINES_MAX] found
    cdef int broken = 0, i, count = newest_versions(heap, page, ids, found, &broken)
    cdef list out = []
    for i in range(count):
        row = heap.decode(<char*> row_at(page, line(page, found[i].line)), projection, make_tid(block, found[i].line))
        out.append((make_tid(block, found[i].root), bool(found[i].live), row))
    return out, broken


def entries_to_sort(Heap heap not None, uint32_t block, TxnIds ids, RowKeys keys not None, EntrySorter sorter not None):
    """Gives the sorter the page's entries; returns (broken chains, [(tid, live)] of rows whose key must be made from
    their values). May switch before it begins."""
    while True:
        try:
            return try_entries(heap, block, ids, keys, sorter)
        except Retry as retry:
            retry.wait()


cdef object try_entries(Heap heap, uint32_t block, TxnIds ids, RowKeys keys, EntrySorter sorter):
    cdef int32_t frame = heap.row_frame(<uint64_t> block << 16)
    cdef char* page = heap.storage.pool.at(frame)
    cdef Newest[LINES_MAX] found
    cdef int broken = 0, i, count = newest_versions(heap, page, ids, found, &broken)
    cdef bint decisive = False
    cdef list left = []
    cdef uint64_t tid
    for i in range(count):
        tid = make_tid(block, found[i].root)
        if keys.encode(<char*> row_at(page, line(page, found[i].line)), &decisive):
            sorter.add(keys.keys.data, <uint32_t> keys.keys.used, tid, found[i].live and decisive)
        else:
            left.append((tid, bool(found[i].live)))
    return broken, left
