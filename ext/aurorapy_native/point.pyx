"""One row by its whole unique key, in one call: what pgbench, ORMs and web sites ask for all day.

    program = PointProgram("update", relation, 16402, (2,), (1, 2), compute)      UPDATE t SET b = b + $1 WHERE id = $2
    key bytes ▶ B-tree ▶ heap version ▶ compute(eval, params, (id, b)) ▶ (id, b + $1) ▶ HOT update, one mini-transaction

A program does the statement whole, waiting for who stands in its way, or says UNABLE having changed nothing: when that
is an error to be reported, or the row has long values. Then the general way (execute.rows.point) runs the statement
from its beginning.

Where nothing may wait (change_here) a row may be changed whose index entries would have to be waited for: an
`Unfinished` adds them where that is allowed, before anything else happens in the transaction.

Keys are of types whose bytes decide (integers, text, uuid ...), so the row found needs no second look at WHERE.

Errors: what `compute` raises, those of heap and btree, UniqueViolation. A Retry leaves nothing behind.

Not here: which statements are of this form (sql.plan.point, execute.rows.program), locks and snapshots (short_path),
RETURNING.
"""

from libc.stdint cimport uint32_t, uint64_t

from aurorapy_native.btree cimport BTree
from aurorapy_native.dead_entries cimport DEAD_MANY, drop_passed
from aurorapy_native.heap cimport Found, Heap, ROW_DELETED, ROW_INVISIBLE, ROW_OK, ROW_SELF_MODIFIED, \
    ROW_UPDATED
from aurorapy_native.heap_lookup cimport try_add
from aurorapy_native.heap_read cimport RIVAL_NONE
from aurorapy_native.keys cimport KeyCodec
from aurorapy_native.locks cimport TransactionCore
from aurorapy_native.tuples cimport HAS_EXTERNAL, Projection, TupleHeader
from aurorapy_native.visibility cimport Snapshot

from aurorapy.errors import DatabaseError
from aurorapy.ids import tid_text
from aurorapy_native.heap import RowTooLong
from aurorapy_native.retry import Retry


cdef class Unfinished:
    cdef int finish(self) except -1:
        return self.program.add_entries(self.transaction, self.tid, self.row, self.first)


cdef class PlainIndex:
    def __init__(self, description):
        self.description = description
        self.tree = description.tree
        self.codec = description.codec
        self.places = tuple([attno - 1 for attno in description.key_columns])
        self.unique = description.info.unique
        self.nulls_decide = description.info.nulls_not_distinct

    cdef bint add(self, Heap heap, TransactionCore transaction, uint64_t tid, tuple row) except -1:
        while True:
            try:
                return self.try_add(heap, transaction, tid, row)
            except Retry as retry:
                retry.wait()

    cdef bint try_add(self, Heap heap, TransactionCore transaction, uint64_t tid, tuple row) except -1:
        cdef tuple key = tuple([row[<Py_ssize_t> place] for place in self.places])
        cdef bint decides = self.unique and (self.nulls_decide or None not in key)
        cdef uint64_t other = 0
        return try_add(heap, self.tree, self.codec, key, tid, transaction.ids, decides, &other) == RIVAL_NONE


cdef list plain_indexes(table):
    """The table's indexes as PlainIndex; None when some look at more than columns."""
    if any([index.key_values is not None or index.predicate is not None for index in table.indexes]):
        return None
    return [PlainIndex(index) for index in table.indexes]


