"""Mini-transactions: changes to several pages that appear together, in memory at once and in the log as one.

    mtr.begin()                       # NoLogRoom when the log is too far ahead of the VDL; nothing may switch from here
    mtr.write(frame, offset, bytes, n)
    mtr.write(other, ...)             # any number of pages, at most 64
    lsn = mtr.commit()                # a record a page; notes first; the last record is a consistency point

A change is made in the frame and remembered in `body`, in the form the record has. commit() cuts body by page: where a
page's changes lie together (nearly always) they are handed to the log as they are. A write that continues the last one
is merged into it. When a page's changes became longer than the page, the whole page is logged in their place.

There is no undo: all lookups come before begin(), and what comes after must not fail. A begin() while another
mini-transaction is open means that rule was broken; it raises InternalError for ever after, because the frames hold
changes that no log has.
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memmove, memset

from aurorapy_native.page cimport PAGE_HEADER, PAGE_SIZE, PageHeader
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.redo cimport (CHANGE_HEADER, FLAG_CONSISTENCY_POINT, NO_PAGE, OP_FILL, OP_MOVE, OP_WHOLE, OP_WRITE,
                                   PAGE_PROTECTED, RECORD_PAGE, RedoBuffer)
from aurorapy_native.room cimport make_room

from aurorapy.errors import InternalError

cdef enum:
    MAX_PAGES = 64
    BODY_FIRST = 65536
    LARGEST = 1 << 20       # no mini-transaction's records are longer: 64 pages of at most 8,250 bytes, and notes


cdef class MiniTransaction:
    def __cinit__(self, BufferPool pool not None, RedoBuffer log not None):
        self.pool = pool
        self.log = log
        self.notes = []
        self.tail_page = -1
        make_room(&self.body, &self.body_size, BODY_FIRST)
        make_room(&self.gather, &self.gather_size, BODY_FIRST)

    def __init__(self, pool, log):
        """One an instance: mini-transactions do not overlap, because nothing switches inside one."""

    def __dealloc__(self):
        free(self.body)
        free(self.gather)

    cdef int begin(self, uint32_t room=LARGEST) except -1:
        if self.open:
            raise InternalError("a mini-transaction was left open")
        self.log.need_room(room if room > LARGEST else LARGEST)
        self.open = True
        return 0

    cdef int touch(self, int32_t frame) except -1:
        """Index of the frame among the touched ones; pins it the first time."""
        cdef int i
        cdef int n = self.n_touched
        for i in range(n - 1, -1, -1):
            if self.touched[i] == frame:
                return i
        if not self.open or n == MAX_PAGES:
            raise InternalError("a change outside a mini-transaction" if not self.open else
                                "a mini-transaction of more than 64 pages")
        self.touched[n] = frame
        memcpy(&self.before[n], self.pool.base + <size_t> frame * PAGE_SIZE, 8)
        self.bytes_of[n] = 0
        self.changes[n] = 0
        self.pool.frame_pins[frame] += 1
        self.n_touched = n + 1
        return n

    cdef char* change(self, int index, uint8_t op, uint32_t off, uint32_t n, uint32_t extra) except NULL:
        """Remembers a change's head; returns where its `extra` bytes go. The pad byte holds the page's index
        meanwhile."""
        cdef size_t start = self.body_used, end = start + CHANGE_HEADER + extra
        cdef uint16_t half
        make_room(&self.body, &self.body_size, end)
        cdef char* to = self.body + start
        to[0] = op
        to[1] = <char> index
        half = <uint16_t> off
        memcpy(to + 2, &half, 2)
        half = <uint16_t> n
        memcpy(to + 4, &half, 2)
        if self.changes[index] == 0:
            self.first[index] = <uint32_t> start
        self.last[index] = <uint32_t> end
        self.bytes_of[index] += CHANGE_HEADER + extra
        self.changes[index] += 1
        self.tail = <uint32_t> start
        self.tail_page = index
        self.body_used = end
        return to + CHANGE_HEADER

    cdef int write(self, int32_t frame, uint32_t off, const void* src, uint32_t n) except -1:
        cdef int index = self.touch(frame)
        cdef char* page = self.pool.base + <size_t> frame * PAGE_SIZE
        cdef char* tail
        cdef uint16_t at, length
        if off < PAGE_PROTECTED or off + n > PAGE_SIZE:
            raise InternalError(f"a write to bytes {off}..{off + n} of a page")
        if n == 0:
            return 0
        if self.tail_page == index and self.body_used + n <= self.body_size:
            tail = self.body + self.tail
            memcpy(&at, tail + 2, 2)
            memcpy(&length, tail + 4, 2)
            if tail[0] == OP_WRITE and at + length == off:
                memcpy(self.body + self.body_used, src, n)
                memmove(page + off, src, n)
                length += n
                memcpy(tail + 4, &length, 2)
                self.body_used += n
                self.bytes_of[index] += n
                self.last[index] = <uint32_t> self.body_used
                return 0
        memcpy(self.change(index, OP_WRITE, off, n, n), src, n)
        memmove(page + off, src, n)
        return 0

    cdef int move(self, int32_t frame, uint32_t dst, uint32_t src, uint32_t n) except -1:
        cdef int index = self.touch(frame)
        cdef char* page = self.pool.base + <size_t> frame * PAGE_SIZE
        cdef uint16_t half = <uint16_t> src
        if dst < PAGE_PROTECTED or dst + n > PAGE_SIZE or src + n > PAGE_SIZE:
            raise InternalError(f"a move of {n} bytes from {src} to {dst} in a page")
        if n == 0:
            return 0
        memcpy(self.change(index, OP_MOVE, dst, n, 2), &half, 2)
        memmove(page + dst, page + src, n)
        return 0

    cdef int fill(self, int32_t frame, uint32_t off, uint32_t n, uint8_t byte) except -1:
        cdef int index = self.touch(frame)
        if off < PAGE_PROTECTED or off + n > PAGE_SIZE:
            raise InternalError(f"a fill of bytes {off}..{off + n} of a page")
        if n == 0:
            return 0
        self.change(index, OP_FILL, off, n, 1)[0] = <char> byte
        memset(self.pool.base + <size_t> frame * PAGE_SIZE + off, byte, n)
        return 0

    cdef int whole(self, int32_t frame) except -1:
        cdef int index = self.touch(frame)
        cdef char* page = self.pool.base + <size_t> frame * PAGE_SIZE
        cdef PageHeader* head = <PageHeader*> page
        cdef uint16_t lower = head.lower, upper = head.upper
        if lower < PAGE_HEADER or upper < lower or upper > PAGE_SIZE:
            lower = upper = PAGE_SIZE
        memset(page + lower, 0, upper - lower)
        put_whole(self.change(index, OP_WHOLE, 0, lower + PAGE_SIZE - upper, 4 + lower + PAGE_SIZE - upper), page,
                  lower, upper)
        return 0

    cdef int init_page(self, int32_t frame, uint8_t kind, uint32_t owner, uint32_t special_size) except -1:
        cdef char* page = self.pool.base + <size_t> frame * PAGE_SIZE
        cdef PageHeader head
        cdef int index = self.touch(frame)
        memset(&head, 0, sizeof(head))
        head.kind = kind
        head.lower = PAGE_HEADER
        head.upper = head.special = <uint16_t> (PAGE_SIZE - special_size)
        head.owner = owner
        if self.changes[index] == 0:             # the record begins the page: nothing before it counts
            self.before[index] = 0
            memset(page, 0, PAGE_SIZE)
        else:
            self.fill(frame, PAGE_HEADER, PAGE_SIZE - PAGE_HEADER, 0)
        return self.write(frame, PAGE_PROTECTED, (<char*> &head) + PAGE_PROTECTED, PAGE_HEADER - PAGE_PROTECTED)

    cdef int note(self, uint8_t kind, bytes payload) except -1:
        self.notes.append((kind, payload))
        return 0

    cdef uint64_t commit(self) except 0:
        cdef int i
        cdef int n = self.n_touched
        cdef int written = 0
        cdef int writing = 0
        cdef int32_t frame
        cdef uint64_t lsn = self.log.last_lsn
        cdef uint32_t length
        cdef char* from_
        if not self.open:
            raise InternalError("no mini-transaction is open")
        for i in range(n):
            writing += self.changes[i] != 0
        if self.notes:
            lsn = self.log_notes(writing == 0)
        for i in range(n):
            frame = self.touched[i]
            self.pool.frame_pins[frame] -= 1
            if self.changes[i] == 0:
                continue
            written += 1
            from_ = self.collect(i, &length)
            lsn = self.log.append(self.pool.frame_page[frame], RECORD_PAGE,
                                  FLAG_CONSISTENCY_POINT if written == writing else 0,
                                  <uint16_t> self.changes[i], self.before[i], from_, length)
            memcpy(self.pool.base + <size_t> frame * PAGE_SIZE, &lsn, 8)
        self.n_touched = 0
        self.body_used = 0
        self.tail_page = -1
        self.open = False
        return lsn if lsn else 1     # an empty one in an empty log

    def run(self, list changes not None, notes=()):
        """A whole mini-transaction given as [(page_no, change)] and [(kind, payload)]; returns its LSN.

        A change is a tuple as redo.decode() gives them, or ("init", kind, owner, special_size) for a page begun anew,
        or ("rebuilt",) to log the page as it stands. For tests and rare paths. PageMiss, NoFrame or NoLogRoom before
        anything changed."""
        cdef dict frames = {}
        for page_no, change in changes:
            if page_no not in frames:
                frames[page_no] = self.pool.fresh(page_no) if change[0] == "init" else self.pool.need(page_no)
        self.begin()
        for page_no, change in changes:
            self.run_one(frames[page_no], change)
        for kind, payload in notes:
            self.note(kind, payload)
        return self.commit()

    cdef int run_one(self, int32_t frame, tuple change) except -1:
        name = change[0]
        if name == "write":
            return self.write(frame, change[1], <const char*> (<bytes> change[2]), <uint32_t> len(change[2]))
        if name == "move":
            return self.move(frame, change[1], change[3], change[2])
        if name == "fill":
            return self.fill(frame, change[1], change[2], change[3])
        if name == "init":
            return self.init_page(frame, change[1], change[2], change[3])
        return self.whole(frame)

    cdef char* collect(self, int index, uint32_t* length) except NULL:
        """The changes of one touched page, together; the index in their pad bytes goes back to 0."""
        cdef uint32_t total = self.bytes_of[index], at = self.first[index], n
        cdef char* to = self.gather
        cdef char* change
        cdef bint together = self.last[index] - at == total
        cdef char* page
        length[0] = total
        if total > CHANGE_HEADER + 4 + PAGE_SIZE:
            page = self.pool.base + <size_t> self.touched[index] * PAGE_SIZE
            to[0] = OP_WHOLE
            memset(to + 1, 0, 3)
            to[4] = 0
            to[5] = PAGE_SIZE >> 8
            put_whole(to + CHANGE_HEADER, page, PAGE_SIZE, PAGE_SIZE)
            self.changes[index] = 1
            length[0] = CHANGE_HEADER + 4 + PAGE_SIZE
            return self.gather
        while at < self.last[index]:
            change = self.body + at
            n = change_size(change)
            if <uint8_t> change[1] == index:
                change[1] = 0
                if not together:
                    memcpy(to, change, n)
                    to += n
            at += n
        return self.body + self.first[index] if together else self.gather

    cdef uint64_t log_notes(self, bint alone) except 0:
        cdef uint64_t lsn = 0
        cdef int left = len(self.notes)
        for kind, payload in self.notes:
            left -= 1
            lsn = self.log.append(NO_PAGE, kind, FLAG_CONSISTENCY_POINT if alone and left == 0 else 0, 0, 0,
                                  <const char*> (<bytes> payload), <uint32_t> len(payload))
        self.notes.clear()
        return lsn


cdef uint32_t change_size(const char* change) noexcept nogil:
    cdef uint16_t length
    if change[0] == OP_MOVE:
        return CHANGE_HEADER + 2
    if change[0] == OP_FILL:
        return CHANGE_HEADER + 1
    memcpy(&length, change + 4, 2)
    return CHANGE_HEADER + length + (4 if change[0] == OP_WHOLE else 0)


cdef void put_whole(char* to, const char* page, uint16_t lower, uint16_t upper) noexcept nogil:
    """The body of a WHOLE change; the page's own LSN and checksum are left out as zero."""
    memcpy(to, &lower, 2)
    memcpy(to + 2, &upper, 2)
    memset(to + 4, 0, PAGE_PROTECTED)
    memcpy(to + 4 + PAGE_PROTECTED, page + PAGE_PROTECTED, lower - PAGE_PROTECTED)
    memcpy(to + 4 + lower, page + upper, PAGE_SIZE - upper)
