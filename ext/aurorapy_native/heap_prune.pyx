"""Pruning: versions that no snapshot can see any more leave their page.

    line 1 → v1 (dead) → v2 (dead) → v3          line 1 redirects to 3
    line 2 → v2          heap-only               line 2 unused
    line 3 → v3          heap-only               line 3 → v3

Index entries lead to a chain's first line, so that line stays: as a redirect while a version of the chain lives, as a
dead line when none does, until vacuum has removed the index entries. A version is dead when its maker aborted, or when
its deleter's commit LSN is at or below the prune horizon; in a chain the dead ones come first, because commit LSNs grow
along it. That holds for the horizon of this moment only: ids that the ring has let go count as dead whatever the
caller's was. The page remembers the highest such LSN (`pruned_to`): a snapshot below it must not read the page.

What remains is moved together; the log gets the moves, not the page.

Errors: PageMiss (Retry) for a status page, NoLogRoom (Retry), both before anything has changed.

Not here: when to prune (heap), index entries and dead lines of whole tables (access/vacuum.py).
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from libc.string cimport memset

from aurorapy_native.heap_page cimport *
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.page cimport lp_make
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.tuples cimport HEAP_ONLY, HOT_UPDATED, KEYS_UPDATED
from aurorapy_native.visibility cimport TransactionStatus, XID_ABORTED, XID_COMMITTED

cdef extern from *:
    int leading_zeros "__builtin_clzll"(unsigned long long) noexcept nogil

cdef enum:
    ROOM = 32768             # log bytes a pruned page can need, with all its moves
    WORDS = PAGE_SIZE / 64   # of a bitmap of a page's bytes


ctypedef struct Plan:
    uint32_t[LINES_MAX + 1] line     # new line pointers, [1..]
    uint8_t[LINES_MAX + 1] dead
    uint8_t[LINES_MAX + 1] chained   # part of a chain that was followed
    int gone                         # versions removed
    int changed                      # lines changed
    uint16_t[PAGE_SIZE] line_at      # compact's: which line's row begins here
    uint64_t pruned_to


cdef Plan plan                       # scratch; nothing switches while it is in use


cdef int is_dead(TransactionStatus status, uint64_t xmin, uint64_t xmax, uint64_t horizon, uint64_t* removed) except -1:
    cdef uint64_t lsn
    if xmin == 0 or status.state(xmin) == XID_ABORTED:
        return 1
    if xmax == 0:
        return 0
    lsn = status.commit_lsn(xmax)
    if lsn == 0 or lsn > horizon:
        return 0
    if lsn == 1:                     # older than the ring: when exactly is forgotten
        lsn = horizon
    if lsn > removed[0]:
        removed[0] = lsn
    return 1


cdef bint is_prunable(BufferPool pool, TransactionStatus status, int32_t frame) except *:
    cdef uint64_t xid = prune_xid(pool.at(frame))
    cdef uint64_t lsn
    if xid == 0 or pool.frame_pins[frame]:
        return False
    lsn = status.commit_lsn(xid)
    if lsn == 0:
        return status.state(xid) == XID_ABORTED
    return lsn <= status.horizon()


cdef int prune(BufferPool pool, MiniTransaction mtr, TransactionStatus status, int32_t frame, uint64_t horizon,
               bint reclaim) except -1:
    cdef char* page = pool.at(frame)
    cdef int n = line_count(page)
    cdef int i
    cdef uint32_t lp
    cdef TupleHeader* row
    if n > LINES_MAX or pool.frame_pins[frame]:
        return 0
    plan.gone = plan.changed = 0
    plan.pruned_to = 0
    for i in range(1, n + 1):
        lp = plan.line[i] = line(page, i)
        plan.dead[i] = plan.chained[i] = 0
        if lp_flags(lp) == LP_NORMAL:
            row = row_at(page, lp)
            plan.dead[i] = is_dead(status, row.xmin, row.xmax, horizon, &plan.pruned_to)
    for i in range(1, n + 1):
        lp = line(page, i)
        if lp_flags(lp) == LP_REDIRECT or lp_flags(lp) == LP_NORMAL and not row_at(page, lp).infomask & HEAP_ONLY:
            plan_chain(page, n, i, reclaim)
        elif lp_flags(lp) == LP_DEAD and reclaim:
            set_line(i, 0)
    for i in range(1, n + 1):                       # versions of aborted updates, which no chain leads to any more
        if plan.dead[i] and not plan.chained[i] and lp_flags(line(page, i)) == LP_NORMAL:
            # one that was committed belongs to a chain, and goes with it
            if status.state(row_at(page, line(page, i)).xmin) == XID_ABORTED:
                plan.gone += 1
                set_line(i, 0)
    if plan.changed == 0:
        return 0
    mtr.begin(ROOM)
    apply_plan(mtr, page, frame, n)
    mtr.commit()
    return plan.gone


cdef void set_line(int i, uint32_t lp) noexcept nogil:
    if plan.line[i] != lp:
        plan.line[i] = lp
        plan.changed += 1


cdef void plan_chain(const char* page, int n, int root, bint reclaim) noexcept nogil:
    """Follows the chain that begins at line `root` through its dead versions, and plans what becomes of it."""
    cdef uint32_t lp = line(page, root)
    cdef TupleHeader* row
    cdef uint64_t maker = 0
    cdef int at = root, survivor = 0, steps = 0
    if lp_flags(lp) == LP_REDIRECT:
        at = lp_offset(lp)
    while steps <= n:
        steps += 1
        if at < 1 or at > n or lp_flags(line(page, at)) != LP_NORMAL or plan.chained[at]:
            break
        row = row_at(page, line(page, at))
        if at != root and not row.infomask & HEAP_ONLY or maker and row.xmin != maker:
            break
        plan.chained[at] = 1
        if not plan.dead[at]:
            survivor = at
            break
        plan.gone += 1
        if at != root:
            set_line(at, 0)
        if not row.infomask & HOT_UPDATED:
            break
        maker = row.xmax
        at = row.next_line
    if survivor == root:
        return
    if survivor:
        set_line(root, lp_make(<uint32_t> survivor, LP_REDIRECT, 0))
    else:
        set_line(root, 0 if reclaim else lp_make(0, LP_DEAD, 0))


cdef int apply_plan(MiniTransaction mtr, char* page, int32_t frame, int n) except -1:
    cdef uint16_t[2] bounds
    cdef uint16_t upper = PAGE_SIZE - HEAP_SPECIAL
    cdef int i
    cdef int last = n
    cdef uint8_t flags = (<PageHeader*> page).flags & ~PAGE_HAS_FREE_LINES
    cdef uint64_t oldest = 0
    cdef TupleHeader* row
    upper = compact(mtr, page, frame, n)
    while last > 0 and lp_flags(plan.line[last]) == LP_UNUSED:
        last -= 1
    for i in range(1, last + 1):
        if plan.line[i] != line(page, i):
            mtr.write(frame, PAGE_HEADER + 4 * (i - 1), &plan.line[i], 4)
        if lp_flags(plan.line[i]) == LP_UNUSED:
            flags |= PAGE_HAS_FREE_LINES
        elif lp_flags(plan.line[i]) == LP_NORMAL:
            row = row_at(page, plan.line[i])
            if row.xmax and (oldest == 0 or row.xmax < oldest):
                oldest = row.xmax
    bounds[0] = <uint16_t> (PAGE_HEADER + 4 * last)
    bounds[1] = upper
    if flags != (<PageHeader*> page).flags:
        mtr.write(frame, AT_FLAGS, &flags, 1)
    mtr.write(frame, AT_LOWER, bounds, 4)
    if plan.pruned_to > (<PageHeader*> page).pruned_to:
        mtr.write(frame, AT_PRUNED_TO, &plan.pruned_to, 8)
    if oldest != prune_xid(page):
        mtr.write(frame, PAGE_SIZE - HEAP_SPECIAL, &oldest, 8)
    return 0


cdef uint16_t compact(MiniTransaction mtr, char* page, int32_t frame, int n) except 0:
    """Moves the rows that stay to the page's end, keeping their order; neighbours move together. Returns `upper`."""
    cdef uint64_t[WORDS] begins                 # bits of the places where a row begins: they are the order
    cdef uint64_t word
    cdef int i, w
    cdef uint32_t upper = PAGE_SIZE - HEAP_SPECIAL, run_from = 0, run_to = 0, run = 0, off, length
    memset(begins, 0, sizeof(begins))
    for i in range(1, n + 1):
        if lp_flags(plan.line[i]) == LP_NORMAL:
            off = lp_offset(plan.line[i])
            begins[off >> 6] |= <uint64_t> 1 << (off & 63)
            plan.line_at[off] = <uint16_t> i
    for w in range(WORDS - 1, -1, -1):
        word = begins[w]
        while word:
            off = 63 - leading_zeros(word)
            word ^= <uint64_t> 1 << off
            off += 64 * w
            i = plan.line_at[off]
            length = lp_length(plan.line[i])
            upper -= length
            if run and off + length == run_from:
                run_from = off
                run_to = upper
                run += length
            else:
                if run and run_from != run_to:
                    mtr.move(frame, run_to, run_from, run)
                run_from = off
                run_to = upper
                run = length
            plan.line[i] = lp_make(upper, LP_NORMAL, length)
    if run and run_from != run_to:
        mtr.move(frame, run_to, run_from, run)
    return <uint16_t> upper


