"""Relations opened: what access needs to know of a table, made from its catalog description.

    open_relation(instance, relation)     → access.table.Table, or the one row of a sequence
    build_catalog_table(…)                → a system catalog's heap and indexes, bulk-loaded

Index expressions and predicates are kept as SQL text; here they are bound and compiled, since this floor stands above
`sql` and `expressions`.

Not here: caching of what is opened (`instance`).
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Iterator

from aurorapy.access.build import SortSpace
from aurorapy.access.toast import Toaster, open_toast
from aurorapy.access.table import IndexDescription, Table
from aurorapy.catalog.model import IndexInfo, Relation
from aurorapy.expressions.compile import default_leaf, evaluator
from aurorapy.expressions.context import EvalContext
from aurorapy.expressions.nodes import Column, walk
from aurorapy.sql.bind import bind_expression
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import Type, TypeContext
from aurorapy_native.btree import BTree
from aurorapy_native.heap import Heap
from aurorapy_native.keys import KeyCodec
from aurorapy_native.space import RelationStorage
from aurorapy_native.tuples import RowCodec

BOOTSTRAP_XID = 2  # below every id that is ever handed out: committed, seen by everybody
COUNTER_DIRECTORY = 8
NOTE_INCOMPLETE = 7


def open_directory(instance: Any) -> Heap:
    """The heap of (database OID, map page of its pg_class)."""
    storage = RelationStorage.open(instance.space, instance.space.counter(COUNTER_DIRECTORY))
    return Heap(storage, RowCodec("uu"), instance.txns.status, instance.txns.row_locks)


def type_letters(instance: Any, relation: Relation) -> tuple[str, list[Type]]:
    types = [_type_of(instance, c.type_oid) for c in relation.columns]
    return "".join(t.storage[0] for t in types), types


def _type_of(instance: Any, oid: int) -> Type:
    found = TYPES.get(oid)
    if found is not None:
        return found
    for database in instance.databases():
        found = database.cache.lookups.type_by_oid(oid)
        if found is not None:
            return found
    return TYPES[2249]  # a dropped row type: its column is dropped too


def catalog_table_of(instance: Any, relation: Relation) -> Table:
    """A system catalog: built-in types and plain indexes only."""
    return _open(instance, relation, [TYPES[c.type_oid] for c in relation.columns], None)


def open_relation(instance: Any, relation: Relation) -> Any:
    if relation.kind == "S":
        return SequenceTable(instance, relation)
    _, types = type_letters(instance, relation)
    return _open(instance, relation, types, instance)


def _open(instance: Any, relation: Relation, types: list[Type], compiler: Any) -> Table:
    heap = _heap(instance, relation, types)
    indexes = [_index(instance, relation, types, info) for info in relation.indexes if info.root]
    return Table(relation, heap, indexes, [_shown(t) for t in types], instance.host.tasks.give_way)


def _heap(instance: Any, relation: Relation, types: list[Type]) -> Heap:
    storage = RelationStorage.open(instance.space, relation.root)
    codec = RowCodec("".join(t.storage[0] for t in types), tuple(c.missing for c in relation.columns))
    heap = Heap(storage, codec, instance.txns.status, instance.txns.row_locks)
    heap.fillfactor = relation.fillfactor
    if relation.toast_root:
        chunks = open_toast(
            RelationStorage.open(instance.space, relation.toast_root), instance.txns.status, instance.txns.row_locks
        )
        heap.toaster = Toaster(chunks, instance.host.tasks.give_way)
    return heap


def _shown(type_: Type) -> Callable[[Any], str]:
    """Text of a value for constraint messages, in default styles."""
    context = TypeContext()
    return lambda value: type_.output(value, context)


def _index(instance: Any, relation: Relation, types: list[Type], info: IndexInfo) -> IndexDescription:
    key_count = info.key_count or len(info.columns)
    expressions = iter(info.expressions)
    compiled: list[Any] = []
    letters: list[str] = []
    for attno in info.columns[:key_count]:
        if attno:
            letters.append(types[attno - 1].key)
            continue
        bound = bind_expression(next(expressions), relation, _binding_catalog(instance), kind="INDEX")
        compiled.append(bound)
        letters.append(_type_of(instance, bound.type_oid).key)
    depends = {column.attno for bound in compiled for column in columns_in(bound)}
    predicate = None
    if info.predicate:
        bound = bind_expression(info.predicate, relation, _binding_catalog(instance), kind="INDEX PREDICATE")
        depends.update(column.attno for column in columns_in(bound))
        predicate = row_function(relation, [bound])
    key_values = None
    if compiled:
        key_values = _mixed_key(relation, info.columns[:key_count], compiled)
    tree = BTree(RelationStorage.open(instance.space, info.root), info.name)
    if info.root in instance.incomplete_indexes:
        tree.storage.incomplete = instance.incomplete_indexes[info.root]
    return IndexDescription(
        info=info, tree=tree, codec=KeyCodec("".join(letters), tuple(info.options[:key_count]) or None),
        key_values=key_values, predicate=predicate, depends=tuple(sorted(depends)),
    )  # fmt: skip


def columns_in(expression: Any) -> list[Column]:
    """The columns an index expression or predicate looks at: an update that keeps them keeps the entry."""
    return [node for node in walk(expression) if isinstance(node, Column)]


def _binding_catalog(instance: Any) -> Any:
    """Names in stored expressions are qualified or built in: any session's catalog reads them alike."""
    return instance.binding_catalog()


