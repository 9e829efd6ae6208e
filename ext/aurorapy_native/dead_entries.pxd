# Dead entries leave an index; see dead_entries.pyx. Both functions wait for nothing and raise no Retry.
from libc.stdint cimport int32_t, uint32_t
from aurorapy_native.btree cimport BTree
from aurorapy_native.heap_read cimport HeapReader

cdef enum:
    DEAD_MANY = 3            # fewer are not worth a mini-transaction
    PASSED_MANY = 8          # entries of a leaf that a scan passed without seeing a row: worth a look which are dead

# After a lookup of `key` went through `tids`: when enough of them are dead, those of the leaf go. Returns how many.
cdef int drop_passed(HeapReader heap, BTree tree, const char* key, uint32_t n, list tids) except -1
# The dead entries of the leaf in `frame` go; nothing has switched since it was found. Returns how many.
cdef int drop_from_leaf(HeapReader heap, BTree tree, int32_t frame) except -1
