# A relation's place in the volume: blocks to pages, free space, visibility bits, growth.
#
# The root map page (its page number is pg_class.relfilenode) lists the relation's extents (8, 64, then 1,024 pages each)
# and the pages that hold its free-space bytes and visibility bits; RelationStorage mirrors it in memory.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.mtr cimport MiniTransaction

cdef class RelationStorage:
    cdef readonly BufferPool pool
    cdef readonly MiniTransaction mtr
    cdef readonly object volume_space        # VolumeSpace: where extents come from
    cdef readonly uint32_t root              # root map page
    cdef readonly uint32_t blocks            # pages in use
    cdef uint32_t* extents
    cdef uint32_t n_extents

    cdef inline uint32_t page_of(self, uint32_t block) noexcept nogil:
        if block < 8:
            return self.extents[0] + block
        if block < 72:
            return self.extents[1] + (block - 8)
        return self.extents[2 + ((block - 72) >> 10)] + ((block - 72) & 1023)

    # Frame of a block, resident or PageMiss.
    cdef inline int32_t frame(self, uint32_t block) except -1:
        return self.pool.need(self.page_of(block))

    # Makes sure one more block can be had without switching (raises Retry until so); then extend() in an open
    # mini-transaction returns the new block's frame, zeroed and not yet initialised.
    cdef int prepare_extend(self, uint32_t count) except -1
    cdef int32_t extend(self, uint32_t* block) except -1
    # A block with at least `need` free bytes, or 0xFFFFFFFF. May raise PageMiss.
    cdef uint32_t find_space(self, uint32_t need) except? 0xFFFFFFFE
    # Notes a block's free bytes (unlogged hint, logged lazily).
    cdef void note_space(self, uint32_t block, uint32_t free) noexcept
    # Visibility map. is: 0/1, -1 error. clear must be called in the mini-transaction that makes a row not all-visible.
    cdef int is_all_visible(self, uint32_t block) except -1
    cdef int need_visibility_page(self, uint32_t block) except -1
    cdef int set_all_visible(self, uint32_t block) except -1
    cdef int clear_all_visible(self, uint32_t block) except -1
