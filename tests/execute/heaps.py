"""The World of `fakes` over real tables: heap, B-trees and transactions on a volume in memory."""

from __future__ import annotations

from typing import Any

from aurorapy.access.table import IndexDescription, Table
from aurorapy.execute import ExecContext
from aurorapy.expressions.context import EvalContext
from aurorapy.types.builtin import TYPES
from aurorapy_native.btree import BTree
from aurorapy_native.heap import Heap
from aurorapy_native.keys import KeyCodec
from aurorapy_native.space import RelationStorage
from aurorapy_native.tuples import RowCodec
from tests.execute.fakes import World
from tests.support.memory_volume import make_env

KIND_HEAP, KIND_BTREE = 6, 7


class HeapWorld(World):
    """Each statement is a transaction of its own unless one is given; `processed` as in World."""

    def __init__(self, frames: int = 2048) -> None:
        super().__init__()
        self.env = make_env(frames=frames)

    def table(self, relation: Any) -> Any:
        found = self.tables.get(relation.oid)
        if found is None:
            found = self.tables[relation.oid] = self._open(relation)
        return found

    def _open(self, relation: Any) -> Table:
        env = self.env
        storage = RelationStorage.create(env.space, KIND_HEAP)
        codec = RowCodec("".join(TYPES[c.type_oid].storage[0] for c in relation.columns))
        heap = Heap(storage, codec, env.txns.status, env.txns.row_locks)
        indexes = []
        for info in relation.indexes:
            letters = "".join(TYPES[relation.columns[a - 1].type_oid].key for a in info.columns)
            tree = BTree(RelationStorage.create(env.space, KIND_BTREE), info.name)
            indexes.append(IndexDescription(info, tree, KeyCodec(letters, tuple(info.options) or None)))
        return Table(relation, heap, indexes)

    def begin(self, isolation: str = "read committed") -> Any:
        return self.env.txns.begin(isolation)

    def context_in(self, transaction: Any, params: tuple = ()) -> ExecContext:
        return ExecContext(self, None, transaction, transaction.snapshot(), tuple(params), EvalContext())

    def execute_in(self, transaction: Any, executable: Any, params: tuple = ()) -> list[tuple]:
        """One statement of a transaction."""
        ctx = self.context_in(transaction, params)
        try:
            rows = list(executable.run(ctx))
        finally:
            transaction.release_snapshot(ctx.snapshot)
        transaction.next_command()
        self.processed = ctx.processed
        return rows

    def execute(self, executable: Any, params: tuple = ()) -> list[tuple]:
        transaction = self.begin()
        try:
            rows = self.execute_in(transaction, executable, params)
        except BaseException:
            transaction.abort()
            raise
        transaction.commit()
        return rows
