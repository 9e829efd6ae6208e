# The buffer pool: one mapped region, frames at fixed places, a page table in C. Evicts clean pages, never writes one.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t

cdef class BufferPool:
    cdef char* base                      # frames * PAGE_SIZE bytes, page aligned
    cdef readonly uint32_t frames
    cdef uint32_t* frame_page            # page number in each frame, 0xFFFFFFFF none
    cdef uint16_t* frame_pins
    cdef uint8_t* frame_used             # clock bits
    cdef uint32_t* table                 # open addressing: frame + 1 by hash of page number, 0 empty
    cdef uint32_t table_mask
    cdef uint32_t hand
    cdef readonly uint64_t hits
    cdef readonly uint64_t misses
    cdef readonly uint64_t evictions
    cdef uint64_t vdl                    # pages above it may not be evicted; set by the volume
    cdef public object reader            # callable(page_no) -> 8192 bytes at the newest durable state; may switch
    cdef dict loading                    # page_no -> [stale?, waiters...]: one fetch in flight per page
    cdef dict queued                     # page_no -> records that came while it was being fetched; empty on a writer
    cdef uint32_t next_unused            # frames from here on were never used
    cdef size_t mapped                   # bytes of the region
    cdef public object tasks             # host.tasks: where a second fetch of one page waits; None without a loop
    cdef public object frame_waiter      # callable(): returns when the VDL has moved; set by the volume

    cdef int32_t await_frame(self) except -1
    cdef int32_t take_frame(self) noexcept nogil
    cdef void put(self, uint32_t page_no, int32_t frame) noexcept nogil
    cdef int32_t find(self, uint32_t page_no) noexcept nogil
    # A record of the writer's, on an instance that follows it: to the page if it is here, or to what is on its way. Its
    # length in bytes, 0 when the page is not kept.
    cdef int follow(self, uint32_t page_no, const char* record, uint32_t length) except -1
    cdef bint catch_up(self, uint32_t page_no, char* page) except -1
    cdef void remove(self, uint32_t page_no) noexcept nogil

    # Frame of a resident page, or -1. No side effect but the clock bit.
    cdef int32_t lookup(self, uint32_t page_no) noexcept nogil
    # Frame of the page; raises PageMiss (a Retry: see retry.py) when it is not resident.
    cdef int32_t need(self, uint32_t page_no) except -1
    # Frame for a page that was never written (all zero); raises NoFrame (a Retry) when nothing can be evicted.
    cdef int32_t fresh(self, uint32_t page_no) except -1
    cdef inline char* at(self, int32_t frame) noexcept nogil:
        return self.base + <size_t>frame * 8192
    cdef void pin(self, int32_t frame) noexcept nogil
    cdef void unpin(self, int32_t frame) noexcept nogil
