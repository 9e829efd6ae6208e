"""Pages built from sealed runs, many at a time and without the GIL.

    plan = BuildPlan(pages, images, deltas, lsn)     indexes of the runs; newest version of each page at or below lsn
    spans = plan.choose(0, 1 << 20)                  [(run, offset, bytes)…] to read for the next pages
    data, index = plan.build([…what was read…])      the pages, sealed, and their entries of an image run

`choose` finds for each page its newest image and the delta runs that have later records, and joins what lies close
together into one read; `build` verifies every checksum, applies the records and sets the page's own.

Errors: DataCorrupted when a page or a record is damaged, or another than its index says.

Not here: files (`storage/node/runs.py`), records that are in no run yet (`memtable`).
"""
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort
from libc.string cimport memcpy, memmove, memset
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from aurorapy_native.checksum cimport crc_of, page_crc
from aurorapy_native.redo cimport NO_PAGE, RECORD_HEADER, apply_record

from aurorapy.errors import DataCorrupted

cdef enum:
    PAGE = 8192
    PAGES_MAX = 128          # of one step
    GAP_MAX = 32768          # read and thrown away rather than read apart
    FREED_BYTES = 16         # of a range of freed pages
    FIRST_IMAGE = 8192       # where an image run's pages begin


cdef inline uint32_t u32_at(const char* p) noexcept nogil:
    cdef uint32_t v
    memcpy(&v, p, 4)
    return v


cdef inline uint64_t u64_at(const char* p) noexcept nogil:
    cdef uint64_t v
    memcpy(&v, p, 8)
    return v


cdef int64_t first_at(const char* entries, int64_t count, uint32_t entry_bytes, uint32_t page_no) noexcept nogil:
    """The place of the first page that is not below `page_no`."""
    cdef int64_t low = 0, high = count, middle
    while low < high:
        middle = (low + high) >> 1
        if u32_at(entries + middle * entry_bytes) < page_no:
            low = middle + 1
        else:
            high = middle
    return low


cdef int64_t place_in(const char* entries, int64_t count, uint32_t entry_bytes, uint32_t page_no) noexcept nogil:
    """The page's place among ascending entries, or -1."""
    cdef int64_t at = first_at(entries, count, entry_bytes, page_no)
    return at if at < count and u32_at(entries + at * entry_bytes) == page_no else -1


