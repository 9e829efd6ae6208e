# A B-tree page as C sees it. Inline leaves only.
#
#   | header 32 | line pointers → | free | ← entries | special 24 |
#
# Entry of a leaf:            tid (6, big-endian), key
# Entry of an internal page:  child block (4, little-endian), tid (6), key: the child's lower bound
# Entries ascend by (key, tid). Line pointer 0 of a page that has a right sibling is its high key, laid out like an
# entry: everything on the page is below it, everything to the right at or above it. The first entry of an internal page
# stands for minus infinity whatever it says.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from libc.string cimport memcmp, memcpy, memset
from aurorapy_native.page cimport PageHeader, KIND_BTREE, PAGE_HEADER, PAGE_SIZE, lp_length, lp_make, lp_offset

cdef enum:
    NO_BLOCK = 0xFFFFFFFF
    META_BLOCK = 0
    ROOT_BLOCK = 1
    SPECIAL_SIZE = 24
    SPECIAL_AT = 8192 - 24
    PAGE_CAPACITY = 8192 - 24 - 32     # line pointers and entries together
    ENTRY_MAX = 2704                   # three of them fit a page
    KEY_MAX = 2704 - 10
    LEAF_ENTRIES_MAX = 8192 // 10
    BTREE_MAGIC = 0x42545245
    BTREE_VERSION = 1

cdef enum BTreeFlags:
    BTREE_META = 1
    BTREE_DELETED = 2                  # on the free list

ctypedef packed struct BTreeSpecial:
    uint32_t left
    uint32_t right
    uint16_t level                     # 0 leaf
    uint16_t flags
    uint32_t next_free                 # of a deleted page
    uint64_t reserved

ctypedef packed struct BTreeMeta:      # at PAGE_HEADER of block 0
    uint32_t magic
    uint32_t version
    uint32_t free_head                 # deleted pages, linked by next_free
    uint32_t free_count

cdef inline BTreeSpecial* special(const char* page) noexcept nogil:
    return <BTreeSpecial*>(page + SPECIAL_AT)

cdef inline BTreeMeta* meta_of(const char* page) noexcept nogil:
    return <BTreeMeta*>(page + PAGE_HEADER)

cdef inline uint32_t* pointers(const char* page) noexcept nogil:
    return <uint32_t*>(page + PAGE_HEADER)

# Line pointers in use, the high key's included.
cdef inline int page_count(const char* page) noexcept nogil:
    return ((<PageHeader*>page).lower - PAGE_HEADER) >> 2

cdef inline int first_entry(const char* page) noexcept nogil:
    return 0 if special(page).right == NO_BLOCK else 1

cdef inline int prefix_of(const char* page) noexcept nogil:
    return 0 if special(page).level == 0 else 4

cdef inline const char* entry_at(const char* page, int index) noexcept nogil:
    return page + lp_offset(pointers(page)[index])

cdef inline uint32_t entry_length(const char* page, int index) noexcept nogil:
    return lp_length(pointers(page)[index])

# The high key (tid, key) of a page that has one.
cdef inline const char* high_key(const char* page) noexcept nogil:
    return entry_at(page, 0) + prefix_of(page)

cdef inline uint32_t high_key_length(const char* page) noexcept nogil:
    return entry_length(page, 0) - prefix_of(page)

cdef inline uint32_t child_at(const char* page, int index) noexcept nogil:
    cdef uint32_t block
    memcpy(&block, entry_at(page, index), 4)
    return block

cdef inline uint64_t get_tid(const char* at) noexcept nogil:
    cdef const uint8_t* b = <const uint8_t*>at
    return (<uint64_t>b[0] << 40 | <uint64_t>b[1] << 32 | <uint64_t>b[2] << 24
            | <uint64_t>b[3] << 16 | <uint64_t>b[4] << 8 | b[5])

