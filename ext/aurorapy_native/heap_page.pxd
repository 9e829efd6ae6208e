# A heap page as C sees it: lines, rows, hints. Inline leaves only; no module of its own at run time.
#
#   header | lp 1 | lp 2 | ... free ... | row 2 | row 1 | prune_xid      (special: 8 bytes)
#
# Line states: normal (a row), redirect (its "offset" is the line that took over the HOT chain), dead (no row, index
# entries may still lead here), unused.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from aurorapy_native.page cimport PAGE_HEADER, PAGE_SIZE, PageHeader, lp_flags, lp_length, lp_offset
from aurorapy_native.tuples cimport TUPLE_HEADER, TupleHeader

cdef enum:
    LP_UNUSED = 0
    LP_NORMAL = 1
    LP_REDIRECT = 2
    LP_DEAD = 3

cdef enum:
    LINES_MAX = 300
    HEAP_SPECIAL = 8
    ROW_MAX = 8148           # PAGE_SIZE - PAGE_HEADER - HEAP_SPECIAL - one line pointer
    NO_BLOCK = 0xFFFFFFFF

# PageHeader.flags
cdef enum:
    PAGE_HAS_FREE_LINES = 1
    PAGE_ALL_VISIBLE = 2     # every row is seen by every snapshot; the visibility map's bit is set whenever this is not

# Offsets within the page header and the row header, for mini-transactions.
cdef enum:
    AT_FLAGS = 13
    AT_LOWER = 14
    AT_PRUNED_TO = 24
    AT_CMAX = 12             # cmax, xmax, next_block, next_line, infomask: 20 bytes in a row
    DELETER_SIZE = 20

cdef inline int line_count(const char* page) noexcept nogil:
    return ((<PageHeader*> page).lower - PAGE_HEADER) >> 2

cdef inline uint32_t line(const char* page, int n) noexcept nogil:
    return (<uint32_t*> (page + PAGE_HEADER))[n - 1]

cdef inline TupleHeader* row_at(const char* page, uint32_t lp) noexcept nogil:
    return <TupleHeader*> (page + lp_offset(lp))

cdef inline uint32_t free_bytes(const char* page) noexcept nogil:
    return (<PageHeader*> page).upper - (<PageHeader*> page).lower

cdef inline uint64_t prune_xid(const char* page) noexcept nogil:
    return (<uint64_t*> (page + PAGE_SIZE - HEAP_SPECIAL))[0]
