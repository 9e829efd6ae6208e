"""A table: its heap and its indexes, changed together.

    table = Table(relation, heap, [IndexDescription(info, tree, codec)], shown)
    tid = table.insert(txn, (1, 'x'))
    for rows in table.scan(snapshot, (1, 2)): ...          # a page's visible rows a step
    outcome = table.update(txn, tid, (1, 'y'), snapshot)   # Outcome(code, tid, xid): aurorapy_native.heap's codes

An insert puts the row into the heap and then an entry into each index. For a unique index the search of the key, the
look at the rows found there and the insertion of the entry are one stretch without a switch; when what is found depends
on a running transaction, the insert waits for its end and starts that index over. When the key is taken the row in the
heap stays behind, and dies with the transaction.

An update that changes no column an index depends on is HOT, when the page has room: no index hears of it. Index entries
lead to the first version of a HOT chain, and the heap finds the one a snapshot sees.

INSERT ... ON CONFLICT looks first; when it loses a race between looking and inserting, its own row is declared never to
have been, and it looks again.

Errors: UniqueViolation 23505, ProgramLimitExceeded 54000 for a key or a row no page holds, what waiting raises.

Not here: who may, defaults, constraints (execute); what a code means for a statement (execute/modify); vacuum.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Callable, Iterable, Iterator, NamedTuple

from aurorapy.access.build import SortSpace, build_index
from aurorapy.access.toast import Toaster, open_toast
from aurorapy.errors import DatabaseError, UniqueViolation
from aurorapy.ids import Oid, Tid, Xid, tid_text
from aurorapy.records import dataclass
from aurorapy_native.btree import BTree
from aurorapy_native.btree_batch import add_entries
from aurorapy_native.heap import Heap
from aurorapy_native.heap_lookup import add_entry, fetch_by_key, find_rival
from aurorapy_native.keys import KeyCodec
from aurorapy_native.locks import ROW_STRENGTHS
from aurorapy_native.row_batch import RowBatch
from aurorapy_native.row_keys import RowKeys
from aurorapy_native.row_source import HeapScan, IndexScan, RowSource
from aurorapy_native.space import RelationStorage
from aurorapy_native.tuples import RowCodec

NONE, LIVE, UNDECIDED = range(3)  # answers of heap_lookup

_STRENGTH = {**ROW_STRENGTHS, **{name.lower(): number for name, number in ROW_STRENGTHS.items()}}


class Outcome(NamedTuple):
    """What became of a change: a code of aurorapy_native.heap, the row's (new) tid, whom to wait for."""

    code: int
    tid: Tid = 0
    xid: Xid = 0


@dataclass(slots=True, eq=False)
class IndexDescription:
    """An index as its table sees it.

    key_values: whole row → the key's values, for keys with expressions. predicate: whole row → true when the row belongs
    into the index. depends: the columns (attnos) both look at, None if unknown. shown: text of each key value for messages,
    by default the table's.
    """

    info: Any  # catalog.model.IndexInfo, which stands above this floor
    tree: BTree
    codec: KeyCodec
    key_values: Callable[[tuple], tuple] | None = None
    predicate: Callable[[tuple], Any] | None = None
    depends: tuple[int, ...] | None = None
    shown: tuple[Callable[[Any], str], ...] | None = None
    key_columns: tuple[int, ...] = ()  # attnos of the key's columns, 0 for an expression
    row_keys: RowKeys | None = None  # makes keys of rows' bytes; None where only values_of() can
    _take: Any = None

    def __post_init__(self) -> None:
        self.key_columns = tuple(self.info.columns[: self.info.key_count or len(self.info.columns)])
        if self.key_values is None:
            first, *others = [n - 1 for n in self.key_columns]
            self._take = itemgetter(first, *others) if others else lambda row: (row[first],)
        else:
            self._take = self.key_values

    def reads(self, rows: RowCodec) -> None:
        """The table's rows are of this codec."""
        if self.key_values is None and self.predicate is None:
            self.row_keys = RowKeys(rows, self.codec, self.key_columns, not self.info.nulls_not_distinct)

    def values_of(self, row: tuple) -> tuple | None:
        """The key's values, None when the row is not in the index."""
        if self.predicate is not None and self.predicate(row) is not True:
            return None
        return self._take(row)

    def decides(self, values: tuple) -> bool:
        """May only one row have this key?"""
        return self.info.unique and (None not in values or self.info.nulls_not_distinct)


def _is_in(key: bytes, low: bytes | None, high: bytes | None, low_inclusive: bool, high_inclusive: bool) -> bool:
    above = low is None or key > low or low_inclusive and key == low
    return above and (high is None or key < high or high_inclusive and key == high)