cdef class RunIndex:
    """The index of one run; `data` is kept, not copied. entry_bytes: 12 of an image run, 32 of a delta run."""

    def __init__(self, bytes data not None, uint32_t entry_bytes):
        if entry_bytes not in (IMAGE_ENTRY_BYTES, DELTA_ENTRY_BYTES) or len(data) % entry_bytes:
            raise ValueError("not an index of a run")
        self.data = data
        self.entries = PyBytes_AS_STRING(data)
        self.entry_bytes = entry_bytes
        self.count = <uint32_t> (len(data) // entry_bytes)

    def find(self, uint32_t page_no):
        """The page's place in the run, or -1."""
        return place_in(self.entries, self.count, self.entry_bytes, page_no)

    def page_at(self, uint32_t place):
        """The page number at a place."""
        if place >= self.count:
            raise IndexError(place)
        return u32_at(self.entries + <size_t> place * self.entry_bytes)

    def __len__(self):
        return self.count


cdef int compare_pages(const void* a, const void* b) noexcept nogil:
    cdef uint32_t x = (<const uint32_t*>a)[0], y = (<const uint32_t*>b)[0]
    return (x > y) - (x < y)


def pages_of(indexes, without=()):
    """The pages of these runs that none of the runs `without` has: u32s, ascending, each once, no notes."""
    cdef size_t n = 0, used = 0, i
    cdef RunIndex index
    cdef uint32_t page_no
    cdef uint32_t* pages
    for index in indexes:
        n += index.count
    pages = <uint32_t*> malloc((n + 1) * 4)
    if pages == NULL:
        raise MemoryError
    n = 0
    for index in indexes:
        with nogil:
            for i in range(index.count):
                pages[n] = u32_at(index.entries + i * index.entry_bytes)
                n += 1
    with nogil:
        qsort(pages, n, 4, compare_pages)
        for i in range(n):
            if pages[i] != NO_PAGE and (used == 0 or pages[i] != pages[used - 1]):
                pages[used] = pages[i]
                used += 1
    for index in without:
        with nogil:
            n, used = used, 0
            for i in range(n):
                page_no = pages[i]
                if place_in(index.entries, index.count, index.entry_bytes, page_no) < 0:
                    pages[used] = page_no
                    used += 1
    try:
        return PyBytes_FromStringAndSize(<char*> pages, used * 4)
    finally:
        free(pages)


cdef inline uint64_t version_at(RunIndex index, int64_t place) noexcept nogil:
    """LSN of the newest version of the page at a place of the index."""
    return u64_at(index.entries + place * index.entry_bytes + (4 if index.entry_bytes == IMAGE_ENTRY_BYTES else 24))


def living(bytes pages not None, indexes, bytes freed not None):
    """Of these pages (u32s, ascending) those that were not freed since their newest version in the runs. freed: (u32
    first page, u32 pages, u64 LSN)…"""
    cdef bytearray out = bytearray(pages)
    cdef char* to = out
    cdef const char* ranges = freed
    cdef int64_t count = len(pages) // 4, at, place
    cdef size_t i, used = 0
    cdef uint32_t page_no
    cdef uint64_t end, lsn
    cdef RunIndex index
    cdef list all_indexes = list(indexes)
    cdef bint is_dead
    for i in range(len(freed) // FREED_BYTES):
        page_no, lsn = u32_at(ranges + i * FREED_BYTES), u64_at(ranges + i * FREED_BYTES + 8)
        end = <uint64_t> page_no + u32_at(ranges + i * FREED_BYTES + 4)
        at = first_at(pages, count, 4, page_no)
        while at < count and u32_at(<const char*> pages + at * 4) < end:
            is_dead = True
            for index in all_indexes:
                place = place_in(index.entries, index.count, index.entry_bytes, u32_at(<const char*> pages + at * 4))
                if place >= 0 and version_at(index, place) > lsn:
                    is_dead = False
                    break
            if is_dead:
                memset(to + at * 4, 0xFF, 4)
            at += 1
    for at in range(count):
        if u32_at(to + at * 4) != NO_PAGE:
            memmove(to + used * 4, to + at * 4, 4)
            used += 1
    return bytes(out[:used * 4])


def dead_pages(RunIndex index not None, bytes freed not None):
    """For each of the freed ranges (as in `living`) how many pages of the run are older than its freeing."""
    cdef const char* ranges = freed
    cdef list counts = []
    cdef int64_t at, count
    cdef size_t i
    cdef uint32_t page_no
    cdef uint64_t end, lsn
    for i in range(len(freed) // FREED_BYTES):
        page_no, lsn = u32_at(ranges + i * FREED_BYTES), u64_at(ranges + i * FREED_BYTES + 8)
        end = <uint64_t> page_no + u32_at(ranges + i * FREED_BYTES + 4)
        count = 0
        with nogil:
            at = first_at(index.entries, index.count, index.entry_bytes, page_no)
            while at < index.count and u32_at(index.entries + at * index.entry_bytes) < end:
                count += version_at(index, at) < lsn
                at += 1
        counts.append(count)
    return counts


cdef struct Run:
    const char* entries      # of its RunIndex, which the plan keeps alive
    int64_t count
    uint64_t first           # LSNs of the run
    uint64_t last
    uint64_t end             # where a delta run's records end
    int32_t span             # the last span of this run in the present step, -1: none


cdef struct Span:
    uint32_t run
    uint64_t offset
    uint64_t size


cdef struct Piece:           # a page's image, or its records from one delta run
    uint32_t span
    uint64_t offset          # in the run's file; turned into one within the span when the span is read
    uint64_t size
    uint64_t lsn             # an image's


cdef struct Target:
    uint32_t page_no
    uint64_t freed           # LSN: what is older does not count
    bint has_image
    uint32_t first           # of its pieces: the image, then records in ascending order
    uint32_t count


cdef class BuildPlan:
    """See the chapter. images, deltas: [(RunIndex, first, last, end)…], oldest first; pages: u32s, ascending;
    freed: as in `living`, all at or below `lsn`."""
    cdef bytes pages_data
    cdef const char* pages
    cdef readonly uint32_t count         # pages in all
    cdef uint64_t lsn
    cdef uint64_t* freed                 # LSN of each page's last freeing, 0: none; NULL: none of any
    cdef list indexes
    cdef Run* runs
    cdef uint32_t n_images
    cdef uint32_t n_runs
    cdef Span* spans
    cdef uint32_t n_spans
    cdef Piece* pieces
    cdef uint32_t n_pieces
    cdef uint32_t size_pieces
    cdef Target targets[PAGES_MAX]
    cdef uint32_t n_targets

    def __cinit__(self, bytes pages not None, list images not None, list deltas not None, uint64_t lsn,
                  bytes freed not None=b""):
        cdef uint32_t i = 0
        self.pages_data = pages
        self.pages = PyBytes_AS_STRING(pages)
        self.count = <uint32_t> (len(pages) // 4)
        self.lsn = lsn
        self.n_images = <uint32_t> len(images)
        self.n_runs = self.n_images + <uint32_t> len(deltas)
        self.indexes = [run[0] for run in images + deltas]
        self.runs = <Run*> malloc((self.n_runs + 1) * sizeof(Run))
        self.size_pieces = PAGES_MAX * (self.n_runs + 1)
        self.pieces = <Piece*> malloc(self.size_pieces * sizeof(Piece))
        self.spans = <Span*> malloc(self.size_pieces * sizeof(Span))
        if self.runs == NULL or self.pieces == NULL or self.spans == NULL:
            raise MemoryError
        if freed:
            self.freed = <uint64_t*> calloc(self.count + 1, 8)
            if self.freed == NULL:
                raise MemoryError
            self.note_freed(freed, len(freed) // FREED_BYTES)
        for index, first, last, end in images + deltas:
            if (<RunIndex?> index).entry_bytes != (IMAGE_ENTRY_BYTES if i < self.n_images else DELTA_ENTRY_BYTES):
                raise ValueError("the index of another kind of run")
            self.runs[i].entries, self.runs[i].count = (<RunIndex> index).entries, (<RunIndex> index).count
            self.runs[i].first, self.runs[i].last, self.runs[i].end = first, last, end
            i += 1

    cdef void note_freed(self, const char* ranges, size_t count) noexcept nogil:
        cdef size_t i
        cdef int64_t at
        cdef uint64_t end, lsn
        for i in range(count):
            at = first_at(self.pages, self.count, 4, u32_at(ranges + i * FREED_BYTES))
            end = <uint64_t> u32_at(ranges + i * FREED_BYTES) + u32_at(ranges + i * FREED_BYTES + 4)
            lsn = u64_at(ranges + i * FREED_BYTES + 8)
            while at < self.count and u32_at(self.pages + at * 4) < end:
                if lsn > self.freed[at]:
                    self.freed[at] = lsn
                at += 1

    def __dealloc__(self):
        free(self.freed)
        free(self.runs)
        free(self.pieces)
        free(self.spans)

    def choose(self, uint32_t start, uint64_t bytes_max):
        """What to read for the pages from the `start`-th on: [(run's number, images first, offset, bytes)…].

        At least one page, then as many as come from about `bytes_max` of the runs; `chosen` says how many.
        """
        cdef uint32_t i
        with nogil:
            self.choose_pages(start, bytes_max)
        return [(self.spans[i].run, self.spans[i].offset, self.spans[i].size) for i in range(self.n_spans)]

    @property
    def chosen(self):
        """Pages of the present step."""
        return self.n_targets

    cdef void choose_pages(self, uint32_t start, uint64_t bytes_max) noexcept nogil:
        cdef uint32_t i, at = start
        cdef uint64_t used = 0
        self.n_spans = self.n_pieces = self.n_targets = 0
        for i in range(self.n_runs):
            self.runs[i].span = -1
        while at < self.count and self.n_targets < PAGES_MAX and (used < bytes_max or at == start):
            self.targets[self.n_targets].freed = self.freed[at] if self.freed else 0
            used += self.choose_page(u32_at(self.pages + <size_t> at * 4))
            at += 1

    cdef uint64_t choose_page(self, uint32_t page_no) noexcept nogil:
        """The page's pieces; how many bytes they are."""
        cdef Target* target = &self.targets[self.n_targets]
        cdef Run* run
        cdef uint32_t i, best = 0
        cdef int64_t place, best_place = -1
        cdef uint64_t lsn, best_lsn = 0, known = 0, offset, end, used = 0
        self.n_targets += 1
        target.page_no, target.first, target.count = page_no, self.n_pieces, 0
        for i in range(self.n_images):
            run = &self.runs[i]
            place = place_in(run.entries, run.count, IMAGE_ENTRY_BYTES, page_no)
            if place < 0:
                continue
            lsn = u64_at(run.entries + place * IMAGE_ENTRY_BYTES + 4)
            if lsn <= self.lsn and (best_place < 0 or lsn >= best_lsn):
                best, best_place, best_lsn = i, place, lsn
                known = run.last if lsn < run.last <= self.lsn else lsn
        target.has_image = best_place >= 0
        if target.has_image:
            used += self.add_piece(target, best, FIRST_IMAGE + <uint64_t> best_place * PAGE, PAGE, best_lsn)
        for i in range(self.n_images, self.n_runs):
            run = &self.runs[i]
            if run.last <= known or run.first >= self.lsn:
                continue
            place = place_in(run.entries, run.count, DELTA_ENTRY_BYTES, page_no)
            if place < 0:
                continue
            offset = u64_at(run.entries + place * DELTA_ENTRY_BYTES + 8)
            end = run.end if place + 1 == run.count else u64_at(run.entries + (place + 1) * DELTA_ENTRY_BYTES + 8)
            used += self.add_piece(target, i, offset, end - offset, 0)
        return used

    cdef uint64_t add_piece(self, Target* target, uint32_t number, uint64_t offset, uint64_t size,
                            uint64_t lsn) noexcept nogil:
        """Joins the piece to the run's last span where they lie close together: pages ascend, so do their places."""
        cdef Run* run = &self.runs[number]
        cdef Piece* piece = &self.pieces[self.n_pieces]
        cdef Span* span
        if run.span >= 0:
            span = &self.spans[run.span]
            if offset < span.offset + span.size or offset - span.offset - span.size > GAP_MAX:
                run.span = -1
            else:
                span.size = offset + size - span.offset
        if run.span < 0:
            run.span = <int32_t> self.n_spans
            span = &self.spans[self.n_spans]
            span.run, span.offset, span.size = number, offset, size
            self.n_spans += 1
        piece.span, piece.offset, piece.size, piece.lsn = <uint32_t> run.span, offset - span.offset, size, lsn
        self.n_pieces += 1
        target.count += 1
        return size

    def build(self, list parts not None):
        """(pages, index entries) from what was read, as `choose` listed it. DataCorrupted names the page."""
        cdef uint32_t i, at = 0
        cdef int code = 0
        cdef bytes data, index, part
        cdef const char** read
        cdef char* to
        cdef char* entry
        if len(parts) != self.n_spans:
            raise ValueError("one part for each span")
        for i in range(self.n_spans):
            part = parts[i]
            if <uint64_t> PyBytes_GET_SIZE(part) != self.spans[i].size:
                raise DataCorrupted("a sealed run is damaged: it is cut short")
        read = <const char**> malloc((self.n_spans + 1) * sizeof(char*))
        if read == NULL:
            raise MemoryError
        try:
            for i in range(self.n_spans):
                read[i] = PyBytes_AS_STRING(<bytes> parts[i])
            data = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> self.n_targets * PAGE)
            index = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> self.n_targets * IMAGE_ENTRY_BYTES)
            to, entry = PyBytes_AS_STRING(data), PyBytes_AS_STRING(index)
            with nogil:
                for at in range(self.n_targets):
                    code = self.build_page(&self.targets[at], read, to)
                    if code:
                        break
                    memcpy(entry, &self.targets[at].page_no, 4)
                    memcpy(entry + 4, to, 8)
                    to += PAGE
                    entry += IMAGE_ENTRY_BYTES
        finally:
            free(read)
        if code:
            raise DataCorrupted(f"page {self.targets[at].page_no} in a sealed run is damaged: {_WHAT[code]}")
        return data, index

    cdef int build_page(self, const Target* target, const char** read, char* page) noexcept nogil:
        cdef uint32_t i = target.first, end = target.first + target.count, crc
        cdef const Piece* piece
        cdef int code
        if target.has_image:
            piece = &self.pieces[i]
            memcpy(page, read[piece.span] + piece.offset, PAGE)
            if not page_is_whole(page):
                return 1
            if u64_at(page) != piece.lsn:
                return 2
            i += 1
        else:
            memset(page, 0, PAGE)
        if target.freed > u64_at(page):
            memset(page, 0, PAGE)
            memcpy(page, &target.freed, 8)
        while i < end:
            piece = &self.pieces[i]
            code = apply_all(page, target.page_no, read[piece.span] + piece.offset, piece.size, self.lsn)
            if code:
                return code
            i += 1
        if target.freed and u64_at(page) == target.freed:
            memset(page, 0, 8)
        crc = page_crc(page)
        memcpy(page + 8, &crc, 4)
        return 0


_WHAT = {1: "its checksum does not match", 2: "it is another version than the index says",
         3: "a redo record is damaged", 4: "a redo record is out of order", 5: "a redo record is malformed"}


cdef bint page_is_whole(const char* page) noexcept nogil:
    """It carries its checksum, or is all zero (never written)."""
    cdef uint32_t stored = u32_at(page + 8)
    cdef int i
    if stored != 0:
        return page_crc(page) == stored
    for i in range(0, PAGE, 8):
        if u64_at(page + i):
            return page_crc(page) == 0
    return True


cdef int apply_all(char* page, uint32_t page_no, const char* records, uint64_t left, uint64_t upto) noexcept nogil:
    """Applies the page's records up to `upto`; 0, or a key of _WHAT."""
    cdef uint32_t length
    cdef int code
    while left:
        if left < RECORD_HEADER:
            return 3
        length = u32_at(records)
        if length < RECORD_HEADER or length > left or u32_at(records + 40) != page_no:
            return 3
        if crc_of(0, records + 8, length - 8) != u32_at(records + 4):
            return 3
        if u64_at(records + 8) > upto:
            return 0
        code = apply_record(page, records, length)
        if code < 0:
            return 4 if code == -1 else 5
        records += length
        left -= length
    return 0
