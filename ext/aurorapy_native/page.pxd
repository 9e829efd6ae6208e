# The 8 KiB page as C sees it: header, line pointers. Inline leaves only; no module of its own at run time.
#
#   0        32                lower      upper             special    8192
#   | header | line pointers → |   free   | ← tuples/entries | special |
#
# Bytes change only through a MiniTransaction (mtr.pxd), so that every change is in the log.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t

cdef enum:
    PAGE_SIZE = 8192
    PAGE_HEADER = 32

cdef enum PageKind:
    KIND_FREE = 0        # never written
    KIND_VOLUME = 1      # page 0: the volume's own header
    KIND_EXTENT_FREE = 2 # list of free and quarantined extents
    KIND_MAP = 3         # a relation's map: extents, free space and visibility pages
    KIND_SPACE = 4       # free space, a byte a heap page
    KIND_VISIBILITY = 5  # all-visible bits
    KIND_HEAP = 6
    KIND_BTREE = 7
    KIND_STATUS = 8      # two bits a transaction id
    KIND_SEQUENCE = 9
    KIND_TOAST = 10      # reserved

ctypedef packed struct PageHeader:
    uint64_t lsn          # end of the last record that changed the page
    uint32_t checksum     # CRC-32C of the page with this field 0; valid only outside memory
    uint8_t kind
    uint8_t flags
    uint16_t lower
    uint16_t upper
    uint16_t special
    uint32_t owner        # root map page of the relation it belongs to, 0 for none
    uint64_t pruned_to    # highest commit LSN whose old versions were removed from here

# A line pointer is 32 bits: offset 15, flags 2 (0 unused, 1 normal, 2 redirect, 3 dead), length 15 - as in PostgreSQL.
cdef inline uint32_t lp_make(uint32_t offset, uint32_t flags, uint32_t length) noexcept nogil:
    return offset | (flags << 15) | (length << 17)

cdef inline uint32_t lp_offset(uint32_t lp) noexcept nogil:
    return lp & 0x7FFF

cdef inline uint32_t lp_flags(uint32_t lp) noexcept nogil:
    return (lp >> 15) & 3

cdef inline uint32_t lp_length(uint32_t lp) noexcept nogil:
    return lp >> 17
