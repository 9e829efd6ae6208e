"""ORDER BY one column, or DISTINCT on it, over a few thousand rows of a scan that are only passed on: the rows' bytes
are copied, a line for each is sorted, and they come out like those of any other scan, straight to the client where that
goes.

    sorted_pages(source, 0, False, False, False, False, fallback, work_mem_bytes, give_way)

    arena   | row 1 ........ | row 2 ..... | row 3 ...      kept   prefix 'zebra…' → row 1
                                                                   prefix 'ape'    → row 2

What is too much (4,096 rows, a megabyte, work_mem), and values that must be fetched or unpacked before they can be
compared, go to `fallback`: it gets all pages of tuples, those kept and those to come, and gives them in order.

Equal rows keep their order. Of equal values DISTINCT keeps the first.

Not here: several columns, other types, LIMIT (execute/rows/sorting.py).
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t, uint8_t
from libc.stdlib cimport free, qsort, realloc
from libc.string cimport memcmp, memcpy

from aurorapy_native.heap_read cimport VERSIONS_MAX
from aurorapy_native.room cimport make_room
from aurorapy_native.row_source cimport RowSource
from aurorapy_native.tuples cimport FORM_NULL, FORM_PLAIN, HAS_EXTERNAL, RowCodec, TupleHeader

from itertools import chain

SORTED_LETTERS = "248ut"

cdef enum:
    KEPT_MAX = 4096
    KEPT_FIRST = 128
    ARENA_MAX = 1 << 20
    ARENA_FIRST = 1 << 15


def sorted_pages(pages, int place, bint blanks, bint descending, bint nulls_first, bint distinct, fallback,
                 size_t bytes_max, give_way):
    """An iterator of lists of tuples, ordered by the column at `place`; a RowSource where `pages` is one.

    blanks: trailing blanks do not count (character(n)). distinct: only the first row of each value.
    """
    cdef SortedSource made
    if not isinstance(pages, RowSource):
        return fallback(pages)
    made = SortedSource()
    made.inner = <RowSource> pages
    made.heap = made.inner.heap
    made.projection = made.inner.projection
    made.snapshot = made.inner.snapshot
    made.give_way = give_way
    made.fallback = fallback
    made.attno = made.projection.attno[place]
    made.letter = made.heap.codec.letter[made.attno - 1]
    if chr(made.letter) not in SORTED_LETTERS:
        raise ValueError(f"no order for {chr(made.letter)}")
    made.blanks = blanks
    made.descending = descending
    made.nulls_first = nulls_first
    made.distinct = distinct
    made.bytes_max = min(bytes_max, ARENA_MAX)
    return made


cdef class SortedSource(RowSource):
    def __dealloc__(self):
        free(self.arena)
        free(self.kept)

    cdef int prepare(self) except -1:
        if self.ready:
            return 0
        self.ready = True
        while self.inner.advance():
            if not self.keep_found():
                return self.give_up()
            self.give_way()
        self.sort()
        return 0

    cdef int fill(self) except -1:
        cdef Kept* kept
        cdef const TupleHeader* row
        while self.next_kept < self.count and self.found.count < VERSIONS_MAX:
            kept = &self.kept[self.next_kept]
            self.next_kept += 1
            if self.distinct and self.next_kept > 1 and order(kept, kept - 1) == 0:
                continue
            row = <const TupleHeader*> (self.arena + kept.row)
            self.found.masks |= row.infomask
            self.found.row[self.found.count] = <char*> row
            self.found.at[self.found.count] = kept.at
            self.found.count += 1
        return self.next_kept < self.count

    cdef bint keep_found(self) except -1:
        """Copies what the scan found; False, and nothing is kept of it, when it cannot be sorted here."""
        cdef int i
        cdef uint32_t before = self.count
        for i in range(self.inner.found.count):
            if not self.keep(self.inner.found.row[i], self.inner.found.length[i], self.inner.found.at[i]):
                self.count = before
                return False
        return True

    cdef bint keep(self, const char* row, uint16_t length, uint64_t at) except -1:
        cdef Kept* kept
        if self.count >= KEPT_MAX or self.used + length > self.bytes_max:
            return False
        if self.count == self.room:
            self.room = max(2 * self.room, KEPT_FIRST)
            kept = <Kept*> realloc(self.kept, self.room * sizeof(Kept))
            if kept == NULL:
                raise MemoryError
            self.kept = kept
        make_room(&self.arena, &self.size, max(self.used + length, ARENA_FIRST))
        kept = &self.kept[self.count]
        kept.row = self.used
        kept.at = at
        kept.number = self.count
        if not self.set_key(kept, row, self.used):
            return False
        memcpy(self.arena + self.used, row, length)
        self.used += length
        self.count += 1
        return True

    cdef bint set_key(self, Kept* kept, const char* row, size_t copy) except -1:
        cdef const char* s = NULL
        cdef uint32_t n = 0, i
        cdef int64_t value
        cdef int form = self.heap.codec.attribute(row, self.attno, &s, &n)
        kept.rank = 1
        kept.prefix = 0
        kept.length = 0
        kept.key = copy
        if form == FORM_NULL:
            kept.rank = 0 if self.nulls_first else 2
            return True
        if form != FORM_PLAIN:
            return False
        if self.letter == c"t":
            while self.blanks and n and s[n - 1] == c" ":
                n -= 1
            kept.length = n
            kept.key = copy + (s - row)
            for i in range(8):
                kept.prefix = kept.prefix << 8 | (<uint8_t> s[i] if i < n else 0)
            return True
        if self.letter == c"4":
            value = (<const int32_t*> s)[0]
        elif self.letter == c"2":
            value = (<const int16_t*> s)[0]
        elif self.letter == c"u":
            value = (<const uint32_t*> s)[0]
        else:
            memcpy(&value, s, 8)
        kept.prefix = <uint64_t> value ^ (<uint64_t> 1 << 63)
        return True

    cdef int give_up(self) except -1:
        """All pages, those kept first, go to the fallback."""
        cdef uint32_t i
        cdef uint16_t masks = 0
        cdef list kept = [], page = self.inner.found_page()
        for i in range(self.count):
            masks |= (<const TupleHeader*> (self.arena + self.kept[i].row)).infomask
            kept.append(self.heap.decode(self.arena + self.kept[i].row, self.projection, self.kept[i].at))
        self.count = 0
        pages = self.heap.toaster.batches(kept) if masks & HAS_EXTERNAL else [kept]
        self.pending = self.fallback(chain(pages, [page], self.inner))
        return 0

    cdef void sort(self) noexcept nogil:
        cdef uint32_t i
        for i in range(self.count):
            self.kept[i].base = self.arena
        if self.count > 1:
            qsort(self.kept, self.count, sizeof(Kept), descending if self.descending else ascending)


cdef int order(const Kept* a, const Kept* b) noexcept nogil:
    cdef uint32_t n
    cdef int found
    if a.rank != b.rank:
        return -1 if a.rank < b.rank else 1
    if a.prefix != b.prefix:
        return -1 if a.prefix < b.prefix else 1
    n = a.length if a.length < b.length else b.length
    if n > 8:
        found = memcmp(a.base + a.key + 8, b.base + b.key + 8, n - 8)
        if found:
            return found
    return (a.length > b.length) - (a.length < b.length)


cdef int ascending(const void* left, const void* right) noexcept nogil:
    cdef const Kept* a = <const Kept*> left
    cdef const Kept* b = <const Kept*> right
    cdef int found = order(a, b)
    return found if found else (-1 if a.number < b.number else 1)


cdef int descending(const void* left, const void* right) noexcept nogil:
    cdef const Kept* a = <const Kept*> left
    cdef const Kept* b = <const Kept*> right
    cdef int found
    if a.rank != b.rank:
        return -1 if a.rank < b.rank else 1
    found = order(b, a)
    return found if found else (-1 if a.number < b.number else 1)
