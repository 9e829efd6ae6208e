"""Tables on a volume in memory, for tests of the access floor."""

from __future__ import annotations

from aurorapy.access.table import IndexDescription, Table
from aurorapy.access.toast import Toaster, open_toast
from aurorapy.catalog.model import Column, IndexInfo, Relation
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext
from aurorapy_native.btree import BTree
from aurorapy_native.heap import Heap
from aurorapy_native.keys import KeyCodec
from aurorapy_native.space import RelationStorage
from aurorapy_native.tuples import RowCodec
from tests.support.memory_volume import make_env

INT4, TEXT, NUMERIC = 23, 25, 1700


def storage(env, kind, root=0):
    return RelationStorage.open(env.space, root) if root else RelationStorage.create(env.space, kind)


def open_heap(env, letters="4t", root=0, toast_root=None, indexed=None, keys=()):
    """A heap, new without `root`. toast_root: 0 for a new toast heap, None for none."""
    heap = Heap(storage(env, 6, root), RowCodec(letters), env.txns.status, env.txns.row_locks)
    heap.depends_on(indexed, keys)
    if toast_root is not None:
        heap.toaster = Toaster(open_toast(storage(env, 6, toast_root), env.txns.status, env.txns.row_locks))
    return heap


def open_table(env, columns="a:23 b:25", indexes=(), root=0, roots=(), toast_root=None, **functions):
    """A table `t`. columns: name:type OID …; indexes: (name, attnos, unique[, options]); functions: what IndexDescription
    takes beyond, by index name."""
    types = [TYPES[int(c.split(":")[1])] for c in columns.split()]
    relation = Relation(20000, "t", 2200, "public", "r", root, 10)
    relation.columns = [
        Column(n, c.split(":")[0], int(c.split(":")[1])) for n, c in enumerate(columns.split(), 1)
    ]  # fmt: skip
    descriptions = []
    for n, (name, attnos, unique, *options) in enumerate(indexes):
        info = IndexInfo(20001 + n, name, 20000, roots[n] if roots else 0, attnos, unique=unique, key_count=len(attnos))
        letters = "".join(types[a - 1].key if a else "t" for a in attnos)
        tree = BTree(storage(env, 7, info.root), name)
        codec = KeyCodec(letters, options[0] if options else None)
        relation.indexes.append(info)
        descriptions.append(IndexDescription(info, tree, codec, **functions.get(name, {})))
    heap = open_heap(env, "".join(t.storage for t in types), root, toast_root)
    context = TypeContext()
    shown = [lambda value, t=t: t.output(value, context) for t in types]
    return Table(relation, heap, descriptions, shown)


class Changes:
    """A transaction with its statements: each gets a snapshot of its own and the next command number."""

    def __init__(self, env, isolation="read committed"):
        self.txn = env.txns.begin(isolation)

    def __enter__(self):
        return self.txn

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.txn.commit()
        else:
            self.txn.abort()


def rows_of(heap, snapshot, columns):
    """All visible rows, page by page."""
    return [row for block in range(heap.blocks) for row in heap.scan_page(block, snapshot, columns)]


def fetch_all(heap, tids, snapshot, columns):
    """What the snapshot sees of the rows at `tids`."""
    return [row for tid in tids if (row := heap.fetch(tid, snapshot, columns)) is not None]


__all__ = ["Changes", "INT4", "NUMERIC", "TEXT", "fetch_all", "make_env", "open_heap", "open_table", "rows_of", "storage"]
