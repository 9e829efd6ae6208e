# Redo records: their bytes, how they are applied, and the writer's buffer of records not yet sent.
#
# Record, little-endian:
#    0 u32 length      whole record, header included
#    4 u32 crc         CRC-32C of everything after this field
#    8 u64 lsn         end of the record in the volume's log: the page's LSN once applied
#   16 u64 prev_volume LSN of the previous record of the volume
#   24 u64 prev_group  LSN of the previous record of the protection group
#   32 u64 prev_page   LSN of the page before (0: the page begins here, from all zero, whatever it was in a former life)
#   40 u32 page_no     0xFFFFFFFF: a note, no page
#   44 u8  kind        RECORD_PAGE, or the note's kind
#   45 u8  flags       1 = consistency point (last record of its mini-transaction)
#   46 u16 changes     number of changes
#   48 ... changes: u8 op, u8 pad, u16 offset, u16 length, then
#          WRITE: length bytes · MOVE: u16 source · FILL: u8 byte · WHOLE: u16 lower, u16 upper, lower + (8192-upper)
#          (length = lower + 8192 - upper; between lower and upper the page is zero)
# No change touches bytes 0..12 of a page: LSN and checksum stand outside the patches.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from libc.string cimport memcpy

cdef enum:
    RECORD_HEADER = 48
    FLAG_CONSISTENCY_POINT = 1

cdef enum ChangeOp:
    OP_WRITE = 1
    OP_MOVE = 2
    OP_FILL = 3
    OP_WHOLE = 4
    CHANGE_HEADER = 6
    PAGE_PROTECTED = 12      # bytes of a page no change may touch

cdef enum:
    NO_PAGE = 0xFFFFFFFF

cdef enum RecordKind:
    RECORD_PAGE = 0
    NOTE_COMMIT = 1          # u64 count, then ids
    NOTE_INVALIDATE = 2      # catalog: u32 database, u32 relation oid (0 = everything)
    NOTE_DROPPED = 3         # u32 root map page
    NOTE_PRUNE_HORIZON = 4   # u64 LSN
    NOTE_ROW = 5             # reserved: logical decoding
    NOTE_ABORT = 6           # u64 count, then ids
    NOTE_INCOMPLETE = 7      # index: u32 root map page, u64 id: snapshots that do not see it miss rows there
    NOTE_FREED = 8           # pages given back: (u32 first page, u32 pages)…, all of the group whose log it is in

# The protection group whose log a record is in: its page's; of notes group 0, but NOTE_FREED is in its pages' group.
# `body` is what follows the header.
cdef inline uint32_t group_of(uint32_t page_no, uint8_t kind, const char* body, uint32_t body_length,
                              uint32_t group_pages) noexcept nogil:
    cdef uint32_t first = 0
    if page_no != NO_PAGE:
        return page_no / group_pages
    if kind == NOTE_FREED and body_length >= 4:
        memcpy(&first, body, 4)
    return first / group_pages

# Applies a record's changes to a page image. 0 applied, 1 already there (page LSN >= record LSN: nothing changed),
# -1 out of order (page LSN != prev_page), -2 malformed.
cdef int apply_record(char* page, const char* record, uint32_t length) noexcept nogil

# Length of the whole, undamaged record at `data`, or 0.
cdef uint32_t record_at(const char* data, size_t left) noexcept nogil

cdef struct Header:          # the record's fixed part, as drawn above
    uint32_t length
    uint32_t crc
    uint64_t lsn
    uint64_t prev_volume
    uint64_t prev_group
    uint64_t prev_page
    uint32_t page_no
    uint8_t kind
    uint8_t flags
    uint16_t changes

cdef class RedoBuffer:
    """The writer's records that no batch has taken yet, a buffer a protection group."""
    cdef readonly uint64_t last_lsn          # of the last record handed out
    cdef readonly uint64_t position          # where the next record begins; above last_lsn only after a recovery
    cdef readonly uint64_t last_consistency_point
    cdef readonly uint64_t records           # handed out since this buffer was made
    cdef public uint64_t limit_lsn           # VDL + 64 MB: begin() refuses beyond
    cdef uint32_t group_pages                # pages per protection group
    cdef uint64_t* group_last                # last LSN by group
    cdef uint64_t* group_sent                # last LSN taken, by group
    cdef uint32_t groups
    cdef char** group_buffer
    cdef size_t* group_used
    cdef size_t* group_taken                 # of group_used, taken already
    cdef size_t* group_size
    cdef readonly size_t pending_bytes
    cdef public object on_pending            # called once when the buffer goes from empty to not empty (arms the timer)

    cdef public object wait_for_room         # callable(): returns when the VDL has moved; set by the volume

    cdef int grow(self, uint32_t group) except -1
    cdef char* reserve(self, uint32_t group, size_t n) except NULL
    # Room for `n` more bytes below the limit? Raises NoLogRoom (a Retry).
    cdef int need_room(self, uint32_t n) except -1
    # Appends one finished record: header fields but lsn, links and crc are filled in here. Returns its LSN.
    cdef uint64_t append(self, uint32_t page_no, uint8_t kind, uint8_t flags, uint16_t changes, uint64_t prev_page,
                         const char* body, uint32_t body_length) except 0