def row_function(relation: Relation, expressions: list[Any]) -> Callable[[tuple], Any]:
    """A callable from a whole row (all attributes) to the expressions' values, a tuple when several."""
    run = evaluator(expressions, _column_leaf)
    context = EvalContext()
    if len(expressions) == 1:
        return lambda row: run(context, (), row)[0]
    return lambda row: run(context, (), row)


def _column_leaf(node: Any) -> Any:
    if isinstance(node, Column):
        return f"row[{node.attno - 1}]", True
    return default_leaf(node)


def _mixed_key(relation: Relation, columns: tuple[int, ...], expressions: list[Any]) -> Callable[[tuple], tuple]:
    run = row_function(relation, expressions)
    single = len(expressions) == 1

    def key_values(row: tuple) -> tuple:
        computed = iter((run(row),) if single else run(row))
        return tuple(row[attno - 1] if attno else next(computed) for attno in columns)

    return key_values


def build_catalog_table(instance: Any, relation: Relation, rows: list[tuple]) -> None:
    """Fills an empty catalog and its indexes."""
    types = [TYPES[c.type_oid] for c in relation.columns]
    tids = _heap(instance, relation, types).insert_many(rows, BOOTSTRAP_XID, 0)
    for info in relation.indexes:
        columns = [attno - 1 for attno in info.columns]
        encode = KeyCodec("".join(types[c].key for c in columns)).encode
        entries = sorted((encode(tuple([row[c] for c in columns])), tid) for row, tid in zip(rows, tids))
        BTree.build(RelationStorage.open(instance.space, info.root), entries, info.name)


def build_index(
    instance: Any, transaction: Any, relation: Relation, index_oid: int, give_way: Callable[[], None], settings: Any
) -> None:
    """Fills a new index from the table's rows, in the memory and on the disk that the settings allow. Readers are told when
    it does not lead to every row of older snapshots."""
    limit = settings["temp_file_limit"]
    space = SortSpace(
        settings["maintenance_work_mem"] << 10, instance.temporary_file, limit << 10 if limit >= 0 else None
    )
    table = instance.table(relation)
    if table.build_index(index_oid, transaction, give_way, space):
        xid, _ = table.index(index_oid).tree.storage.incomplete
        transaction.add_note(NOTE_INCOMPLETE, struct.pack("<IQ", table.index(index_oid).tree.storage.root, xid))


class SequenceTable:
    """SELECT * FROM a sequence: one row of (last_value, log_cnt, is_called)."""

    def __init__(self, instance: Any, relation: Relation) -> None:
        self._instance = instance
        self._relation = relation
        self.dead_rows = self.changed_rows = 0

    def scan(self, snapshot: Any, columns: tuple[int, ...], start_block: int = 0) -> Iterator[list[tuple]]:
        row = self._instance.sequences.rows(self._relation.root)
        system = {-1: 1, -2: BOOTSTRAP_XID, -3: 0, -4: 0, -5: 0, -6: self._relation.oid}
        yield [tuple(row[c - 1] if c > 0 else system[c] for c in columns)]
