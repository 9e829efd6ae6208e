# A relation's place in the volume: blocks to pages, free space, visibility bits, growth.
#
# The root map page (its page number is pg_class.relfilenode) lists the relation's extents (8, 64, then 1,024 pages
# each) and the pages that hold its free-space bytes and visibility bits; RelationStorage mirrors it in memory.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.mtr cimport MiniTransaction

cdef class VolumeSpace:
    """Page 0 and the free list: where extents come from and go to. One an instance."""
    cdef readonly BufferPool pool
    cdef readonly MiniTransaction mtr
    cdef readonly uint32_t next_page         # pages from here on were never handed out
    cdef readonly list free                  # [start, pages, lsn, page_no, slot]: free from `lsn` on
    cdef list free_pages                     # of the chain, newest (head) first
    cdef list free_slots                     # (page_no, slot) unused
    cdef list counters
    cdef readonly dict relations             # root -> RelationStorage, the one mirror of each open relation
    cdef public object maps                  # on a reader: followed_maps.FollowedMaps; None on a writer
    cdef public object horizon               # callable() -> prune horizon: extents freed at or below may be used again

cdef class RelationStorage:
    cdef readonly BufferPool pool
    cdef readonly MiniTransaction mtr
    cdef readonly object volume_space        # VolumeSpace: where extents come from
    cdef readonly uint32_t root              # root map page
    cdef readonly uint32_t blocks            # pages in use
    cdef uint32_t* extents
    cdef uint32_t n_extents
    cdef readonly uint8_t kind               # what it holds: the PageKind given to create()
    cdef readonly bint dropped
    cdef public tuple incomplete             # an index: (xid, LSN) of its making, when older snapshots miss rows in it
    cdef readonly list map_pages             # root first
    cdef readonly list meta_extents          # 8 pages each: map, space and visibility pages; the first begins with root
    cdef readonly list space_pages
    cdef uint32_t* visibility_pages
    cdef uint32_t n_visibility
    cdef uint32_t n_entries                  # in all map pages together
    cdef uint32_t wanted                     # blocks the last prepare_extend asked for
    cdef uint8_t* space                      # free bytes / 32 of each block; room for `space_size` blocks
    cdef uint8_t* space_max                  # upper bound of each 256 blocks of it
    cdef uint32_t space_size
    cdef uint32_t space_loaded               # space pages read so far
    cdef uint32_t space_hand                 # block at which the last search ended
    cdef set space_dirty                     # indexes of space pages whose bytes changed in memory

    cdef int size_space(self, uint32_t blocks) except -1
    cdef int load_space(self) except -1
    cdef uint32_t visibility_place(self, uint32_t block, uint8_t* bit) noexcept nogil
    cdef int set_visibility(self, uint32_t block, bint on) except -1

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
