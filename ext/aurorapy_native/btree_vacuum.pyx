"""Vacuum of a B-tree: entries of dead rows leave, leaves left empty are unlinked.

    parent   … | "d" → 5 | "m" → 6 | …          leaf 5 is empty
    parent   … | "d" → 6 | …                    its range went to its right sibling; 5 is on the meta page's list

The range of an unlinked page goes to its right sibling under the same parent, or, for a parent's last child, to its
left one, whose high key becomes the page's. A page that is its parent's only child goes together with the parent. The
rightmost leaf always stays, and so does a leaf whose left sibling has no room for the longer high key; the tree does
not lose height. One leaf is one mini-transaction.

Not here: which rows are dead (`access`, `instance/workers`).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint32_t, uint64_t, int32_t
from libc.stdlib cimport free, malloc

from aurorapy_native.btree cimport BTree, HEIGHT_MAX, Path
from aurorapy_native.btree_page cimport *
from aurorapy_native.btree_split cimport high_key_fits, with_high_key_of, without
from aurorapy_native.page cimport PAGE_HEADER, PAGE_SIZE, PageHeader

from aurorapy_native.retry import Retry

cdef enum:
    REMOVE_ONE_BY_ONE = 8    # more dead entries than this: the leaf is rewritten
    GIVE_WAY_LEAVES = 64
    HEADER_PRUNED_TO = 24

cdef char image[8192]        # scratch; nothing switches while it is in use


def vacuum(BTree tree not None, dead, uint64_t pruned_to=0, give_way=None):
    """BTree.vacuum: removes the entries whose tid is in `dead` (ascending ints); returns how many."""
    cdef size_t n = len(dead), i
    cdef uint64_t* tids = <uint64_t*>malloc((n or 1) * 8)
    if tids is NULL:
        raise MemoryError
    try:
        for i in range(n):
            tids[i] = dead[i]
            if i and tids[i] <= tids[i - 1]:
                raise ValueError("dead tids must ascend")
        return vacuum_leaves(tree, tids, n, pruned_to, give_way)
    finally:
        free(tids)


cdef object vacuum_leaves(BTree tree, const uint64_t* dead, size_t n_dead, uint64_t pruned_to, object give_way):
    cdef bytes bound = b""
    cdef uint64_t bound_tid = 0
    cdef Path path
    cdef int removed = 0, leaves = 0
    cdef uint64_t total = 0
    cdef char* page
    cdef bint more = tree.storage.blocks > 0
    cdef bytes next_bound
    cdef uint64_t next_tid
    while more:
        try:
            tree.descend(PyBytes_AS_STRING(bound), PyBytes_GET_SIZE(bound), bound_tid, False, &path)
            page = tree.pool.at(path.frame[0])
            more = special(page).right != NO_BLOCK
            next_bound = PyBytes_FromStringAndSize(entry_at(page, 0) + 6, entry_length(page, 0) - 6) if more else None
            next_tid = get_tid(entry_at(page, 0)) if more else 0
            if clean_leaf(tree, &path, dead, n_dead, pruned_to, &removed):
                if not unlink(tree, &path, pruned_to):
                    empty_leaf(tree, path.frame[0], pruned_to)
        except Retry as retry:
            more = True
            retry.wait()
            continue
        total += removed
        bound = next_bound
        bound_tid = next_tid
        leaves += 1
        if give_way is not None and leaves % GIVE_WAY_LEAVES == 0:
            give_way()
    return total


cdef int clean_leaf(BTree tree, Path* path, const uint64_t* dead, size_t n_dead, uint64_t pruned_to,
                    int* removed) except -1:
    # Removes a leaf's dead entries; 1 when the leaf has none left.
    cdef int32_t frame = path.frame[0]
    cdef char* page = tree.pool.at(frame)
    cdef int first = first_entry(page), count = page_count(page), found = 0, i
    cdef int[LEAF_ENTRIES_MAX] at
    for i in range(first, count):
        if is_dead(get_tid(entry_at(page, i)), dead, n_dead):
            at[found] = i
            found += 1
    removed[0] = found
    if found == 0 or found == count - first:
        return count == first + found
    tree.mtr.begin(PAGE_SIZE + 512)
    if found <= REMOVE_ONE_BY_ONE:
        tree.remove_entries(frame, at, found)
        if pruned_to > (<PageHeader*>page).pruned_to:
            tree.mtr.write(frame, HEADER_PRUNED_TO, &pruned_to, 8)
    else:
        without(page, image, at, found)
        (<PageHeader*>image).pruned_to = pruned_to
        tree.replace_page(frame, image)
    tree.mtr.commit()
    return 0


cdef int empty_leaf(BTree tree, int32_t frame, uint64_t pruned_to) except -1:
    # The leaf cannot be unlinked: it stays, without entries.
    cdef int first = first_entry(tree.pool.at(frame))
    cdef int found = page_count(tree.pool.at(frame)) - first, i
    cdef int[LEAF_ENTRIES_MAX] at
    if found == 0:
        return 0
    for i in range(found):
        at[i] = first + i
    tree.mtr.begin(PAGE_SIZE + 512)
    without(tree.pool.at(frame), image, at, found)
    (<PageHeader*>image).pruned_to = pruned_to
    tree.replace_page(frame, image)
    tree.mtr.commit()
    return 0


cdef int unlink(BTree tree, Path* path, uint64_t pruned_to) except -1:
    # Takes the leaf at path[0], whose entries are all dead, out of the tree with every parent it is the only child of.
    # 1 done, 0 it has to stay.
    cdef int top = 0, level, index
    cdef int32_t parent, left, meta
    cdef int32_t[HEIGHT_MAX] lefts
    cdef int32_t[HEIGHT_MAX] rights
    cdef char* page = tree.pool.at(path.frame[0])
    cdef char* above
    cdef bint to_left
    if special(page).right == NO_BLOCK:
        return 0
    while top < path.top:
        above = tree.pool.at(path.frame[top + 1])
        if page_count(above) - first_entry(above) > 1:
            break
        top += 1
    if top == path.top:
        return 0
    parent = path.frame[top + 1]
    above = tree.pool.at(parent)
    index = path.index[top + 1]
    to_left = index == page_count(above) - 1
    try:
        tree.pin(parent)
        meta = tree.storage.frame(META_BLOCK)
        tree.pin(meta)
        for level in range(top + 1):
            page = tree.pool.at(path.frame[level])
            tree.pin(path.frame[level])
            rights[level] = tree.page_frame(special(page).right, level)
            tree.pin(rights[level])
            lefts[level] = -1
            if special(page).left != NO_BLOCK:
                lefts[level] = tree.page_frame(special(page).left, level)
                tree.pin(lefts[level])
            if to_left and not high_key_fits(tree.pool.at(lefts[level]), page):
                return 0
        tree.mtr.begin((4 * top + 6) * 8448)
        for level in range(top + 1):
            unlink_page(tree, path.block[level], path.frame[level], lefts[level], rights[level], meta, to_left,
                        pruned_to)
        if not to_left:
            tree.mtr.write(parent, entry_at(above, index) - above, entry_at(above, index + 1), 4)
            index += 1
        tree.remove_entry(parent, index)
        tree.mtr.commit()
    finally:
        tree.unpin_all()
    return 1


cdef void unlink_page(BTree tree, uint32_t block, int32_t frame, int32_t left, int32_t right, int32_t meta,
                      bint to_left, uint64_t pruned_to) except *:
    cdef BTreeSpecial tail = special(tree.pool.at(frame))[0]
    cdef BTreeMeta head = meta_of(tree.pool.at(meta))[0]
    if to_left:
        with_high_key_of(tree.pool.at(left), tree.pool.at(frame), image)
        tree.replace_page(left, image)
    if left >= 0:
        tree.set_link(left, True, tail.right)
    tree.set_link(right, False, tail.left)
    image_init(image, tree.storage.root, tail.level, NO_BLOCK, NO_BLOCK, BTREE_DELETED)
    special(image).next_free = head.free_head
    (<PageHeader*>image).pruned_to = pruned_to
    tree.replace_page(frame, image)
    head.free_head = block
    head.free_count += 1
    tree.mtr.write(meta, PAGE_HEADER, &head, sizeof(BTreeMeta))


cdef bint is_dead(uint64_t tid, const uint64_t* dead, size_t n) noexcept nogil:
    cdef size_t low = 0, high = n, middle
    while low < high:
        middle = (low + high) >> 1
        if dead[middle] < tid:
            low = middle + 1
        else:
            high = middle
    return low < n and dead[low] == tid
