"""The B-tree: stub of btree.pyx, which holds the chapter."""

from collections.abc import Callable, Iterable, Sequence

from aurorapy_native.btree_scan import Scan
from aurorapy_native.space import RelationStorage

class BTree:
    """One index. `name` is for error messages; a relation without blocks is an empty tree, made on the first insert."""

    name: str
    storage: RelationStorage
    def __init__(self, storage: RelationStorage, name: str = "") -> None: ...
    @staticmethod
    def create(storage: RelationStorage, name: str = "") -> BTree:
        """An empty tree in a relation that has no blocks."""
    @staticmethod
    def build(storage: RelationStorage, entries: Iterable[tuple[bytes, int]], name: str = "", fill: int = 90) -> BTree:
        """A tree of ascending (key, tid) pairs, its pages written whole; the relation must have no blocks."""
    def insert(self, key: bytes, tid: int) -> None:
        """Adds (key, tid). ProgramLimitExceeded: too long; InternalError: it is there already."""
    def delete(self, key: bytes, tid: int) -> bool:
        """Removes (key, tid); False when it is not there."""
    def lookup(self, key: bytes) -> list[int]:
        """The tids of a key, ascending."""
    def try_insert(self, key: bytes, tid: int) -> None:
        """insert() for a caller that must not switch: raises a Retry instead of waiting."""
    def try_lookup(self, key: bytes) -> list[int]:
        """lookup() for a caller that must not switch: raises a Retry instead of waiting."""
    def scan(
        self,
        lower: bytes | None = None,
        upper: bytes | None = None,
        lower_inclusive: bool = True,
        upper_inclusive: bool = True,
        backward: bool = False,
    ) -> Scan:
        """A cursor over the keys between two bounds; None is no bound."""
    def vacuum(self, dead: Sequence[int], pruned_to: int = 0, give_way: Callable[[], None] | None = None) -> int:
        """Removes the entries whose tid is in `dead` (ascending); returns how many.

        pruned_to: commit LSN up to which removed rows were dead. give_way: called between leaves, may switch.
        """
    def estimate(self) -> tuple[int, int, int]:
        """(pages, entries, height): entries from a few sampled leaves, height 1 for a single leaf."""
    def page(self, block: int) -> bytes:
        """A copy of one page, for checks."""
    def check(self) -> list[str]:
        """Everything that is wrong with the tree, a sentence each; an empty list is a sound tree."""