cdef int free_lines(BufferPool pool, MiniTransaction mtr, int32_t frame, const int* lines, int count) except -1:
    cdef char* page = pool.at(frame)
    cdef int n = line_count(page)
    cdef int last = n
    cdef int i
    cdef uint8_t flags = (<PageHeader*> page).flags | PAGE_HAS_FREE_LINES
    cdef uint32_t unused = 0
    cdef uint16_t lower
    mtr.begin(ROOM)
    for i in range(count):
        if lines[i] <= n and lp_flags(line(page, lines[i])) == LP_DEAD:
            mtr.write(frame, PAGE_HEADER + 4 * (lines[i] - 1), &unused, 4)
    while last > 0 and lp_flags(line(page, last)) == LP_UNUSED:
        last -= 1
    lower = <uint16_t> (PAGE_HEADER + 4 * last)
    if flags != (<PageHeader*> page).flags:
        mtr.write(frame, AT_FLAGS, &flags, 1)
    if lower != (<PageHeader*> page).lower:
        mtr.write(frame, AT_LOWER, &lower, 2)
    mtr.commit()
    return 0


cdef int clear_aborted(BufferPool pool, MiniTransaction mtr, TransactionStatus status, int32_t frame) except -1:
    cdef char* page = pool.at(frame)
    cdef int n = line_count(page)
    cdef int i, found = 0
    cdef int[LINES_MAX] at
    cdef TupleHeader* row
    cdef TupleHeader changed
    cdef uint32_t block
    for i in range(1, min(n, LINES_MAX) + 1):
        if lp_flags(line(page, i)) == LP_NORMAL:
            row = row_at(page, line(page, i))
            if row.xmax and status.state(row.xmax) == XID_ABORTED:
                at[found] = i
                found += 1
    if found == 0:
        return 0
    mtr.begin(ROOM)
    for i in range(found):
        row = row_at(page, line(page, at[i]))
        changed = row[0]
        changed.xmax = 0
        changed.cmax = 0
        changed.infomask &= <uint16_t> ~(HOT_UPDATED | KEYS_UPDATED)
        changed.next_block = NO_BLOCK              # nobody follows it: there is no next version
        changed.next_line = 0
        mtr.write(frame, lp_offset(line(page, at[i])) + AT_CMAX, (<char*> &changed) + AT_CMAX, DELETER_SIZE)
    mtr.commit()
    return found
