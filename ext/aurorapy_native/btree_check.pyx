"""What is wrong with a B-tree, a sentence each: `aurorapy verify`, and the tests after every step.

Walked from the root, left to right:
- every page is a B-tree page of this relation, at the level its parent says, and reached once;
- its entries ascend, at or above the parent's separator and below its high key, which is the parent's next separator;
- siblings name each other, and only the rightmost page of a level has no right one;
- block count = meta page + reachable pages + free list, and the free list is what the meta page counts.

Works on copies of pages, so it may switch; meant for an index that nobody changes meanwhile.
"""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport uint32_t

from aurorapy_native.btree cimport BTree
from aurorapy_native.btree_page cimport *
from aurorapy_native.page cimport KIND_BTREE, PAGE_HEADER, PageHeader, lp_flags, lp_length, lp_offset

NOTHING = <uint32_t>NO_BLOCK      # as a Python int


def check(BTree tree not None):
    """BTree.check: the problems found, none for a sound tree."""
    if tree.storage.blocks == 0:
        return []
    return Checker(tree).run()


def entries(BTree tree not None):
    """Every (key, tid) of the tree in order, a leaf at a time; for comparing an index with its table."""
    scan = tree.scan()
    while (found := scan.next_entries()) is not None:
        yield from found


cdef class Checker:
    cdef BTree tree
    cdef list problems
    cdef set reached
    cdef dict previous               # level → (block, its right link) of the page left of the next one

    def __cinit__(self, BTree tree):
        self.tree = tree
        self.problems = []
        self.reached = set()
        self.previous = {}

    def run(self):
        cdef bytes root
        root = self.tree.page(ROOT_BLOCK)
        self.walk(ROOT_BLOCK, special(root).level, None, None)
        for level, (block, right) in self.previous.items():
            if right != NOTHING:
                self.say(f"block {block}, last of level {level}, has a right link to {right}")
        self.count_pages()
        return self.problems

    cdef int say(self, str problem) except -1:
        self.problems.append(f'index "{self.tree.name}": {problem}')
        return 0

    cdef int walk(self, uint32_t block, int level, object low, object high) except -1:
        cdef bytes copy
        cdef const char* page
        cdef list found
        cdef list children = []
        cdef int i
        if block >= self.tree.storage.blocks or block in self.reached:
            return self.say(f"block {block} is beyond the end or reached twice")
        self.reached.add(block)
        copy = self.tree.page(block)
        page = PyBytes_AS_STRING(copy)
        if not self.is_sound(block, level, page):
            return 0
        self.check_links(block, level, page)
        found = [self.read(page, i) for i in range(page_count(page))]
        if special(page).right != NO_BLOCK:
            if found[0] != high:
                self.say(f"block {block}: high key {found[0]} where the parent says {high}")
            del found[0]
        elif high is not None:
            self.say(f"block {block} has no high key but a right neighbour in its parent")
        if level:
            children = [child_at(page, i) for i in range(first_entry(page), page_count(page))]
            if not children:
                return self.say(f"block {block}: internal page without entries")
            found[0] = low
        self.check_order(block, found, low, high, level)
        for i in range(len(children)):
            self.walk(children[i], level - 1, found[i], found[i + 1] if i + 1 < len(children) else high)
        return 0

    cdef object read(self, const char* page, int index):
        # (key, tid) of an entry or high key.
        cdef int prefix = prefix_of(page)
        cdef const char* entry = entry_at(page, index) + prefix
        return entry[6:<Py_ssize_t>entry_length(page, index) - prefix], get_tid(entry)

    cdef bint is_sound(self, uint32_t block, int level, const char* page) except *:
        cdef PageHeader* header = <PageHeader*>page
        cdef int i
        cdef uint32_t pointer, least = 6 + (4 if level else 0)
        if header.kind != KIND_BTREE or header.owner != self.tree.storage.root:
            self.say(f"block {block} is of kind {header.kind} and owner {header.owner}")
            return False
        if special(page).flags or special(page).level != level:
            self.say(f"block {block} has flags {special(page).flags} and level {special(page).level}, not {level}")
            return False
        if not (PAGE_HEADER <= header.lower <= header.upper <= header.special == SPECIAL_AT) or header.lower & 3:
            self.say(f"block {block}: bounds {header.lower}, {header.upper}, {header.special}")
            return False
        for i in range(page_count(page)):
            pointer = pointers(page)[i]
            if (lp_flags(pointer) != 1 or lp_length(pointer) < least or lp_length(pointer) > ENTRY_MAX
                    or lp_offset(pointer) < header.upper or lp_offset(pointer) + lp_length(pointer) > SPECIAL_AT):
                self.say(f"block {block}: line pointer {i} leads outside the page")
                return False
        return True

    cdef int check_links(self, uint32_t block, int level, const char* page) except -1:
        left, expected = self.previous.get(level, (NOTHING, block))
        if expected != block:
            self.say(f"block {left} has right link {expected}, its neighbour is {block}")
        if special(page).left != left:
            self.say(f"block {block} has left link {special(page).left}, its neighbour is {left}")
        self.previous[level] = (block, special(page).right)
        return 0

    cdef int check_order(self, uint32_t block, list found, object low, object high, int level) except -1:
        cdef int i
        for i in range(1, len(found)):
            if found[i - 1] is not None and found[i - 1] >= found[i]:
                self.say(f"block {block}: entry {i} is not above entry {i - 1}")
        if not found:
            return 0
        if low is not None and found[0] < low:
            self.say(f"block {block}: first entry is below the parent's separator")
        if high is not None and found[len(found) - 1] is not None and found[len(found) - 1] >= high:
            self.say(f"block {block}: last entry is not below the high key")
        return 0

    cdef int count_pages(self) except -1:
        cdef bytes copy = self.tree.page(META_BLOCK)
        cdef BTreeMeta meta = meta_of(copy)[0]
        cdef uint32_t block = meta.free_head, free = 0
        if meta.magic != BTREE_MAGIC or meta.version != BTREE_VERSION:
            return self.say(f"meta page with magic {meta.magic:#x}, version {meta.version}")
        self.reached.add(META_BLOCK)
        while block != NO_BLOCK:
            if block >= self.tree.storage.blocks or block in self.reached:
                return self.say(f"block {block} of the free list is beyond the end, in use or listed twice")
            self.reached.add(block)
            free += 1
            copy = self.tree.page(block)
            if special(copy).flags != BTREE_DELETED:
                return self.say(f"block {block} of the free list is not a deleted page")
            block = special(copy).next_free
        if free != meta.free_count:
            self.say(f"{free} pages on the free list, {meta.free_count} counted")
        if <uint32_t>len(self.reached) != self.tree.storage.blocks:
            lost = sorted(set(range(self.tree.storage.blocks)) - self.reached)
            self.say(f"{len(lost)} pages are neither in the tree nor free, the first is block {lost[0]}")
        return 0
