# Pruning one heap page; see heap_prune.pyx.
from libc.stdint cimport uint32_t, uint64_t, int32_t
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.visibility cimport TransactionStatus

# 1 when a row version is dead to every snapshot at or above `horizon`; its deleter's commit LSN goes to removed[0].
cdef int is_dead(TransactionStatus status, uint64_t xmin, uint64_t xmax, uint64_t horizon, uint64_t* removed) except -1
# Prunes the page; returns how many versions went. `reclaim`: no index leads here, dead lines become unused at once.
cdef int prune(BufferPool pool, MiniTransaction mtr, TransactionStatus status, int32_t frame, uint64_t horizon,
               bint reclaim) except -1
# Worth a prune? Looks at the page's hint only.
cdef bint is_prunable(BufferPool pool, TransactionStatus status, int32_t frame) except *
# Makes `count` dead lines (ascending) unused.
cdef int free_lines(BufferPool pool, MiniTransaction mtr, int32_t frame, const int* lines, int count) except -1
# Forgets aborted deleters, so that no id of theirs is left; returns how many.
cdef int clear_aborted(BufferPool pool, MiniTransaction mtr, TransactionStatus status, int32_t frame) except -1
