"""Bulk building of a B-tree: ascending entries become full pages, each written once.

    leaf being filled  | a b c d e …      at 90 % it is written, with its high key and its right sibling's block number
    parent             | -inf → 2 | "f" → 3 | …

Every level fills one page image in private memory. A page's block is handed out when the page before it is written, so
that links need no second visit; the top level's only page becomes the root, block 1. A page is a mini-transaction of
its own: a tree half built is a relation that nobody's pg_class row names, and its extents are freed.

The entries may come from a generator that switches. Errors: InternalError when they do not ascend.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint16_t, uint32_t, uint64_t, int32_t
from libc.string cimport memcmp, memcpy, memmove

from aurorapy_native.btree cimport BTree
from aurorapy_native.btree_page cimport *
from aurorapy_native.page cimport PAGE_HEADER, PageHeader, lp_make

from aurorapy.errors import InternalError
from aurorapy_native.retry import Retry


cdef class Level:
    """The page being filled at one level of the tree."""

    cdef char[8192] image
    cdef uint32_t block          # NO_BLOCK until the level is known to have a second page
    cdef uint32_t left
    cdef bytes low_key           # lower bound of the page
    cdef uint64_t low_tid


def build(BTree tree not None, entries, int fill=90):
    """BTree.build: `entries` are (key, tid) pairs in ascending order; `fill` is percent of a page."""
    cdef Builder builder = Builder(tree, fill)
    cdef bytes one
    builder.start()
    for key, tid in entries:
        one = key
        builder.add_leaf_entry(PyBytes_AS_STRING(one), <uint32_t>PyBytes_GET_SIZE(one), tid)
    builder.finish()


cdef class Builder:
    def __cinit__(self, BTree tree, int fill):
        if not 10 <= fill <= 100:
            raise ValueError("fill is between 10 and 100 percent")
        self.tree = tree
        self.threshold = PAGE_CAPACITY * fill // 100
        self.levels = []
        self.last_length = -1

    cdef int start(self) except -1:
        while True:
            try:
                self.tree.create_pages()
                break
            except Retry as retry:
                retry.wait()
        self.leaf = self.open_level()
        return 0

    cdef object open_level(self):
        cdef Level level = Level()
        image_init(level.image, self.tree.storage.root, <uint16_t>len(self.levels), NO_BLOCK, NO_BLOCK, 0)
        level.block = NO_BLOCK
        level.left = NO_BLOCK
        level.low_key = b""
        level.low_tid = 0
        self.levels.append(level)
        return level

    cdef int add_leaf_entry(self, const char* key, uint32_t n, uint64_t tid) except -1:
        cdef char[ENTRY_MAX] entry
        cdef Level leaf = <Level>self.leaf
        cdef uint32_t common = 0, last = <uint32_t>max(self.last_length, 0)
        cdef int order
        if n > KEY_MAX:
            self.tree.refuse_size(n)
        if self.last_length >= 0:
            order = memcmp(key, self.last_key, min(n, last))
            if order < 0 or order == 0 and (n < last or n == last and tid <= self.last_tid):
                raise InternalError("entries of a bulk build must ascend")
        put_tid(entry, tid)
        memcpy(entry + 6, key, n)
        if self.is_full(leaf, n + 6):
            if n == last and memcmp(entry + 6, self.last_key, n) == 0:
                self.close_page(0, PyBytes_FromStringAndSize(entry + 6, n), tid)
            else:
                while common < last and entry[6 + common] == self.last_key[common]:
                    common += 1
                self.close_page(0, PyBytes_FromStringAndSize(entry + 6, common + 1), 0)
        image_append(leaf.image, entry, n + 6)
        memcpy(self.last_key, entry + 6, n)
        self.last_length = <int>n
        self.last_tid = tid
        return 0

    cdef int add_child(self, int number, uint32_t block, bytes key, uint64_t tid) except -1:
        cdef uint32_t n = PyBytes_GET_SIZE(key)
        cdef char[ENTRY_MAX] entry
        cdef Level level = self.levels[number] if number < len(self.levels) else self.open_level()
        if self.is_full(level, n + 10):
            if gap(level.image) < n + 14:    # no room for a high key: the last entry moves on and gives it
                self.move_last(number)
            else:
                self.close_page(number, key, tid)
        if page_count(level.image) == 0:
            n = 0                    # the first entry stands for minus infinity
            tid = 0
        memcpy(entry, &block, 4)
        put_tid(entry + 4, tid)
        memcpy(entry + 10, PyBytes_AS_STRING(key), n)
        image_append(level.image, entry, n + 10)
        return 0

    cdef int move_last(self, int number) except -1:
        cdef Level level = self.levels[number]
        cdef PageHeader* header = <PageHeader*>level.image
        cdef int last = page_count(level.image) - 1
        cdef uint32_t block = child_at(level.image, last), length = entry_length(level.image, last)
        cdef const char* entry = entry_at(level.image, last)
        cdef uint64_t tid = get_tid(entry + 4)
        cdef bytes key = PyBytes_FromStringAndSize(entry + 10, length - 10)
        header.lower -= 4
        header.upper += length
        self.close_page(number, key, tid)
        return self.add_child(number, block, key, tid)

    cdef bint is_full(self, object which, uint32_t length) except *:
        cdef Level level = <Level>which
        # A leaf's high key is at most a byte longer than its last entry, for which room must stay.
        if page_count(level.image) < 2:
            return False
        if PAGE_CAPACITY - gap(level.image) + length + 4 > self.threshold:
            return True
        return gap(level.image) < (2 * (length + 4) + 1 if special(level.image).level == 0 else length + 4)

    cdef int close_page(self, int number, bytes bound, uint64_t bound_tid) except -1:
        # Writes a level's page with `bound` as its high key (None: the last one) and begins the next.
        cdef Level level = self.levels[number]
        cdef uint32_t block = level.block, right = NO_BLOCK
        cdef bytes low_key = level.low_key
        cdef uint64_t low_tid = level.low_tid
        if bound is not None:
            set_high_key(level.image, bound, bound_tid)
        special(level.image).left = level.left
        while True:
            try:
                self.write(level.image, &block, &right, bound is not None)
                break
            except Retry as retry:
                retry.wait()
        image_init(level.image, self.tree.storage.root, <uint16_t>number, NO_BLOCK, NO_BLOCK, 0)
        level.left = block
        level.block = right
        level.low_key = bound
        level.low_tid = bound_tid
        return self.add_child(number + 1, block, low_key, low_tid)

    cdef int write(self, char* image, uint32_t* block, uint32_t* right, bint linked) except -1:
        cdef BTree tree = self.tree
        cdef int32_t frame = -1
        cdef bint new = block[0] == NO_BLOCK
        try:
            if not new:
                frame = tree.storage.frame(block[0])
                tree.pin(frame)
            tree.storage.prepare_extend((1 if new else 0) + (1 if linked else 0))
            tree.mtr.begin(2 * 8448)
            if new:
                frame = tree.storage.extend(block)
            if linked:
                tree.storage.extend(right)
            special(image).right = right[0]
            tree.replace_page(frame, image)
            tree.mtr.commit()
        finally:
            tree.unpin_all()
        return 0

    cdef int finish(self) except -1:
        cdef Level level
        cdef int number = 0
        cdef uint32_t root = ROOT_BLOCK, none = NO_BLOCK
        while True:
            level = self.levels[number]
            if level.left == NO_BLOCK:
                break
            self.close_page(number, None, 0)
            number += 1
        while True:
            try:
                self.write(level.image, &root, &none, False)
                break
            except Retry as retry:
                retry.wait()
        self.tree.last_leaf = ROOT_BLOCK if number == 0 else (<Level>self.levels[0]).left
        return 0


cdef void set_high_key(char* image, bytes key, uint64_t tid) except *:
    # The image must have room; its line pointers move up by one.
    cdef PageHeader* header = <PageHeader*>image
    cdef int prefix = prefix_of(image)
    cdef char[ENTRY_MAX] entry
    cdef uint32_t n = PyBytes_GET_SIZE(key), length = prefix + 6 + n
    memset(entry, 0, 4)
    put_tid(entry + prefix, tid)
    memcpy(entry + prefix + 6, PyBytes_AS_STRING(key), n)
    memmove(image + PAGE_HEADER + 4, image + PAGE_HEADER, header.lower - PAGE_HEADER)
    header.lower += 4
    header.upper -= length
    memcpy(image + header.upper, entry, length)
    pointers(image)[0] = lp_make(header.upper, 1, length)
