# A mini-transaction: page changes that appear together. Applied to the frames at once, logged at commit.
#
#   mtr.begin(room)                      # Retry when the log has no room (back-pressure); nothing may switch after it
#   mtr.write(frame, off, src, n) ...    # changes the frame and remembers the change
#   lsn = mtr.commit()                   # one record a page, the last one a consistency point; sets page LSNs
#
# Look up every page first (pool.need), then begin, then change: between begin and commit nothing may fail.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.redo cimport RedoBuffer

cdef class MiniTransaction:
    cdef readonly BufferPool pool
    cdef readonly RedoBuffer log
    cdef bint open
    cdef int32_t[64] touched             # frames, in order of first change; pinned until commit
    cdef int n_touched
    cdef char* body                      # change bytes, grown as needed
    cdef size_t body_used
    cdef size_t body_size
    cdef list notes
    cdef uint64_t[64] before             # LSN of each touched page before; 0 when this one began it
    cdef uint32_t[64] first              # where the page's changes begin in body, where they end, bytes, how many
    cdef uint32_t[64] last
    cdef uint32_t[64] bytes_of
    cdef uint32_t[64] changes
    cdef uint32_t tail                   # start of the last change in body: adjacent writes are merged into it
    cdef int tail_page                   # its index in touched, -1 none
    cdef char* gather                    # one page's changes, when they lie scattered in body
    cdef size_t gather_size

    cdef int touch(self, int32_t frame) except -1
    cdef int run_one(self, int32_t frame, tuple change) except -1
    cdef char* collect(self, int index, uint32_t* length) except NULL
    cdef uint64_t log_notes(self, bint alone) except 0
    cdef char* change(self, int index, uint8_t op, uint32_t off, uint32_t n, uint32_t extra) except NULL

    cdef int begin(self, uint32_t room=?) except -1
    # The frame's bytes [off, off+n) become src's.
    cdef int write(self, int32_t frame, uint32_t off, const void* src, uint32_t n) except -1
    # memmove within the page.
    cdef int move(self, int32_t frame, uint32_t dst, uint32_t src, uint32_t n) except -1
    cdef int fill(self, int32_t frame, uint32_t off, uint32_t n, uint8_t byte) except -1
    # The frame was rebuilt in place by the caller: log all of it (without the hole between lower and upper).
    cdef int whole(self, int32_t frame) except -1
    # A zeroed page becomes an empty page of `kind` owned by `owner`, lower = 32, upper = special = 8192 - special_size.
    cdef int init_page(self, int32_t frame, uint8_t kind, uint32_t owner, uint32_t special_size) except -1
    # Something storage keeps and never reads; kinds in redo.pxd.
    cdef int note(self, uint8_t kind, bytes payload) except -1
    # End LSN of the last record.
    cdef uint64_t commit(self) except 0
