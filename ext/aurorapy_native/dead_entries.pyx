"""Entries that lead to nothing leave an index as soon as readers have met enough of them, long before vacuum comes.

    key 7 → (3,1) dead · (3,9) dead · (5,2) dead · (8,4) seen       a lookup passed three: they go, with all dead ones
                                                                    of their leaf, in one mini-transaction

A row that is deleted and inserted again, or updated in an indexed column, leaves an entry each time; without this every
lookup and every scan of the range would go through all of them until the next vacuum.

An entry may go when everything it leads to is dead to every snapshot: its line is a dead line, or every version of the
chain that begins there ended at or below the prune horizon or was never committed. The line itself stays until vacuum
has been to every index, so it cannot have become another row's. The leaf remembers up to where rows it led to were dead
(`pruned_to`), as after vacuum. Only pages that are in the pool are looked at; nothing here waits.

Where a look was in vain, because somebody's old snapshot holds the horizon back, the tree is left alone until the
horizon has moved. The last entry of a leaf stays: leaves without entries are vacuum's to unlink.

Not here: vacuum (btree_vacuum), pruning of heap pages (heap_prune).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, uint32_t, uint64_t

from aurorapy_native.btree cimport BTree
from aurorapy_native.btree_page cimport LEAF_ENTRIES_MAX, entry_at, first_entry, get_tid, page_count
from aurorapy_native.heap_read cimport HeapReader
from aurorapy_native.page cimport PageHeader

from aurorapy_native.retry import Retry

cdef enum:
    ROOM = 16384             # log bytes that the entries of a leaf can need, taken away run by run
    HEADER_PRUNED_TO = 24


def drop_dead(HeapReader heap not None, BTree tree not None, bytes key not None):
    """Removes the dead entries of the leaf where `key` begins; returns how many."""
    if tree.storage.blocks == 0:
        return 0
    return drop_from_leaf(heap, tree, tree.find_leaf(PyBytes_AS_STRING(key), <uint32_t> PyBytes_GET_SIZE(key), 0))


cdef int drop_passed(HeapReader heap, BTree tree, const char* key, uint32_t n, list tids) except -1:
    cdef uint64_t horizon = heap.status.horizon(), pruned_to = 0
    cdef int dead = 0
    if horizon <= tree.barren or not heap.may_prune or tree.mtr.log.limit_lsn == 0:
        return 0
    try:
        for tid in tids:
            dead += heap.is_gone(tid, horizon, &pruned_to)
        if dead < DEAD_MANY:
            return 0
        return drop_from_leaf(heap, tree, tree.find_leaf(key, n, 0))
    except Retry:
        return 0


cdef int drop_from_leaf(HeapReader heap, BTree tree, int32_t frame) except -1:
    cdef char* page = tree.pool.at(frame)
    cdef uint64_t horizon = heap.status.horizon(), pruned_to = 0
    cdef int first = first_entry(page), count = page_count(page), found = 0, i
    cdef int[LEAF_ENTRIES_MAX] at
    if horizon <= tree.barren or not heap.may_prune or tree.mtr.log.limit_lsn == 0 or tree.pool.frame_pins[frame]:
        return 0
    try:
        for i in range(first, count):
            if heap.is_gone(get_tid(entry_at(page, i)), horizon, &pruned_to):
                at[found] = i
                found += 1
        if found < DEAD_MANY:
            tree.barren = horizon
        if found and found == count - first:
            found -= 1
        if found == 0:
            return 0
        tree.mtr.begin(ROOM)
    except Retry:
        return 0
    tree.remove_entries(frame, at, found)
    if pruned_to > (<PageHeader*> page).pruned_to:
        tree.mtr.write(frame, HEADER_PRUNED_TO, &pruned_to, 8)
    tree.mtr.commit()
    return found
