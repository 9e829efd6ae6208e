"""Index entries of a batch of rows: stub of btree_batch.pyx, which holds the chapter."""

from aurorapy_native.btree import BTree
from aurorapy_native.heap import Heap
from aurorapy_native.row_batch import RowBatch
from aurorapy_native.row_keys import RowKeys
from aurorapy_native.visibility import TxnIds

def add_entries(
    heap: Heap, tree: BTree, keys: RowKeys, batch: RowBatch, ids: TxnIds | None, unique: bool
) -> list[tuple[int, int, int]]:
    """[(row, state, tid or xid)] of the rows that have no entry yet, in their order. May switch between leaves."""
