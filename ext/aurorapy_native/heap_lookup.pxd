# A heap and one of its indexes, in one step.
from libc.stdint cimport uint64_t
from aurorapy_native.btree cimport BTree
from aurorapy_native.heap cimport Heap
from aurorapy_native.keys cimport KeyCodec
from aurorapy_native.visibility cimport TxnIds

# add_entry() once: RIVAL_NONE and the entry is made, or who has the key (`other`). A Retry leaves nothing behind.
cdef int try_add(Heap heap, BTree tree, KeyCodec codec, tuple key, uint64_t tid, TxnIds ids, bint unique,
                 uint64_t* other) except -1