cdef inline void put_tid(char* at, uint64_t tid) noexcept nogil:
    cdef int i
    for i in range(5, -1, -1):
        at[i] = <char>(tid & 0xFF)
        tid >>= 8

# (key, tid) against an entry without its child number.
cdef inline int compare_entry(const char* key, uint32_t n, uint64_t tid, const char* entry,
                              uint32_t length) noexcept nogil:
    cdef uint32_t m = length - 6
    cdef int c = memcmp(key, entry + 6, n if n < m else m)
    cdef uint64_t other
    if c != 0:
        return c
    if n != m:
        return -1 if n < m else 1
    other = get_tid(entry)
    return (tid > other) - (tid < other)

# The first eight bytes of a key as a number, zeros behind a shorter one: numbers that differ are ordered as the keys
# are. Eight bytes can always be read: a page ends with its special area.
cdef inline uint64_t key_head(const char* key, uint32_t n) noexcept nogil:
    cdef const uint8_t* b = <const uint8_t*>key
    cdef uint64_t head = (<uint64_t>b[0] << 56 | <uint64_t>b[1] << 48 | <uint64_t>b[2] << 40 | <uint64_t>b[3] << 32
                          | <uint64_t>b[4] << 24 | <uint64_t>b[5] << 16 | <uint64_t>b[6] << 8 | b[7])
    if n >= 8:
        return head
    return 0 if n == 0 else head & ~(<uint64_t>0xFFFFFFFFFFFFFFFF >> (8 * n))

# First index in [low, high) whose entry is at or above (key, tid), or above it when `after`.
cdef inline int search_page(const char* page, int low, int high, const char* key, uint32_t n, uint64_t tid,
                            bint after) noexcept nogil:
    cdef int prefix = prefix_of(page)
    cdef int middle, c
    cdef uint32_t pointer, length
    cdef const char* entry
    cdef char[8] start
    cdef uint64_t head, other
    memset(start, 0, 8)
    memcpy(start, key, n if n < 8 else 8)
    head = key_head(start, 8)
    while low < high:
        middle = (low + high) >> 1
        pointer = pointers(page)[middle]
        entry = page + lp_offset(pointer) + prefix
        length = lp_length(pointer) - prefix
        other = key_head(entry + 6, length - 6)
        if head != other:
            c = 1 if head > other else -1
        else:
            c = compare_entry(key, n, tid, entry, length)
        if c > 0 or (after and c == 0):
            low = middle + 1
        else:
            high = middle
    return low

# Free bytes between line pointers and entries.
cdef inline uint32_t gap(const char* page) noexcept nogil:
    return (<PageHeader*>page).upper - (<PageHeader*>page).lower

# Free bytes a compaction would bring together.
cdef inline uint32_t total_free(const char* page) noexcept nogil:
    cdef uint32_t used = 0
    cdef int i
    for i in range(page_count(page)):
        used += 4 + entry_length(page, i)
    return PAGE_CAPACITY - used

# ---- building a page image in private memory ----

cdef inline void image_init(char* image, uint32_t owner, uint16_t level, uint32_t left, uint32_t right,
                            uint16_t flags) noexcept nogil:
    cdef PageHeader* header = <PageHeader*>image
    cdef BTreeSpecial* tail = special(image)
    memset(image, 0, PAGE_SIZE)
    header.kind = KIND_BTREE
    header.owner = owner
    header.lower = PAGE_HEADER
    header.upper = SPECIAL_AT
    header.special = SPECIAL_AT
    tail.left = left
    tail.right = right
    tail.level = level
    tail.flags = flags
    tail.next_free = NO_BLOCK

cdef inline void image_append(char* image, const char* entry, uint32_t length) noexcept nogil:
    cdef PageHeader* header = <PageHeader*>image
    header.upper -= length
    memcpy(image + header.upper, entry, length)
    pointers(image)[page_count(image)] = lp_make(header.upper, 1, length)
    header.lower += 4
