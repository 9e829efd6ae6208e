"""A heap and one of its indexes, in one call.

    fetch_by_key(heap, tree, codec, (42,), snapshot, (1, 2))     → (42, 'abc'), or None
    add_entry(heap, tree, codec, (42,), tid, txn.ids, True)      → (0, 0): the index leads to the row now
                                                                   (1, tid): a live row has the key
                                                                   (2, xid): that depends on xid; wait, ask again

Reading is key bytes, descent, visibility, decoding. An entry of a unique index is looked for, the rows found there are
looked at, and the entry is made without a switch in between; a Retry starts over from the search.

Errors: as in heap, btree and keys. Not here: ranges (btree_scan, access/table.py).
"""

from libc.stdint cimport uint32_t, uint64_t

from aurorapy_native.btree cimport BTree
from aurorapy_native.dead_entries cimport DEAD_MANY, drop_passed
from aurorapy_native.heap cimport Heap
from aurorapy_native.heap_read cimport RIVAL_NONE
from aurorapy_native.keys cimport KeyCodec
from aurorapy_native.tuples cimport HAS_EXTERNAL, Projection, TupleHeader
from aurorapy_native.visibility cimport Snapshot, TxnIds

from aurorapy_native.retry import Retry


def fetch_by_key(Heap heap not None, BTree tree not None, KeyCodec codec not None, tuple key not None,
                 Snapshot snapshot not None, columns):
    """The columns of the row under `key` (a value a key column) that the snapshot sees, or None; the first of
    several."""
    cdef Projection projection = heap.codec.project(columns)
    cdef tuple row
    while True:
        try:
            row = try_by_key(heap, tree, codec, key, snapshot, projection)
            break
        except Retry as retry:
            retry.wait()
    return heap.toaster.resolve(row) if row is not None and heap.met_external else row


cdef tuple try_by_key(Heap heap, BTree tree, KeyCodec codec, tuple key, Snapshot snapshot, Projection projection):
    cdef uint64_t tid = 0, at = 0
    cdef char* row = NULL
    cdef int found
    cdef list tids
    if tree.storage.blocks == 0:
        return None
    codec.encode_into(key, codec.columns)
    found = tree.lookup_unique(codec.data, <uint32_t> codec.used, &tid)
    if found == 0:
        return None
    if found == 1:
        row = heap.visible(tid, snapshot, &at)
    else:
        tids = tree.try_lookup(codec.data[:codec.used])
        for other in tids:
            row = heap.visible(other, snapshot, &at)
            if row != NULL:
                break
        if len(tids) > DEAD_MANY:
            drop_passed(heap, tree, codec.data, <uint32_t> codec.used, tids)
    if row == NULL:
        return None
    heap.met_external = (<TupleHeader*> row).infomask & HAS_EXTERNAL != 0
    return heap.decode(row, projection, at)


def add_entry(Heap heap not None, BTree tree not None, KeyCodec codec not None, tuple key not None, uint64_t tid,
              TxnIds ids, bint unique):
    """(state, tid or xid) as above. Without `unique` the entry is always made. May switch before it is."""
    cdef uint64_t other = 0
    cdef int state
    while True:
        try:
            state = try_add(heap, tree, codec, key, tid, ids, unique, &other)
            return state, other
        except Retry as retry:
            retry.wait()


cdef int try_add(Heap heap, BTree tree, KeyCodec codec, tuple key, uint64_t tid, TxnIds ids, bint unique,
                 uint64_t* other) except -1:
    cdef int found, state
    cdef uint64_t entry = 0
    cdef list tids
    codec.encode_into(key, codec.columns)
    if unique and tree.storage.blocks:
        found = tree.lookup_unique(codec.data, <uint32_t> codec.used, &entry)
        if found == 1:
            state = heap.rival_of(entry, ids, other)
            if state != RIVAL_NONE:
                return state
        elif found:
            tids = tree.try_lookup(codec.data[:codec.used])
            for entry in tids:
                state = heap.rival_of(entry, ids, other)
                if state != RIVAL_NONE:
                    return state
            if len(tids) > DEAD_MANY:
                drop_passed(heap, tree, codec.data, <uint32_t> codec.used, tids)
    other[0] = 0
    tree.insert_key(codec.data, <uint32_t> codec.used, tid)
    return RIVAL_NONE


def find_rival(Heap heap not None, BTree tree not None, KeyCodec codec not None, tuple key not None, TxnIds ids):
    """The first of add_entry's answers that is not (0, 0), for who only looks. May switch."""
    cdef uint64_t other = 0
    cdef int state
    while True:
        try:
            codec.encode_into(key, codec.columns)
            for entry in tree.try_lookup(codec.data[:codec.used]):
                state = heap.rival_of(entry, ids, &other)
                if state != RIVAL_NONE:
                    return state, other
            return RIVAL_NONE, 0
        except Retry as retry:
            retry.wait()