cdef class PointProgram:
    def __init__(self, str kind not None, relation, uint32_t index_oid, tuple key not None, tuple columns not None,
                 compute, bint calm=False):
        self.kind = kind
        self.relation = relation
        self.root = relation.root
        self.index_oid = index_oid
        self.key = key
        self.columns = columns
        self.compute = compute
        self.calm = calm

    cdef bint open(self, dict open_tables, object open_table) except -1:
        cdef object known = open_tables.get(self.root)
        if known is None or (<tuple> known)[0] is not self.relation or (<tuple> known)[1] is not self.table:
            self.open_anew(open_table)
        return self.tree is None or self.tree.storage.incomplete is None

    cdef int open_anew(self, object open_table) except -1:
        cdef object table
        table = open_table(self.relation)
        self.heap = table.heap
        self.indexes = plain_indexes(table)
        self.projection = self.heap.codec.project(self.columns)
        if self.index_oid:
            index = table.index(self.index_oid)
            self.tree = index.tree
            self.codec = index.codec
            self.key_columns = self.heap.codec.project(index.key_columns)
        self.table = table
        return 0

    cdef char* find(self, tuple params, Snapshot snapshot, uint64_t* at) except? NULL:
        cdef uint64_t tid = 0
        cdef int found, i
        cdef object source
        cdef list values = []
        for i in range(self.codec.columns):
            source = self.key[i]
            value = params[<Py_ssize_t> source - 1] if type(source) is int else (<tuple> source)[0]
            if value is None:
                return NULL
            values.append(value)
        self.sought = values
        if self.tree.storage.blocks == 0:
            return NULL
        try:
            self.codec.encode_into(values, self.codec.columns)
        except OverflowError:
            return NULL                    # no column of this type holds the number
        found = self.tree.lookup_unique(self.codec.data, <uint32_t> self.codec.used, &tid)
        if found == 0:
            return NULL
        if found == 1:
            return self.heap.visible(tid, snapshot, at)
        return self.find_among(snapshot, at)

    cdef char* find_among(self, Snapshot snapshot, uint64_t* at) except? NULL:
        """Several entries have the key: versions of a row, at most one of which is seen."""
        cdef char* row = NULL
        cdef list tids = self.tree.try_lookup(self.codec.data[:self.codec.used])
        for tid in tids:
            row = self.heap.visible(tid, snapshot, at)
            if row != NULL:
                break
        if len(tids) > DEAD_MANY:
            drop_passed(self.heap, self.tree, self.codec.data, <uint32_t> self.codec.used, tids)
        return row

    cdef tuple read(self, tuple params, Snapshot snapshot, bint* external):
        cdef uint64_t at = 0
        cdef char* row = self.find(params, snapshot, &at)
        external[0] = False
        if row == NULL:
            return None
        if (<TupleHeader*> row).infomask & HAS_EXTERNAL:
            external[0] = True
            return None
        return self.heap.decode(row, self.projection, at)

    cdef int change(self, TransactionCore transaction, Snapshot snapshot, tuple params, object evaluation) except -1:
        cdef uint64_t at = 0
        cdef char* row
        if self.kind == "insert":
            return self.insert(transaction, self.compute(evaluation, params, None))
        while True:
            try:
                row = self.find(params, snapshot, &at)
                break
            except Retry as retry:
                retry.wait()
        if row == NULL:
            return POINT_NOTHING
        if (<TupleHeader*> row).infomask & HAS_EXTERNAL:
            return POINT_UNABLE
        return self.replace(transaction, snapshot, at, params, evaluation)

    cdef int change_here(self, TransactionCore transaction, Snapshot snapshot, tuple params,
                         object evaluation) except -1:
        cdef int outcome
        if not transaction.knows_id():
            return POINT_UNABLE
        self.heap.only_hot = self.indexes is None
        try:
            outcome = self.try_change(transaction, snapshot, params, evaluation)
        except (Retry, RowTooLong):
            return POINT_UNABLE
        finally:
            self.heap.only_hot = False
        return outcome

    cdef int try_change(self, TransactionCore transaction, Snapshot snapshot, tuple params,
                        object evaluation) except -1:
        cdef Found found
        cdef uint64_t at = 0
        cdef int code
        cdef tuple old, new
        cdef char* row
        if self.kind == "insert":
            if self.indexes is None:
                return POINT_UNABLE
            new = self.compute(evaluation, params, None)
            at = self.heap.insert_row(new, transaction.write_id(), transaction.command, False)
            return self.add_here(transaction, at, new)
        row = self.find(params, snapshot, &at)
        if row == NULL:
            return POINT_NOTHING
        if (<TupleHeader*> row).infomask & HAS_EXTERNAL:
            return POINT_UNABLE
        if self.compute is None:
            code = self.heap.delete_row(at, transaction.write_id(), snapshot.command, snapshot.ids, &found)
        else:
            old = self.heap.decode(row, self.projection, at)
            new = self.compute(evaluation, params, old)
            code = self.heap.update_row(at, new, transaction.write_id(), snapshot.command, snapshot.ids, True, False,
                                        &found)
            if code == ROW_OK and not found.hot:
                return self.add_here(transaction, found.tid, new)
        return POINT_DONE if code == ROW_OK else POINT_UNABLE

    cdef int replace(self, TransactionCore transaction, Snapshot snapshot, uint64_t at, tuple params,
                     object evaluation) except -1:
        """Changes the version at `at`; when others were or are at it, at READ COMMITTED, the newest one that is theirs
        to leave and still has the key (what execute.modify.versions does for every other statement)."""
        cdef Found found
        cdef tuple new = None
        cdef bint fresh = True
        cdef int code
        cdef uint64_t xid = transaction.write_id()
        while True:
            if fresh and self.compute is not None:
                new = self.new_row(at, snapshot, params, evaluation)
                if new is None:
                    return POINT_UNABLE
            code = self.put(xid, snapshot, at, new, &found)
            if code == ROW_OK:
                break
            if transaction.one_snapshot or code == ROW_INVISIBLE or code == ROW_SELF_MODIFIED:
                return POINT_UNABLE
            if code == ROW_DELETED:
                return POINT_NOTHING
            fresh = code == ROW_UPDATED
            if fresh:
                at = found.tid
                code = self.look_again(at)
                if code != POINT_DONE:
                    return code
            else:
                self.wait_for(transaction, found.xid, at)
        if new is not None and not found.hot:
            self.add_entries(transaction, found.tid, new, 0)
        return POINT_DONE

    cdef tuple new_row(self, uint64_t at, Snapshot snapshot, tuple params, object evaluation):
        """What `compute` makes of the version at `at`; None when that has long values."""
        cdef char* row = self.version_at(at)
        if row == NULL or (<TupleHeader*> row).infomask & HAS_EXTERNAL:
            return None
        return self.compute(evaluation, params, self.heap.decode(row, self.projection, at))

    cdef char* version_at(self, uint64_t at) except? NULL:
        """The version at `at`, whoever sees it; NULL when there is none any more."""
        cdef uint64_t where = 0
        while True:
            try:
                return self.heap.visible(at, None, &where)
            except Retry as retry:
                retry.wait()

    cdef int put(self, uint64_t xid, Snapshot snapshot, uint64_t at, tuple new, Found* found) except -1:
        """A heap code: the version at `at` ends; `new` takes its place, None: nothing does."""
        while True:
            try:
                if new is None:
                    return self.heap.delete_row(at, xid, snapshot.command, snapshot.ids, found)
                return self.heap.update_row(at, new, xid, snapshot.command, snapshot.ids, True, False, found)
            except Retry as retry:
                retry.wait()
            except RowTooLong:
                code, found.tid, other = self.heap.update(at, new, xid, snapshot.command, snapshot)
                found.xid = other
                found.hot = code == ROW_OK and other == 1
                return code

    cdef int look_again(self, uint64_t at) except -1:
        """DONE when the version at `at`, a later one of the row found, still has the key that was looked for."""
        cdef char* row = self.version_at(at)
        if row == NULL or list(self.heap.decode(row, self.key_columns, at)) != self.sought:
            return POINT_NOTHING
        return POINT_UNABLE if (<TupleHeader*> row).infomask & HAS_EXTERNAL else POINT_DONE

    cdef int wait_for(self, TransactionCore transaction, uint64_t xid, uint64_t at) except -1:
        """Until that transaction has ended; an error says which row it was."""
        try:
            transaction.wait_for(xid)
        except DatabaseError as error:
            if error.where is None and error.severity == "ERROR":
                doing = "deleting" if self.compute is None else "updating"
                error.where = f'while {doing} tuple {tid_text(at)} in relation "{self.relation.name}"'
            raise
        return 0

    cdef int insert(self, TransactionCore transaction, tuple new) except -1:
        cdef uint64_t tid, xid = transaction.write_id()
        while True:
            try:
                tid = self.heap.insert_row(new, xid, transaction.command, False)
                break
            except Retry as retry:
                retry.wait()
            except RowTooLong:
                tid = self.heap.insert(new, xid, transaction.command)
                break
        self.add_entries(transaction, tid, new, 0)
        return POINT_DONE

    cdef int add_entries(self, TransactionCore transaction, uint64_t tid, tuple row, Py_ssize_t first) except -1:
        cdef PlainIndex index
        if self.indexes is None:
            self.table.add_entries(transaction, tid, row)
            return 0
        for index in self.indexes[first:] if first else self.indexes:
            if not index.add(self.heap, transaction, tid, row):
                self.table.add_entry(transaction, index.description, tid, row)
        return 0

    cdef int add_here(self, TransactionCore transaction, uint64_t tid, tuple row) except -1:
        """add_entries() without a wait: it is left at the first entry that cannot be made. The row is there already, so
        whatever was raised is met again, and reported, by finish()."""
        cdef PlainIndex index
        cdef Unfinished left
        cdef Py_ssize_t done = 0
        try:
            for index in self.indexes:
                if not index.try_add(self.heap, transaction, tid, row):
                    break
                done += 1
        except Exception:
            pass
        if done == len(self.indexes):
            return POINT_DONE
        left = self.left = Unfinished.__new__(Unfinished)
        left.program, left.transaction, left.tid, left.row, left.first = self, transaction, tid, row, done
        return POINT_BEGUN
