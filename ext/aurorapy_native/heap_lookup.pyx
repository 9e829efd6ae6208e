"""One row by its key, in one call: key bytes, descent, visibility, decoding.

    fetch_by_key(heap, tree, codec, (42,), snapshot, (1, 2))     → (42, 'abc'), or None

Errors: as in heap, btree and keys. Not here: ranges (btree_scan, access/table.py).
"""

from libc.stdint cimport uint32_t, uint64_t

from aurorapy_native.btree cimport BTree
from aurorapy_native.heap cimport Heap
from aurorapy_native.keys cimport KeyCodec
from aurorapy_native.tuples cimport HAS_EXTERNAL, Projection, TupleHeader
from aurorapy_native.visibility cimport Snapshot

from aurorapy_native.retry import Retry


def fetch_by_key(Heap heap not None, BTree tree not None, KeyCodec codec not None, tuple key not None,
                 Snapshot snapshot not None, columns):
    """The columns of the row under `key` (a value a key column) that the snapshot sees, or None; the first of several."""
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
    if tree.storage.blocks == 0:
        return None
    codec.encode_into(key, codec.columns)
    found = tree.lookup_unique(codec.data, <uint32_t> codec.used, &tid)
    if found == 0:
        return None
    if found == 1:
        row = heap.visible(tid, snapshot, &at)
    else:
        for other in tree.try_lookup(codec.data[:codec.used]):
            row = heap.visible(other, snapshot, &at)
            if row != NULL:
                break
    if row == NULL:
        return None
    heap.met_external = (<TupleHeader*> row).infomask & HAS_EXTERNAL != 0
    return heap.codec.decode(row, projection, <uint32_t> (at >> 16), <uint32_t> (at & 0xFFFF), heap.oid)
