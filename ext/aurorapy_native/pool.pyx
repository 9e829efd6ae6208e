"""The buffer pool: pages of the volume in one mapped region, found through a page table in C.

    frame = pool.need(page_no)      # C: a number; raises PageMiss when the page is not here
    p = pool.at(frame)              # C: its 8,192 bytes, valid until the next point that may switch
    pool.fetch(page_no)             # Python: brings the page in; one fetch in flight a page, others queue behind it

The pool never writes a page: what changed is in the log, and a page can be dropped as soon as the volume can give it
back, that is when it is unpinned and its LSN is at or below the VDL. The victim is found by a clock. Memory is touched
only when a frame is first used, so a large pool costs nothing until it fills.

Errors: PageMiss and NoFrame (Retry) ask the caller to let go, wait and start over; ResourceError 53200 when all frames
are pinned and nothing will change that; whatever the reader raises. Checksums were verified by who read the page.

Not here: LSNs and changes (mtr), which page belongs to what (space).
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.mman cimport (MAP_ANONYMOUS, MAP_FAILED, MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap, munmap)

from aurorapy_native.redo cimport apply_record

from aurorapy.errors import InternalError, ResourceError
from aurorapy_native.retry import NoFrame, PageMiss

DEFAULT_FRAMES = 16384      # 128 MB

cdef enum:
    NO_PAGE = 0xFFFFFFFF
    PAGE = 8192
    RECENT = 3      # passes of the clock that a page survives after its last use: see take_frame


cdef inline uint32_t hash_of(uint32_t page_no) noexcept nogil:
    cdef uint32_t h = page_no * <uint32_t> 0x9E3779B1
    return h ^ (h >> 15)


cdef inline uint64_t lsn_at(const char* page) noexcept nogil:
    cdef uint64_t lsn
    memcpy(&lsn, page, 8)
    return lsn


cdef class BufferPool:
    def __cinit__(self, uint32_t frames=DEFAULT_FRAMES, reader=None, tasks=None):
        cdef uint32_t size = 64
        if frames < 16 or frames > 1 << 28:
            raise ValueError("a pool has between 16 frames and 2 TB")
        while size < 2 * frames:
            size *= 2
        self.frames = frames
        self.mapped = <size_t> frames * PAGE
        self.base = <char*> mmap(NULL, self.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        if self.base == <char*> MAP_FAILED:
            self.base = NULL
            raise MemoryError
        self.frame_page = <uint32_t*> calloc(frames, sizeof(uint32_t))
        self.frame_pins = <uint16_t*> calloc(frames, sizeof(uint16_t))
        self.frame_used = <uint8_t*> calloc(frames, 1)
        self.table = <uint32_t*> calloc(size, sizeof(uint32_t))
        self.table_mask = size - 1
        if not (self.frame_page and self.frame_pins and self.frame_used and self.table):
            raise MemoryError
        memset(self.frame_page, 0xFF, frames * sizeof(uint32_t))
        self.loading = {}
        self.queued = {}
        self.reader = reader
        self.tasks = tasks

    def __init__(self, frames=DEFAULT_FRAMES, reader=None, tasks=None):
        """`frames` of 8 KiB; `reader(page_no) -> bytes` gives the newest durable state of a page and may switch."""

    def __dealloc__(self):
        if self.base:
            munmap(self.base, self.mapped)
        free(self.frame_page)
        free(self.frame_pins)
        free(self.frame_used)
        free(self.table)

    # -- the page table --------------------------------------------------------------------------------------------

    cdef int32_t lookup(self, uint32_t page_no) noexcept nogil:
        cdef uint32_t i = hash_of(page_no) & self.table_mask
        cdef uint32_t entry = self.table[i]
        while entry:
            if self.frame_page[entry - 1] == page_no:
                self.frame_used[entry - 1] = RECENT
                return <int32_t> (entry - 1)
            i = (i + 1) & self.table_mask
            entry = self.table[i]
        return -1

    cdef int32_t find(self, uint32_t page_no) noexcept nogil:
        """lookup() by somebody whose interest keeps no page here."""
        cdef uint32_t i = hash_of(page_no) & self.table_mask
        while self.table[i] and self.frame_page[self.table[i] - 1] != page_no:
            i = (i + 1) & self.table_mask
        return <int32_t> self.table[i] - 1

    cdef void put(self, uint32_t page_no, int32_t frame) noexcept nogil:
        cdef uint32_t i = hash_of(page_no) & self.table_mask
        while self.table[i]:
            i = (i + 1) & self.table_mask
        self.table[i] = <uint32_t> frame + 1
        self.frame_page[frame] = page_no
        self.frame_used[frame] = RECENT

    cdef void remove(self, uint32_t page_no) noexcept nogil:
        """Takes the page out of the table; later entries of its run move back so that no search meets a gap."""
        cdef uint32_t i = hash_of(page_no) & self.table_mask
        cdef uint32_t j, home
        while self.table[i] and self.frame_page[self.table[i] - 1] != page_no:
            i = (i + 1) & self.table_mask
        if self.table[i] == 0:
            return
        self.frame_page[self.table[i] - 1] = NO_PAGE
        j = i
        while True:
            j = (j + 1) & self.table_mask
            if self.table[j] == 0:
                break
            home = hash_of(self.frame_page[self.table[j] - 1]) & self.table_mask
            if ((j - home) & self.table_mask) >= ((j - i) & self.table_mask):
                self.table[i] = self.table[j]
                i = j
        self.table[i] = 0

    # -- frames ----------------------------------------------------------------------------------------------------

    cdef int32_t take_frame(self) noexcept nogil:
        """A frame nobody uses, out of the table; -1 when one pass of the clock finds none.

        A page just looked up survives three passes, so an operation that looks up its pages and then asks for up to
        two fresh ones still has the first: one call is one pass at most."""
        cdef uint32_t f, step
        if self.next_unused < self.frames:
            self.next_unused += 1
            return <int32_t> (self.next_unused - 1)
        for step in range(self.frames):
            f = self.hand
            self.hand = f + 1 if f + 1 < self.frames else 0
            if self.frame_pins[f]:
                continue
            if self.frame_page[f] == NO_PAGE:
                return <int32_t> f
            if self.frame_used[f]:
                self.frame_used[f] -= 1
                continue
            if lsn_at(self.base + <size_t> f * PAGE) > self.vdl:
                continue
            self.remove(self.frame_page[f])
            self.evictions += 1
            return <int32_t> f
        return -1

    cdef void pin(self, int32_t frame) noexcept nogil:
        self.frame_pins[frame] += 1

    cdef void unpin(self, int32_t frame) noexcept nogil:
        self.frame_pins[frame] -= 1

    cdef int32_t need(self, uint32_t page_no) except -1:
        cdef int32_t frame = self.lookup(page_no)
        if frame >= 0:
            self.hits += 1
            return frame
        raise PageMiss(self, page_no)

    cdef int32_t fresh(self, uint32_t page_no) except -1:
        cdef int32_t frame = self.lookup(page_no)
        if frame < 0:
            frame = self.take_frame()
            if frame < 0:
                raise NoFrame(self)       # each attempt is another pass, so trying again also ages the pages
            self.put(page_no, frame)
        memset(self.base + <size_t> frame * PAGE, 0, PAGE)
        if self.loading and page_no in self.loading:
            (<list> self.loading[page_no])[0] = True
        return frame

    # -- bringing pages in -----------------------------------------------------------------------------------------

    def fetch(self, uint32_t page_no):
        """Makes the page resident. May switch. When it returns the page was here a moment ago: look it up again."""
        cdef list waiters
        cdef int32_t frame
        if self.lookup(page_no) >= 0:
            return
        waiters = self.loading.get(page_no)
        if waiters is not None:
            if self.tasks is None:
                raise InternalError(f"page {page_no} is being fetched and there is no task to wait in")
            waiter = self.tasks.waiter()
            waiters.append(waiter)
            waiter.wait()
            return
        waiters = [False]
        self.loading[page_no] = waiters
        frame = -1
        try:
            frame = self.await_frame()
            self.frame_pins[frame] += 1          # out of the table and pinned: ours while the reader switches
            self.misses += 1
            self.install(page_no, frame, self.reader(page_no), waiters)
        finally:
            if frame >= 0:
                self.frame_pins[frame] -= 1
            del self.loading[page_no]
            if self.queued:
                self.queued.pop(page_no, None)
            for waiter in waiters[1:]:
                waiter.wake()

    cdef int32_t await_frame(self) except -1:
        """A frame of one's own; switches until there is one."""
        cdef int32_t frame
        cdef int attempt
        while True:
            for attempt in range(RECENT + 1):
                frame = self.take_frame()
                if frame >= 0:
                    return frame
                if attempt == 0 and self.frame_waiter is not None and mostly_ahead_of_vdl(self):
                    self.frame_waiter()      # rather than take the few durable pages from whoever needs them now
            self.wait_for_frame()

    def install(self, uint32_t page_no, int32_t frame, bytes data not None, list waiters):
        """Puts what the reader gave into the frame, unless the page was begun anew in the meantime."""
        if len(data) != PAGE:
            raise InternalError(f"page {page_no} arrived with {len(data)} bytes")
        if waiters[0] or self.lookup(page_no) >= 0:
            return
        memcpy(self.base + <size_t> frame * PAGE, <const char*> data, PAGE)
        if not self.queued or self.catch_up(page_no, self.base + <size_t> frame * PAGE):
            self.put(page_no, frame)

    # -- following a writer ------------------------------------------------------------------------------------------

    cdef int follow(self, uint32_t page_no, const char* record, uint32_t length) except -1:
        cdef int32_t frame = self.find(page_no)
        cdef list waiters
        if frame >= 0:
            if apply_record(self.base + <size_t> frame * PAGE, record, length) < 0:
                self.remove(page_no)          # not the page the record was made for: the volume has the right one
                return 0
            return <int> length
        if not self.loading:
            return 0
        waiters = self.loading.get(page_no)
        if waiters is None:
            return 0
        self.queued.setdefault(page_no, []).append(record[:length])
        return <int> length

    cdef bint catch_up(self, uint32_t page_no, char* page) except -1:
        """Applies what came while the page was on its way; False when it does not fit: fetch again."""
        cdef bytes record
        for record in self.queued.get(page_no, ()):
            if apply_record(page, record, <uint32_t> len(record)) < 0:
                return False
        return True

    def wait_for_frame(self):
        """Returns when a frame may have become free. ResourceError when none ever will."""
        cdef uint32_t f
        for f in range(self.frames):
            if not self.frame_pins[f] and (self.frame_page[f] == NO_PAGE or (
                    # one that every attempt looks up again is never free, however durable
                    not self.frame_used[f] and lsn_at(self.base + <size_t> f * PAGE) <= self.vdl)):
                return
        if self.frame_waiter is None:
            raise ResourceError("no unpinned buffers available", sqlstate="53200")
        self.frame_waiter()

    def set_vdl(self, uint64_t vdl):
        """Pages at or below `vdl` may be evicted from now on; it never goes back."""
        if vdl > self.vdl:
            self.vdl = vdl

    # -- for the rare paths, tools and tests -------------------------------------------------------------------------

    @property
    def resident_pages(self):
        """Pages here."""
        cdef uint32_t f, n = 0
        for f in range(self.next_unused):
            n += self.frame_page[f] != NO_PAGE
        return n

    def resident(self, uint32_t page_no):
        """True when the page is in the pool."""
        return self.lookup(page_no) >= 0

    def page(self, uint32_t page_no):
        """A copy of the page's 8,192 bytes; fetches it when it is not here."""
        cdef int32_t frame = self.lookup(page_no)
        while frame < 0:
            self.fetch(page_no)
            frame = self.lookup(page_no)
        return (self.base + <size_t> frame * PAGE)[:PAGE]

    def drop(self, uint32_t page_no):
        """Forgets a page that is unpinned and at or below the VDL; True when it is no longer here."""
        cdef int32_t frame = self.lookup(page_no)
        if frame < 0:
            return True
        if self.frame_pins[frame] or lsn_at(self.base + <size_t> frame * PAGE) > self.vdl:
            return False
        self.remove(page_no)
        return True

    def drop_all(self):
        """Forgets every page it may; returns how many stay."""
        cdef uint32_t f, kept = 0
        for f in range(self.frames):
            if self.frame_page[f] != NO_PAGE and not self.drop(self.frame_page[f]):
                kept += 1
        return kept

    def pages(self):
        """Numbers of the resident pages, unordered."""
        return [self.frame_page[f] for f in range(self.frames) if self.frame_page[f] != NO_PAGE]

    def pages_in_use(self):
        """Numbers of those that somebody has looked at since the clock's hand last passed them, unordered."""
        return [self.frame_page[f] for f in range(self.next_unused)
                if self.frame_page[f] != NO_PAGE and self.frame_used[f] == RECENT]

    def pinned(self):
        """Number of pinned frames; 0 between operations."""
        cdef uint32_t f, n = 0
        for f in range(self.frames):
            n += self.frame_pins[f] != 0
        return n


cdef bint mostly_ahead_of_vdl(BufferPool pool) noexcept nogil:
    """Must most of the pages not be evicted until the VDL has moved? It stands still while too few storage nodes are
    there, and reads must go on."""
    cdef uint32_t f, ahead = 0
    for f in range(pool.frames):
        ahead += pool.frame_page[f] != NO_PAGE and lsn_at(pool.base + <size_t> f * PAGE) > pool.vdl
    return ahead * 2 > pool.frames
