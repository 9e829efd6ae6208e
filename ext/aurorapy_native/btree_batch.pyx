"""Index entries of a batch of rows, added in the tree's order, a leaf at a time.

    add_entries(heap, tree, keys, batch, txn.ids, unique=True)     → [] or [(row, state, tid or xid)]

What is left over is in the order of the rows: (row, 1, tid) - a live row has the key; (row, 2, xid) - that depends on
xid. The others have their entries. Two rows of the batch with one key: the later one is left over.

One mini-transaction adds as many entries as belong onto a leaf and fit; entries beyond the last one of the tree are
laid in one write. A key that the leaf has already, or may share with its neighbours, goes the way of single rows:
search, look at the rows found, insert, without a switch in between. A split does, too.

Not here: keys that need Python values (access/table.py).
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t, int32_t
from libc.string cimport memcmp, memcpy

from aurorapy_native.btree cimport BTree, TID_AFTER_ALL
from aurorapy_native.btree_page cimport *
from aurorapy_native.entries cimport Entry, EntryList
from aurorapy_native.heap cimport Heap
from aurorapy_native.heap_read cimport RIVAL_LIVE, RIVAL_NONE
from aurorapy_native.row_batch cimport RowBatch
from aurorapy_native.row_keys cimport RowKeys
from aurorapy_native.visibility cimport TxnIds

from aurorapy.errors import InternalError, ProgramLimitExceeded
from aurorapy_native.retry import Retry


def add_entries(Heap heap not None, BTree tree not None, RowKeys keys not None, RowBatch batch not None, TxnIds ids,
                bint unique):
    """What is left over, as above. May switch between leaves."""
    cdef EntryList entries = EntryList()
    cdef bint decisive = False
    cdef int i, at = 0
    cdef list left = []
    for i in range(batch.count):
        if not keys.encode(batch.row(i), &decisive):
            raise InternalError("a row in a batch has a value that is not in it")
        entries.add(keys.keys.data, <uint32_t> keys.keys.used, batch.tid[i], i, unique and decisive)
    entries.sort()
    while at < entries.count:
        try:
            at = add_some(heap, tree, entries, at, ids, left)
        except Retry as retry:
            retry.wait()
        except ProgramLimitExceeded as error:
            error.batch_row = entries.entries[at].number
            raise
    left.sort()
    return left


cdef int add_some(Heap heap, BTree tree, EntryList entries, int at, TxnIds ids, list left) except -1:
    """Deals with one entry or more, from `at` on; returns where to go on."""
    cdef Entry* entry = &entries.entries[at]
    cdef const char* key = entries.arena + entry.at
    cdef int32_t frame
    cdef uint64_t other = 0
    cdef int done, state
    if entry.length > KEY_MAX:
        tree.refuse_size(entry.length)
    if tree.storage.blocks == 0:
        tree.create_pages()
    frame = tree.append_leaf(key, entry.length, entry.tid)
    if frame < 0:
        frame = tree.find_leaf(key, entry.length, entry.tid)
    done = fill_end(tree, entries, at, frame)
    if not done:
        done = fill_leaf(tree, entries, at, frame)
    if done:
        return at + done
    state = add_one(heap, tree, entry, key, ids, &other)
    if state != RIVAL_NONE:
        left.append((<int> entry.number, state, other))
    return at + 1


cdef int add_one(Heap heap, BTree tree, Entry* entry, const char* key, TxnIds ids, uint64_t* other) except -1:
    cdef uint64_t found
    cdef int state
    if entry.flags:
        for found in tree.try_lookup(key[:entry.length]):
            state = heap.rival_of(found, ids, other)
            if state != RIVAL_NONE:
                return state
    other[0] = 0
    tree.insert_key(key, entry.length, entry.tid)
    return RIVAL_NONE


cdef bint is_twin(EntryList entries, int i) noexcept nogil:
    """A decisive entry with the key of the one before it."""
    return entries.entries[i].flags != 0 and i > 0 and entries.same_key(i, i - 1)


cdef int fill_end(BTree tree, EntryList entries, int at, int32_t frame) except -1:
    """Entries from `at` on behind everything on the rightmost leaf, in one write; how many. 0: they do not go there."""
    cdef char* page = tree.pool.at(frame)
    cdef char[8192] block
    cdef uint32_t[LEAF_ENTRIES_MAX] lines
    cdef uint32_t lower = (<PageHeader*> page).lower, upper = (<PageHeader*> page).upper, top = upper, n
    cdef int count = page_count(page), done = 0
    cdef Entry* entry = &entries.entries[at]
    if special(page).right != NO_BLOCK or special(page).level != 0:
        return 0
    if count and compare_entry(entries.arena + entry.at, entry.length, 0 if entry.flags else entry.tid,
                               entry_at(page, count - 1), entry_length(page, count - 1)) <= 0:
        return 0
    while at + done < entries.count:
        entry = &entries.entries[at + done]
        n = entry.length + 6
        if entry.length > KEY_MAX or upper - lower < n + 4 * (done + 1) or is_twin(entries, at + done):
            break
        upper -= n
        put_tid(block + upper, entry.tid)
        memcpy(block + upper + 6, entries.arena + entry.at, entry.length)
        lines[done] = lp_make(upper, 1, n)
        done += 1
    if done == 0:
        return 0
    tree.mtr.begin(2 * PAGE_SIZE)
    tree.mtr.write(frame, upper, block + upper, top - upper)
    tree.mtr.write(frame, lower, lines, 4 * done)
    tree.set_bounds(frame, <uint16_t> (lower + 4 * done), <uint16_t> upper)
    tree.mtr.commit()
    return done


cdef int fill_leaf(BTree tree, EntryList entries, int at, int32_t frame) except -1:
    """Entries from `at` on between those of one leaf; how many."""
    cdef char* page = tree.pool.at(frame)
    cdef char[ENTRY_MAX] made
    cdef Entry* entry
    cdef const char* key
    cdef const char* found
    cdef int index, done = 0
    cdef bint rightmost = special(page).right == NO_BLOCK
    while at + done < entries.count:
        entry = &entries.entries[at + done]
        key = entries.arena + entry.at
        if entry.length > KEY_MAX or gap(page) < <uint32_t> entry.length + 10 or is_twin(entries, at + done):
            break
        if not rightmost and compare_entry(key, entry.length, TID_AFTER_ALL if entry.flags else entry.tid,
                                           high_key(page), high_key_length(page)) >= 0:
            break
        index = search_page(page, first_entry(page), page_count(page), key, entry.length,
                            0 if entry.flags else entry.tid, False)
        if index < page_count(page):
            found = entry_at(page, index)
            if (entry_length(page, index) == <uint32_t> entry.length + 6 and memcmp(found + 6, key, entry.length) == 0
                    and (entry.flags or get_tid(found) == entry.tid)):
                break
        if done == 0:
            tree.mtr.begin(4 * PAGE_SIZE)
        put_tid(made, entry.tid)
        memcpy(made + 6, key, entry.length)
        tree.put_entry(frame, index, made, entry.length + 6)
        done += 1
    if done:
        tree.mtr.commit()
    return done
