"""What must hold of a heap page, checked: for `aurorapy verify` and for tests.

    check_page(page, root, codec)  → ["line 3: its row reaches beyond the page", …]

Lines point into the page, rows do not overlap, headers make sense, values end where the row ends, redirects lead to
heap-only rows, HOT chains stay on the page, and an all-visible page has no deleted row.

Not here: transaction states, index entries (access/vacuum.py: check_table).
"""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from aurorapy_native.heap_page cimport *
from aurorapy_native.page cimport KIND_HEAP
from aurorapy_native.tuples cimport COLUMNS_MAX, HAS_NULLS, HEAP_ONLY, HOT_UPDATED, RowCodec, TupleHeader

cdef enum:
    PAGE_BYTES = 8192


def check_page(bytes data not None, uint32_t root, RowCodec codec=None):
    """The page's problems, a sentence each; none for a sound page. root: its relation's map page."""
    cdef const char* page = PyBytes_AS_STRING(data)
    cdef PageHeader* head = <PageHeader*> page
    cdef list out = []
    cdef list places = []
    cdef int i, n
    cdef uint32_t lp
    if len(data) != PAGE_BYTES:
        return ["not a page"]
    if head.kind != KIND_HEAP:
        return [f"kind {head.kind} where a heap page should be"]
    if head.owner != root:
        out.append(f"it belongs to the relation at page {head.owner}")
    if head.lower < PAGE_HEADER or head.lower > head.upper or head.upper > PAGE_SIZE - HEAP_SPECIAL or head.lower & 3:
        return [*out, f"bounds {head.lower} and {head.upper} are impossible"]
    n = line_count(page)
    if n > LINES_MAX:
        return [*out, f"{n} lines"]
    for i in range(1, n + 1):
        lp = line(page, i)
        if lp_flags(lp) == LP_NORMAL:
            check_row(page, head, n, i, codec, places, out)
        elif lp_flags(lp) == LP_REDIRECT:
            check_redirect(page, n, i, out)
        elif lp_length(lp):
            out.append(f"line {i}: unused or dead, but with a length")
        if lp_flags(lp) == LP_UNUSED and not head.flags & PAGE_HAS_FREE_LINES:
            out.append(f"line {i} is free, which the page does not know")
    places.sort()
    for (start, end, number), (following, _, other) in zip(places, places[1:]):
        if end > following:
            out.append(f"the rows of lines {number} and {other} overlap")
    return out


cdef int check_row(const char* page, PageHeader* head, int n, int number, RowCodec codec, list places,
                   list out) except -1:
    cdef uint32_t lp = line(page, number)
    cdef TupleHeader* row = row_at(page, lp)
    cdef uint32_t length = lp_length(lp)
    cdef uint16_t expected
    if lp_offset(lp) < head.upper or lp_offset(lp) + length > PAGE_SIZE - HEAP_SPECIAL or length < TUPLE_HEADER:
        out.append(f"line {number}: its row reaches beyond the page")
        return 0
    places.append((lp_offset(lp), lp_offset(lp) + length, number))
    expected = <uint16_t> (TUPLE_HEADER + ((row.natts + 7) >> 3 if row.infomask & HAS_NULLS else 0))
    if row.natts > COLUMNS_MAX or row.hoff != expected or row.hoff > length:
        out.append(f"line {number}: the row's header is impossible")
    elif codec is not None:
        if row.natts > codec.natts:
            out.append(f"line {number}: {row.natts} columns in a table of {codec.natts}")
        elif row_length(codec, <char*> row, length) != length:
            out.append(f"line {number}: its values do not end where the row ends")
    if row.xmax == 0 and row.infomask & HOT_UPDATED:
        out.append(f"line {number}: updated by nobody")
    if head.flags & PAGE_ALL_VISIBLE and (row.xmax or row.xmin == 0):
        out.append(f"line {number}: deleted on an all-visible page")
    return 0


cdef int check_redirect(const char* page, int n, int number, list out) except -1:
    cdef int to = lp_offset(line(page, number))
    if to < 1 or to > n or lp_flags(line(page, to)) != LP_NORMAL \
            or not row_at(page, line(page, to)).infomask & HEAP_ONLY:
        out.append(f"line {number}: redirects to {to}, which is no heap-only row")
    return 0


cdef int row_length(RowCodec codec, const char* row, uint32_t limit) except -2:
    """Where the last value ends; -1 beyond `limit`."""
    cdef const char* at = NULL
    cdef uint32_t length = 0, end = (<TupleHeader*> row).hoff
    cdef int i
    for i in range(1, (<TupleHeader*> row).natts + 1):
        if codec.attribute(row, i, &at, &length):
            end = <uint32_t> (at - row) + length
            if end > limit:
                return -1
    return end


def page_facts(bytes data not None):
    """[(line, state, xmin, xmax, next tid, infomask)] of a page, for tests and tools."""
    cdef const char* page = PyBytes_AS_STRING(data)
    cdef TupleHeader* row
    cdef uint32_t lp
    cdef int i
    out = []
    for i in range(1, line_count(page) + 1):
        lp = line(page, i)
        if lp_flags(lp) == LP_NORMAL:
            row = row_at(page, lp)
            out.append((i, "normal", row.xmin, row.xmax, (<uint64_t> row.next_block << 16) | row.next_line,
                        row.infomask))
        elif lp_flags(lp) == LP_REDIRECT:
            out.append((i, "redirect", 0, 0, lp_offset(lp), 0))
        else:
            out.append((i, "dead" if lp_flags(lp) == LP_DEAD else "unused", 0, 0, 0, 0))
    return out


def all_visible(bytes data not None):
    """Does the page say that everybody sees all its rows?"""
    return bool((<PageHeader*> PyBytes_AS_STRING(data)).flags & PAGE_ALL_VISIBLE)