def _wait(txn: Any, xid: Xid, where: str) -> None:
    """txn.wait_for(); what it raises says what the wait was for."""
    try:
        txn.wait_for(xid)
    except DatabaseError as error:
        error.where = error.where or where
        raise


class Table:
    """See the module's chapter. `shown`: text of a value, a callable a column. Rows are whole: a value a column, dropped
    ones included (None)."""

    def __init__(
        self,
        relation: Any,  # catalog.model.Relation
        heap: Heap,
        indexes: list[IndexDescription],
        shown: list[Callable[[Any], str]] | None = None,
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        self.relation = relation
        self.heap = heap
        self.indexes = indexes
        self.shown = shown or [str] * len(relation.columns)
        self.give_way = give_way
        self._by_oid = {index.info.oid: index for index in indexes}
        for index in indexes:
            index.reads(heap.codec)
        heap.oid = relation.oid
        heap.fillfactor = relation.fillfactor
        if heap.toaster is None:
            heap.toaster = Toaster(self._toast_heap(), give_way)
        heap.depends_on(*self._dependencies())

    def _toast_heap(self) -> Heap | None:
        if not self.relation.toast_root:
            return None
        storage = RelationStorage.open(self.heap.storage.volume_space, self.relation.toast_root)
        return open_toast(storage, self.heap.status, self.heap.row_locks)

    def _dependencies(self) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
        """Columns that an update must keep to be HOT (None: none may), and columns of unique keys."""
        indexed: set[int] = set()
        keys: set[int] = set()
        unknown = False
        for index in self.indexes:
            indexed.update(n for n in index.info.columns if n)
            if index.key_values is not None or index.predicate is not None:
                unknown = unknown or index.depends is None
                indexed.update(index.depends or ())
            elif index.info.unique:
                keys.update(index.key_columns)
        return None if unknown else tuple(sorted(indexed)), tuple(sorted(keys))

    # -- reading

    @property
    def blocks(self) -> int:
        """Pages of the heap."""
        return self.heap.blocks

    @property
    def dead_rows(self) -> int:
        """Versions made dead since somebody set it to 0."""
        return self.heap.dead_rows

    @dead_rows.setter
    def dead_rows(self, count: int) -> None:
        self.heap.dead_rows = count

    @property
    def changed_rows(self) -> int:
        """Rows inserted, updated and deleted since somebody set it to 0."""
        return self.heap.changed_rows

    @changed_rows.setter
    def changed_rows(self, count: int) -> None:
        self.heap.changed_rows = count

    def index(self, oid: Oid) -> IndexDescription:
        return self._by_oid[oid]

    def fetch(self, tid: Tid, snapshot: Any, columns: tuple[int, ...]) -> tuple | None:
        """Heap.fetch: columns of the version that the snapshot sees of the row at `tid`."""
        return self.heap.fetch(tid, snapshot, columns)

    def fetch_version(self, tid: Tid, snapshot: Any, columns: tuple[int, ...]) -> tuple | None:
        """Columns of the version at `tid` itself, None when the snapshot does not see it (ctid = ...)."""
        return self.heap.fetch_version(tid, snapshot, columns)

    def fetch_by_key(self, oid: Oid, key: tuple, snapshot: Any, columns: tuple[int, ...]) -> tuple | None:
        """The visible row under a whole key of an index."""
        index = self._by_oid[oid]
        if index.tree.storage.incomplete is not None:
            rows = self.index_rows(oid, key, snapshot, columns)
            return rows[0] if rows else None
        return fetch_by_key(self.heap, index.tree, index.codec, key, snapshot, columns)

    def scan(self, snapshot: Any, columns: tuple[int, ...], start_block: int = 0, end_block: int | None = None) -> RowSource:
        """Lists of visible rows, a page's worth each, of the blocks there are now."""
        end = self.heap.blocks if end_block is None else min(end_block, self.heap.blocks)
        return HeapScan(self.heap, snapshot, columns, start_block, end, self.give_way)

    def index_pages(
        self, index: IndexDescription, ranges: Iterable[tuple], backward: bool, snapshot: Any, columns: tuple[int, ...]
    ) -> RowSource | Iterator[list[tuple]]:
        """Lists of visible rows with keys in ranges, a leaf's worth each, in the index's order. A range is (low, high, low
        inclusive, high inclusive), None for no bound."""
        if index.tree.storage.incomplete is not None and not self._leads_to_all(index, snapshot):
            return self._pages_without(index, list(ranges), backward, snapshot, columns)
        return IndexScan(self.heap, index.tree, ranges, backward, snapshot, columns, self.give_way)

    def _leads_to_all(self, index: IndexDescription, snapshot: Any) -> bool:
        """Does the index lead to every row that the snapshot sees? When it was made, versions of HOT chains that had ended
        but were seen by somebody could not be entered."""
        xid, lsn = index.tree.storage.incomplete
        return snapshot.lsn >= lsn if snapshot.owns(xid) else self.heap.status.sees(snapshot, xid)

    def _pages_without(
        self, index: IndexDescription, ranges: list[tuple], backward: bool, snapshot: Any, columns: tuple[int, ...]
    ) -> Iterator[list[tuple]]:
        """index_pages() without the index: the whole table, and the order made here."""
        width = len(self.relation.columns)
        found: list[tuple[bytes, tuple]] = []
        for page in self.scan(snapshot, (*range(1, width + 1), *columns)):
            for row in page:
                values = index.values_of(row[:width])
                key = b"" if values is None else index.codec.encode(values)
                if values is not None and any(_is_in(key, *r) for r in ranges):
                    found.append((key, row[width:]))
        found.sort(key=itemgetter(0), reverse=backward)
        if found:
            yield [row for _, row in found]

    def index_rows(self, oid: Oid, prefix: tuple, snapshot: Any, columns: tuple[int, ...]) -> list[tuple]:
        """All visible rows whose key begins with the values of `prefix`."""
        index = self._by_oid[oid]
        low = index.codec.encode_prefix(prefix) if prefix else None
        high = index.codec.upper_of(low) if prefix else None
        pages = self.index_pages(index, ((low, high, True, False),), False, snapshot, columns)
        return [row for rows in pages for row in rows]

    # -- changing

    def insert(self, txn: Any, values: tuple) -> Tid:
        """Adds a row; returns its tid. UniqueViolation; may wait for other transactions."""
        tid = self.heap.insert(values, txn.xid, txn.command)
        if self.indexes:
            self.add_entries(txn, tid, values)
        return tid

    def insert_many(self, txn: Any, rows: Iterable[tuple]) -> list[Tid]:
        """Adds rows, a heap page and an index leaf at a time; returns their tids in order."""
        tids: list[Tid] = []
        batch = self.new_batch()
        for values in rows:
            if batch.append(values):
                continue
            tids += self.insert_batch(txn, batch)
            if not batch.append(values):
                tids.append(self.insert(txn, values))
        return tids + self.insert_batch(txn, batch)

    def new_batch(self) -> RowBatch:
        """An empty batch for insert_batch()."""
        return RowBatch(self.heap.codec)

    def insert_batch(self, txn: Any, batch: RowBatch) -> list[Tid]:
        """Adds the batch's rows and empties it, also when it fails; returns their tids. An error about one of the rows
        says which: `batch_row`."""
        count = len(batch)
        if not count:
            return []
        try:
            self.heap.place(batch, txn.xid, txn.command)
            tids = batch.tids
            left: list[tuple] = []
            for place, index in enumerate(self.indexes):
                if index.row_keys is not None:
                    found = add_entries(self.heap, index.tree, index.row_keys, batch, txn.ids, index.info.unique)
                    left += [(row, place, state) for row, state, _ in found]
                else:
                    left += [(row, place, UNDECIDED) for row in range(count)]
            if left:
                self._index_left(txn, batch, tids, sorted(left))
        finally:
            batch.clear()
        self.give_way()
        return tids

    def insert_over(self, txn: Any, batch: RowBatch, values: tuple) -> None:
        """Adds a row that the batch did not take: after the batch's, as the first of the next one or by itself."""
        self.insert_batch(txn, batch)
        if not batch.append(values):
            self.insert(txn, values)

    def _index_left(self, txn: Any, batch: RowBatch, tids: list[Tid], left: list[tuple]) -> None:
        """Entries that a batch could not get, in the order in which single rows would have got theirs."""
        for row, place, state in left:
            index = self.indexes[place]
            key = index.values_of(batch.values(row))
            if key is None:
                continue
            if state == LIVE or self._add_entry(txn, index, key, tids[row]) is not None:
                violation = self.violation(index, key)
                violation.batch_row = row
                raise violation

    def update(self, txn: Any, tid: Tid, values: tuple, snapshot: Any) -> Outcome:
        """Replaces the version at `tid`. Codes other than OK changed nothing; BEING_MODIFIED names whom to wait for."""
        code, new, other = self.heap.update(tid, values, txn.xid, snapshot.command, snapshot)
        if code:
            return Outcome(code, new, other)
        if not other and self.indexes:
            self.add_entries(txn, new, values)
        return Outcome(code, new)

    def delete(self, txn: Any, tid: Tid, snapshot: Any) -> Outcome:
        """Deletes the version at `tid`."""
        code, new, other = self.heap.delete(tid, txn.xid, snapshot.command, snapshot)
        return Outcome(code, new, other)

    def lock(self, txn: Any, tid: Tid, strength: str, snapshot: Any, wait: str = "block") -> Outcome:
        """Locks the version at `tid` until `txn` ends. strength: "KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE", in either
        case. Never waits: BEING_MODIFIED names whom to wait for (`wait` is the caller's affair)."""
        return Outcome(*self.heap.lock(tid, txn.xid, _STRENGTH[strength], snapshot.command, snapshot))

    # -- indexes

    def add_entries(self, txn: Any, tid: Tid, values: tuple) -> None:
        """The row's entries, in every index. UniqueViolation; may wait for others."""
        for index in self.indexes:
            self.add_entry(txn, index, tid, values)

    def add_entry(self, txn: Any, index: IndexDescription, tid: Tid, values: tuple) -> None:
        """The row's entry in one index, if it belongs there."""
        key = index.values_of(values)
        if key is not None and self._add_entry(txn, index, key, tid) is not None:
            raise self.violation(index, key)

    def _add_entry(self, txn: Any, index: IndexDescription, key: tuple, tid: Tid) -> Tid | None:
        """Adds one entry, unless the key may be there only once and is taken: then by whom. May wait for others."""
        unique = index.info.unique and index.decides(key)
        while True:
            state, other = add_entry(self.heap, index.tree, index.codec, key, tid, txn.ids, unique)
            if state == NONE:
                return None
            if state == LIVE:
                return other
            _wait(txn, other, f'while inserting index tuple {tid_text(tid)} in relation "{index.info.name}"')

    def _find_conflict(self, txn: Any, index: IndexDescription, key: tuple) -> Tid | None:
        """The live row under a key, after waiting for those who are about to decide."""
        while True:
            state, other = find_rival(self.heap, index.tree, index.codec, key, txn.ids)
            if state == NONE:
                return None
            if state == LIVE:
                return other
            txn.wait_for(other)

    def insert_on_conflict(self, txn: Any, values: tuple, arbiters: tuple[Oid, ...]) -> tuple[Tid | None, Tid | None]:
        """(tid, None) inserted, or (None, tid of the row in the way). arbiters: OIDs of unique indexes, () for all. Other
        unique indexes raise UniqueViolation."""
        keys = [(index, key) for index in self.indexes if (key := index.values_of(values)) is not None]
        decisive = [
            (index, key) for index, key in keys if index.decides(key) and (not arbiters or index.info.oid in arbiters)
        ]
        while True:
            for index, key in decisive:
                other = self._find_conflict(txn, index, key)
                if other is not None:
                    return None, other
            tid = self.heap.insert(values, txn.xid, txn.command)
            if all(self._add_entry(txn, index, key, tid) is None for index, key in decisive):
                break
            self.heap.forget_insert(tid)  # an arbiter's key was taken meanwhile
        for index, key in keys:
            if (index, key) not in decisive and self._add_entry(txn, index, key, tid) is not None:
                raise self.violation(index, key)
        return tid, None

    def build_index(
        self, oid: Oid, txn: Any, give_way: Callable[[], None] | None = None, space: SortSpace | None = None
    ) -> int:
        """Fills the empty index `oid` from the rows; the caller holds SHARE on the table. UniqueViolation. Returns how many
        HOT chains it cannot serve to snapshots older than itself."""
        index = self._by_oid[oid]
        broken = build_index(self, index, txn, give_way or self.give_way, space or SortSpace())
        if broken:
            index.tree.storage.incomplete = (txn.xid, self.heap.status.vdl)
        return broken

    # -- messages

    def key_text(self, index: IndexDescription, key_values: tuple) -> str:
        """`Key (a, b)=(1, x)`."""
        expressions = iter(index.info.expressions)
        columns = [self.relation.columns[n - 1].name if n else next(expressions) for n in index.key_columns]
        shown = index.shown or [self.shown[n - 1] if n else str for n in index.key_columns]
        texts = ["null" if value is None else show(value) for value, show in zip(key_values, shown)]
        return f"Key ({', '.join(columns)})=({', '.join(texts)})"

    def violation(self, index: IndexDescription, key_values: tuple) -> UniqueViolation:
        return UniqueViolation(
            f'duplicate key value violates unique constraint "{index.info.name}"',
            detail=f"{self.key_text(index, key_values)} already exists.",
            schema=self.relation.schema,
            table=self.relation.name,
            constraint=index.info.name,
        )
