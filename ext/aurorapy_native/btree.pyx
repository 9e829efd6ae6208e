"""The B-tree: entries (key, tid) in order, in pages linked left to right (Lehman and Yao).

    block 0    meta: version, list of deleted pages
    block 1    the root, always: when it splits, its halves move out and it becomes their parent

    root   | -inf → 2 | "k" → 3 |                level 1
    leaf 2 | high "k" | "a",t1 | "c",t2 | → 3    level 0
    leaf 3 | "k",t3   | "z",t4 |

Keys are bytes compared as memcmp does (aurorapy_native.keys makes them); equal keys stand in the order of their tids,
so every entry has one place. A separator is the shortest beginning of the right half's first key that still divides.

One change is one mini-transaction. It first looks up, without switching, every page it will touch; what is missing is
raised as a Retry, and the caller waits and starts again from the root. A split carries its entries all the way up, and
a page's deletion its links and its parent: no half-done structure is ever seen, by this instance or a reader. For the
same reason nobody holds a block number across a switch. A scan copies a leaf's matches, keeps the leaf's bound as a
key, and comes back through the root (0.3 µs a leaf); a deleted page can therefore be used again at once, in the past of
an old snapshot as in the present, since whoever reads at an LSN reads every page of the tree at that LSN.

An appended entry goes to the remembered rightmost leaf without a descent, and a rightmost page splits 90 to 10.

Errors: ProgramLimitExceeded 54000 for a key beyond a third of a page, DataCorrupted XX001 for a page that is not what
its parent says.

Not here: uniqueness and visibility (`access`); the values (`keys` cannot be turned back); images of split pages
(`btree_split`), ranges (`btree_scan`), vacuum (`btree_vacuum`), bulk loading (`btree_build`), checking (`btree_check`).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy

from aurorapy_native.btree_page cimport *
from aurorapy_native.btree_split cimport LevelPlan, choose_split, compact, make_halves
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.page cimport KIND_BTREE, PAGE_HEADER, PAGE_SIZE, PageHeader, lp_length, lp_make, lp_offset
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.space cimport RelationStorage

from aurorapy.errors import DataCorrupted, InternalError, ProgramLimitExceeded
from aurorapy_native.retry import Retry

cdef enum:
    HEADER_LOWER = 14        # offset of PageHeader.lower

# Scratch of the one thread that changes trees; nothing switches while it is in use.
cdef char OLD[8192]
cdef char LEFT[8192]
cdef char RIGHT[8192]

cdef LevelPlan PLAN[HEIGHT_MAX]


cdef class BTree:
    """One index. `name` is for error messages; a relation without blocks is an empty tree, made on the first insert."""

    def __cinit__(self, RelationStorage storage not None, str name=""):
        self.storage = storage
        self.pool = storage.pool
        self.mtr = storage.mtr
        self.name = name
        self.last_leaf = ROOT_BLOCK

    @staticmethod
    def create(RelationStorage storage not None, str name=""):
        """An empty tree in a relation that has no blocks."""
        cdef BTree tree = BTree(storage, name)
        while True:
            try:
                tree.create_pages()
                return tree
            except Retry as retry:
                retry.wait()

    @staticmethod
    def build(RelationStorage storage not None, entries, str name="", int fill=90):
        """A tree of ascending (key, tid) pairs, its pages written whole; the relation must have no blocks."""
        from aurorapy_native.btree_build import build

        tree = BTree(storage, name)
        build(tree, entries, fill)
        return tree

    # ---- operations: each waits and starts over until it is through ----

    def insert(self, bytes key not None, uint64_t tid):
        """Adds (key, tid)."""
        while True:
            try:
                self.insert_key(PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), tid)
                return
            except Retry as retry:
                retry.wait()

    def delete(self, bytes key not None, uint64_t tid):
        """Removes (key, tid); False when it is not there."""
        while True:
            try:
                return self.delete_key(PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), tid) == 1
            except Retry as retry:
                retry.wait()

    def lookup(self, bytes key not None):
        """The tids of a key, ascending."""
        while True:
            try:
                return self.try_lookup(key)
            except Retry as retry:
                retry.wait()

    def try_insert(self, bytes key not None, uint64_t tid):
        """insert() for a caller that must not switch: raises a Retry instead of waiting."""
        self.insert_key(PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), tid)

    def try_lookup(self, bytes key not None):
        """lookup() for a caller that must not switch: raises a Retry instead of waiting."""
        cdef list found = []
        if self.storage.blocks:
            self.collect(PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), found)
        return found

    def scan(self, bytes lower=None, bytes upper=None, bint lower_inclusive=True, bint upper_inclusive=True,
             bint backward=False):
        """A cursor over the keys between two bounds; None is no bound."""
        return scan_class()(self, lower, upper, lower_inclusive, upper_inclusive, backward)

    def vacuum(self, dead, uint64_t pruned_to=0, give_way=None):
        """Removes the entries whose tid is in `dead` (ascending ints); returns how many.

        pruned_to: commit LSN up to which removed rows were dead. give_way: called between leaves, may switch.
        """
        from aurorapy_native.btree_vacuum import vacuum

        return vacuum(self, dead, pruned_to, give_way)

    def estimate(self):
        """(pages, entries, height): entries from a few sampled leaves, height 1 for a single leaf."""
        while True:
            try:
                return estimate_size(self)
            except Retry as retry:
                retry.wait()

    def page(self, uint32_t block):
        """A copy of one page, for checks."""
        while True:
            try:
                return PyBytes_FromStringAndSize(self.pool.at(self.storage.frame(block)), PAGE_SIZE)
            except Retry as retry:
                retry.wait()

    def check(self):
        """Everything that is wrong with the tree, a sentence each; an empty list is a sound tree."""
        from aurorapy_native.btree_check import check

        return check(self)

    # ---- finding ----

    cdef int32_t page_frame(self, uint32_t block, int level) except -1:
        # The frame of a page that must be of this tree and level; level -1: any.
        cdef int32_t frame
        cdef char* page
        if block >= self.storage.blocks:
            raise DataCorrupted(f'index "{self.name}" points to block {block} beyond its end')
        frame = self.storage.frame(block)
        page = self.pool.at(frame)
        if ((<PageHeader*>page).kind != KIND_BTREE or special(page).flags != 0
                or (level >= 0 and special(page).level != level)):
            raise DataCorrupted(f'index "{self.name}" contains an unexpected page at block {block}')
        return frame

    cdef int32_t find_leaf(self, const char* key, uint32_t n, uint64_t tid) except -1:
        cdef int32_t frame = self.page_frame(ROOT_BLOCK, -1)
        cdef char* page = self.pool.at(frame)
        cdef int level = special(page).level
        cdef int index
        while level > 0:
            level -= 1
            index = search_page(page, first_entry(page) + 1, page_count(page), key, n, tid, True) - 1
            frame = self.page_frame(child_at(page, index), level)
            page = self.pool.at(frame)
        return frame

    cdef int descend(self, const char* key, uint32_t n, uint64_t tid, bint strict, Path* path) except -1:
        # strict: to the leaf of what comes just before (key, tid).
        cdef uint32_t block = ROOT_BLOCK
        cdef int32_t frame = self.page_frame(block, -1)
        cdef char* page = self.pool.at(frame)
        cdef int level = special(page).level
        cdef int index
        if level >= HEIGHT_MAX - 1:
            raise DataCorrupted(f'index "{self.name}" has {level} levels')
        path.top = level
        path.bound_level = 0
        while True:
            path.block[level] = block
            path.frame[level] = frame
            path.index[level] = 0
            if level == 0:
                return 0
            index = search_page(page, first_entry(page) + 1, page_count(page), key, n, tid, not strict) - 1
            path.index[level] = index
            if index > first_entry(page):
                path.bound_level = level
            block = child_at(page, index)
            level -= 1
            frame = self.page_frame(block, level)
            page = self.pool.at(frame)

    cdef int32_t append_leaf(self, const char* key, uint32_t n, uint64_t tid) except -2:
        # The remembered rightmost leaf when (key, tid) belongs at its end; -1 otherwise. Never a Retry.
        cdef int32_t frame
        cdef char* page
        cdef int count
        if self.last_leaf >= self.storage.blocks:
            return -1
        frame = self.pool.lookup(self.storage.page_of(self.last_leaf))
        if frame < 0:
            return -1
        page = self.pool.at(frame)
        count = page_count(page)
        if ((<PageHeader*>page).kind != KIND_BTREE or (<PageHeader*>page).owner != self.storage.root
                or special(page).flags != 0 or special(page).level != 0 or special(page).right != NO_BLOCK
                or count == 0):
            return -1
        if compare_entry(key, n, tid, entry_at(page, count - 1), entry_length(page, count - 1)) <= 0:
            return -1
        return frame

    cdef int32_t settle(self, int32_t frame, int* index, const char* key, uint32_t n) except -2:
        # Equal keys may go on in the right sibling: the frame and index of the match at or after `index`, -1 for none.
        cdef char* page = self.pool.at(frame)
        cdef const char* entry
        while index[0] == page_count(page):
            if (special(page).right == NO_BLOCK
                    or compare_entry(key, n, TID_AFTER_ALL, high_key(page), high_key_length(page)) < 0):
                return -1
            frame = self.page_frame(special(page).right, 0)
            page = self.pool.at(frame)
            index[0] = first_entry(page)
        entry = entry_at(page, index[0])
        if entry_length(page, index[0]) - 6 != n or memcmp(entry + 6, key, n) != 0:
            return -1
        return frame

    cdef int collect(self, const char* key, uint32_t n, list found) except -1:
        cdef int32_t frame = self.find_leaf(key, n, 0)
        cdef char* page = self.pool.at(frame)
        cdef int index = search_page(page, first_entry(page), page_count(page), key, n, 0, False)
        while True:
            frame = self.settle(frame, &index, key, n)
            if frame < 0:
                return 0
            found.append(get_tid(entry_at(self.pool.at(frame), index)))
            index += 1

    cdef int lookup_unique(self, const char* key, uint32_t n, uint64_t* tid) except -1:
        cdef int32_t frame
        cdef char* page
        cdef int index
        if self.storage.blocks == 0:
            return 0
        frame = self.find_leaf(key, n, 0)
        page = self.pool.at(frame)
        index = search_page(page, first_entry(page), page_count(page), key, n, 0, False)
        frame = self.settle(frame, &index, key, n)
        if frame < 0:
            return 0
        tid[0] = get_tid(entry_at(self.pool.at(frame), index))
        index += 1
        return 1 if self.settle(frame, &index, key, n) < 0 else 2

    # ---- changing one page ----

    cdef void set_bounds(self, int32_t frame, uint16_t lower, uint16_t upper) except *:
        cdef uint16_t[2] bounds
        bounds[0] = lower
        bounds[1] = upper
        self.mtr.write(frame, HEADER_LOWER, bounds, 4)

    cdef void put_entry(self, int32_t frame, int index, const char* entry, uint32_t length) except *:
        # The gap must hold the entry and a line pointer.
        cdef char* page = self.pool.at(frame)
        cdef PageHeader* header = <PageHeader*>page
        cdef uint16_t upper = header.upper - length
        cdef uint32_t at = PAGE_HEADER + 4 * index
        cdef uint32_t pointer = lp_make(upper, 1, length)
        self.mtr.write(frame, upper, entry, length)
        self.mtr.move(frame, at + 4, at, header.lower - at)
        self.mtr.write(frame, at, &pointer, 4)
        self.set_bounds(frame, header.lower + 4, upper)

    cdef void remove_entry(self, int32_t frame, int index) except *:
        # Its bytes stay behind until the page is compacted.
        cdef PageHeader* header = <PageHeader*>self.pool.at(frame)
        cdef uint32_t at = PAGE_HEADER + 4 * index
        self.mtr.move(frame, at, at + 4, header.lower - at - 4)
        self.set_bounds(frame, header.lower - 4, header.upper)

    cdef void remove_entries(self, int32_t frame, const int* at, int n) except *:
        # Those at the ascending indexes; neighbours go together.
        cdef PageHeader* header = <PageHeader*>self.pool.at(frame)
        cdef uint32_t here, gone
        cdef int last = n - 1, first
        while last >= 0:
            first = last
            while first and at[first - 1] == at[first] - 1:
                first -= 1
            here = PAGE_HEADER + 4 * at[first]
            gone = 4 * (last - first + 1)
            if here + gone < header.lower:
                self.mtr.move(frame, here, here + gone, header.lower - here - gone)
            self.set_bounds(frame, <uint16_t> (header.lower - gone), header.upper)
            last = first - 1

    cdef void replace_page(self, int32_t frame, char* image) except *:
        # The log's own fields (LSN, checksum) stay; so does pruned-to unless the image says more.
        cdef char* page = self.pool.at(frame)
        if (<PageHeader*>image).pruned_to < (<PageHeader*>page).pruned_to:
            (<PageHeader*>image).pruned_to = (<PageHeader*>page).pruned_to
        memcpy(page + 12, image + 12, PAGE_SIZE - 12)
        self.mtr.whole(frame)

    cdef void set_link(self, int32_t frame, bint right, uint32_t block) except *:
        self.mtr.write(frame, SPECIAL_AT + (4 if right else 0), &block, 4)

    # ---- inserting ----

    cdef int refuse_size(self, uint32_t n) except -1:
        cdef uint32_t size = (n + 10 + 7) & ~<uint32_t>7
        if size > 8191:
            raise ProgramLimitExceeded(f"index row requires {size} bytes, maximum size is 8191")
        raise ProgramLimitExceeded(
            f'index row size {size} exceeds btree version 4 maximum {ENTRY_MAX} for index "{self.name}"',
            hint="Values larger than 1/3 of a buffer page cannot be indexed.\n"
                 "Consider a function index of an MD5 hash of the value, or use full text indexing.")

    cdef int create_pages(self) except -1:
        cdef uint32_t block
        cdef int32_t frame
        cdef BTreeMeta* meta
        if self.storage.blocks:
            raise InternalError(f'index "{self.name}" has pages already')
        self.storage.prepare_extend(2)
        self.mtr.begin(2048)
        frame = self.storage.extend(&block)
        image_init(LEFT, self.storage.root, 0, NO_BLOCK, NO_BLOCK, BTREE_META)
        meta = meta_of(LEFT)
        meta.magic = BTREE_MAGIC
        meta.version = BTREE_VERSION
        meta.free_head = NO_BLOCK
        (<PageHeader*>LEFT).lower += sizeof(BTreeMeta)
        self.replace_page(frame, LEFT)
        frame = self.storage.extend(&block)
        image_init(LEFT, self.storage.root, 0, NO_BLOCK, NO_BLOCK, 0)
        self.replace_page(frame, LEFT)
        self.mtr.commit()
        self.last_leaf = ROOT_BLOCK
        return 0

    cdef int insert_key(self, const char* key, uint32_t n, uint64_t tid) except -1:
        cdef char[ENTRY_MAX] entry
        cdef Path path
        cdef int32_t frame
        cdef char* page
        cdef int index
        if n > KEY_MAX:
            self.refuse_size(n)
        if self.storage.blocks == 0:
            self.create_pages()
        put_tid(entry, tid)
        memcpy(entry + 6, key, n)
        n += 6
        frame = self.append_leaf(key, n - 6, tid)
        if frame >= 0:
            page = self.pool.at(frame)
            index = page_count(page)
        else:
            frame = self.find_leaf(key, n - 6, tid)
            page = self.pool.at(frame)
            index = search_page(page, first_entry(page), page_count(page), key, n - 6, tid, False)
            if (index < page_count(page)
                    and not compare_entry(key, n - 6, tid, entry_at(page, index), entry_length(page, index))):
                raise InternalError(f'index "{self.name}" has this entry already')
        if gap(page) >= n + 4:
            self.mtr.begin(256 + n)
            self.put_entry(frame, index, entry, n)
            self.mtr.commit()
            return 0
        if total_free(page) >= n + 4:
            self.mtr.begin(PAGE_SIZE + 512)
            compact(page, LEFT, index, entry, n)
            self.replace_page(frame, LEFT)
            self.mtr.commit()
            return 0
        self.descend(key, n - 6, tid, False, &path)
        path.index[0] = index
        return self.split_and_insert(&path, entry, n)

    cdef void pin(self, int32_t frame) noexcept:
        self.pool.pin(frame)
        self.pinned[self.n_pinned] = frame
        self.n_pinned += 1

    cdef void unpin_all(self) noexcept:
        while self.n_pinned:
            self.n_pinned -= 1
            self.pool.unpin(self.pinned[self.n_pinned])

    cdef int split_and_insert(self, Path* path, const char* entry, uint32_t length) except -1:
        # Plans the splits from the leaf up, gathers every page they touch, then makes them in one mini-transaction.
        cdef int levels, level, wanted, n_taken = 0
        cdef uint32_t[HEIGHT_MAX + 1] taken
        cdef int32_t[HEIGHT_MAX + 1] taken_frame
        cdef char* page
        cdef uint32_t block
        cdef int32_t frame, meta
        memcpy(PLAN[0].entry, entry, length)
        PLAN[0].length = length
        levels = self.plan_splits(path)
        wanted = levels + (1 if levels > path.top else 0)
        try:
            for level in range(min(levels + 1, path.top + 1)):
                self.pin(path.frame[level])
                page = self.pool.at(path.frame[level])
                if level < levels and special(page).right != NO_BLOCK:
                    self.pin(self.page_frame(special(page).right, level))
            meta = self.storage.frame(META_BLOCK)
            self.pin(meta)
            block = meta_of(self.pool.at(meta)).free_head
            while n_taken < wanted and block != NO_BLOCK:
                frame = self.storage.frame(block)
                self.pin(frame)
                page = self.pool.at(frame)
                if special(page).flags != BTREE_DELETED:
                    raise DataCorrupted(f'index "{self.name}" has block {block} in use and on its free list')
                taken[n_taken] = block
                taken_frame[n_taken] = frame
                n_taken += 1
                block = special(page).next_free
            if n_taken < wanted:
                self.storage.prepare_extend(wanted - n_taken)
            self.mtr.begin((3 * wanted + 4) * 8448)
            if n_taken:
                take_free(self, meta, block, n_taken)
            while n_taken < wanted:
                taken_frame[n_taken] = self.storage.extend(&taken[n_taken])
                n_taken += 1
            self.apply_splits(path, levels, taken, taken_frame, n_taken)
            self.mtr.commit()
        finally:
            self.unpin_all()
        return 0

    cdef int plan_splits(self, Path* path) except -1:
        # How many levels split, the leaf's included. PLAN[level] says where, and what the level above gets.
        cdef int level = 0
        cdef char* page
        cdef LevelPlan* plan
        while level <= path.top:
            plan = &PLAN[level]
            page = self.pool.at(path.frame[level])
            plan.position = path.index[level] - first_entry(page) + (0 if level == 0 else 1)
            if total_free(page) >= plan.length + 4:
                return level
            if level + 2 > HEIGHT_MAX:
                raise ProgramLimitExceeded(f'index "{self.name}" is too high')
            choose_split(page, plan)
            memcpy(PLAN[level + 1].entry + 4, plan.separator, plan.separator_length)
            PLAN[level + 1].length = plan.separator_length + 4
            level += 1
        return level

    cdef void apply_splits(self, Path* path, int levels, uint32_t* taken, int32_t* taken_frame, int n_taken) except *:
        cdef int level
        cdef int32_t frame
        cdef char* page
        cdef uint32_t left_block, right_block
        cdef LevelPlan* plan
        cdef BTreeSpecial tail
        for level in range(levels):
            plan = &PLAN[level]
            frame = path.frame[level]
            page = self.pool.at(frame)
            memcpy(OLD, page, PAGE_SIZE)
            tail = special(OLD)[0]
            right_block = taken[level]
            left_block = path.block[level] if level < path.top else taken[n_taken - 1]
            make_halves(OLD, plan, left_block, right_block, LEFT, RIGHT)
            self.replace_page(taken_frame[level], RIGHT)
            if level < path.top:
                self.replace_page(frame, LEFT)
                if tail.right != NO_BLOCK:
                    self.set_link(self.pool.lookup(self.storage.page_of(tail.right)), False, right_block)
            else:
                self.replace_page(taken_frame[n_taken - 1], LEFT)
                image_init(LEFT, self.storage.root, level + 1, NO_BLOCK, NO_BLOCK, 0)
                memcpy(PLAN[level + 1].entry, &left_block, 4)
                memcpy(RIGHT, PLAN[level + 1].entry, 4)
                put_tid(RIGHT + 4, 0)
                image_append(LEFT, RIGHT, 10)
                memcpy(PLAN[level + 1].entry, &right_block, 4)
                image_append(LEFT, PLAN[level + 1].entry, PLAN[level + 1].length)
                self.replace_page(frame, LEFT)
            memcpy(PLAN[level + 1].entry, &right_block, 4)
            if level == 0 and tail.right == NO_BLOCK:
                self.last_leaf = right_block
        if levels <= path.top:
            frame = path.frame[levels]
            page = self.pool.at(frame)
            plan = &PLAN[levels]
            if gap(page) >= plan.length + 4:
                self.put_entry(frame, path.index[levels] + 1, plan.entry, plan.length)
            else:
                compact(page, LEFT, path.index[levels] + 1, plan.entry, plan.length)
                self.replace_page(frame, LEFT)

    # ---- removing ----

    cdef int delete_key(self, const char* key, uint32_t n, uint64_t tid) except -1:
        cdef int32_t frame
        cdef char* page
        cdef int index
        if self.storage.blocks == 0:
            return 0
        frame = self.find_leaf(key, n, tid)
        page = self.pool.at(frame)
        index = search_page(page, first_entry(page), page_count(page), key, n, tid, False)
        if index == page_count(page) or compare_entry(key, n, tid, entry_at(page, index), entry_length(page, index)):
            return 0
        self.mtr.begin(256)
        self.remove_entry(frame, index)
        self.mtr.commit()
        return 1


cdef object _scan = None


cdef object scan_class():
    # btree_scan needs this module's types, so it is imported when the first scan is made.
    global _scan
    if _scan is None:
        from aurorapy_native.btree_scan import Scan
        _scan = Scan
    return _scan


cdef void take_free(BTree tree, int32_t meta, uint32_t next_free, int taken) except *:
    cdef BTreeMeta head = meta_of(tree.pool.at(meta))[0]
    head.free_head = next_free
    head.free_count -= taken
    tree.mtr.write(meta, PAGE_HEADER, &head, sizeof(BTreeMeta))


cdef object estimate_size(BTree tree):
    cdef int32_t frame
    cdef char* page
    cdef int level, top, sample, count
    cdef double leaf_entries = 0, fanout = 1
    cdef uint32_t unused
    if tree.storage.blocks == 0:
        return 0, 0, 0
    unused = meta_of(tree.pool.at(tree.storage.frame(META_BLOCK))).free_count
    top = special(tree.pool.at(tree.page_frame(ROOT_BLOCK, -1))).level
    for sample in range(3):              # a quarter, half and three quarters of the way through every page
        frame = tree.page_frame(ROOT_BLOCK, -1)
        page = tree.pool.at(frame)
        for level in range(top, 0, -1):
            count = page_count(page) - first_entry(page)
            if level == 1:
                fanout += count / 3.0
            frame = tree.page_frame(child_at(page, first_entry(page) + count * (sample + 1) // 4), level - 1)
            page = tree.pool.at(frame)
        leaf_entries += (page_count(page) - first_entry(page)) / 3.0
    if top == 0:
        return tree.storage.blocks, int(leaf_entries), 1
    leaves = (tree.storage.blocks - 1 - unused) * fanout / (fanout + 1)
    return tree.storage.blocks, int(leaf_entries * leaves), top + 1
