# What a statement does to one row: done whole without leaving anything half way, or not at all.
from libc.stdint cimport uint32_t, uint64_t
from aurorapy_native.btree cimport BTree
from aurorapy_native.heap cimport Found, Heap
from aurorapy_native.keys cimport KeyCodec
from aurorapy_native.locks cimport TransactionCore
from aurorapy_native.tuples cimport Projection
from aurorapy_native.visibility cimport Snapshot

# What became of an attempt.
cdef enum PointOutcome:
    POINT_NOTHING = 0        # no such row, or not one the snapshot sees
    POINT_DONE = 1
    POINT_UNABLE = 2         # nothing was changed: the general way has to do it
    POINT_BEGUN = 3          # the row is changed, some index has no entry for it yet: `left` says which

cdef class Unfinished:
    """A new version of a row without all its entries: nothing else may happen in its transaction before it has them."""
    cdef PointProgram program
    cdef TransactionCore transaction
    cdef uint64_t tid
    cdef tuple row
    cdef Py_ssize_t first            # of the indexes without an entry

    # May wait, as PointProgram.change may.
    cdef int finish(self) except -1

cdef class PlainIndex:
    """An index on columns of its table, without expressions or predicate."""
    cdef object description          # access.table.IndexDescription
    cdef BTree tree
    cdef KeyCodec codec
    cdef tuple places                # of the key's columns in a row
    cdef bint unique
    cdef bint nulls_decide           # NULLS NOT DISTINCT

    # The row's entry, unless its key is taken: 0, and the general way waits or refuses. try_add raises a Retry.
    cdef bint add(self, Heap heap, TransactionCore transaction, uint64_t tid, tuple row) except -1
    cdef bint try_add(self, Heap heap, TransactionCore transaction, uint64_t tid, tuple row) except -1

cdef class PointProgram:
    cdef readonly str kind           # select, insert, update, delete
    cdef readonly object relation    # catalog.model.Relation
    cdef readonly tuple key          # a key column: number of a parameter, from 1, or (constant,)
    cdef readonly tuple columns      # attnos read: the result's, or what `compute` is given
    cdef readonly object compute     # (eval, params, found row) -> new row; None for select and delete
    cdef readonly bint calm          # making the new row does nothing else: it may be made twice
    cdef readonly uint32_t index_oid
    cdef object root
    cdef object table                # access.table.Table, as opened last
    cdef Heap heap
    cdef BTree tree
    cdef KeyCodec codec
    cdef Projection projection
    cdef Projection key_columns
    cdef list sought                 # values of the key looked for last
    cdef list indexes                # of PlainIndex; None: some are not plain
    cdef Unfinished left             # of the change that was BEGUN

    # The table as it is open now. `open_tables`: instance.open_tables, `open_table`: what opens one that is not there.
    # False when its index does not lead older snapshots to every row: the general way knows which.
    cdef bint open(self, dict open_tables, object open_table) except -1
    # The visible row's columns, None when there is none. Raises a Retry. Long values: `external` is set, nothing is
    # read.
    cdef tuple read(self, tuple params, Snapshot snapshot, bint* external)
    # A PointOutcome. May wait for pages and, in unique indexes, for other transactions.
    cdef int change(self, TransactionCore transaction, Snapshot snapshot, tuple params, object evaluation) except -1

    # change() where nothing may wait: UNABLE when it would have to, or BEGUN.
    cdef int change_here(self, TransactionCore transaction, Snapshot snapshot, tuple params,
                         object evaluation) except -1

    cdef int open_anew(self, object open_table) except -1
    cdef char* find(self, tuple params, Snapshot snapshot, uint64_t* at) except? NULL
    cdef char* find_among(self, Snapshot snapshot, uint64_t* at) except? NULL
    cdef int replace(self, TransactionCore transaction, Snapshot snapshot, uint64_t at, tuple params,
                     object evaluation) except -1
    cdef int try_change(self, TransactionCore transaction, Snapshot snapshot, tuple params, object evaluation) except -1
    cdef tuple new_row(self, uint64_t at, Snapshot snapshot, tuple params, object evaluation)
    cdef char* version_at(self, uint64_t at) except? NULL
    cdef int put(self, uint64_t xid, Snapshot snapshot, uint64_t at, tuple new, Found* found) except -1
    cdef int look_again(self, uint64_t at) except -1
    cdef int wait_for(self, TransactionCore transaction, uint64_t xid, uint64_t at) except -1
    cdef int add_entries(self, TransactionCore transaction, uint64_t tid, tuple row, Py_ssize_t first) except -1
    cdef int add_here(self, TransactionCore transaction, uint64_t tid, tuple row) except -1
    cdef int insert(self, TransactionCore transaction, tuple new) except -1
