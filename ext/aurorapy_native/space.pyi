"""Space in the volume: extents, and what a relation keeps about its own pages."""

from collections.abc import Callable, Iterable
from typing import Any

from aurorapy_native.mtr import MiniTransaction
from aurorapy_native.pool import BufferPool
from aurorapy_native.retry import Retry

FORMAT_VERSION: int
COUNTER_XID: int
COUNTER_OID: int
COUNTER_DATABASES: int

class NeedVisibilityPage(Retry):
    """The block's visibility bits have no page yet."""

def retrying(attempt: Callable[..., Any], *args: Any) -> Any:
    """Runs `attempt` until it gets through without a Retry."""

class VolumeSpace:
    """Page 0 and the free list: where extents come from and go to. One an instance."""

    pool: BufferPool
    mtr: MiniTransaction
    next_page: int
    free: list[list[int]]
    relations: dict[int, RelationStorage]
    maps: Any
    """On a reader: followed_maps.FollowedMaps; None on a writer."""
    horizon: Callable[[], int] | None

    def __init__(self, pool: BufferPool, mtr: MiniTransaction) -> None: ...
    def create(self) -> None:
        """Makes page 0 of a new volume."""

    def open(self, to_read: bool = False) -> None:
        """Reads page 0 and the free list; to_read: page 0 only. FatalError or DataCorrupted when this is no volume of
        this format."""

    def counter(self, n: int) -> int:
        """Value of the u64 slot n (0..63) of page 0."""

    def raise_counter(self, n: int, value: int) -> None:
        """Logs a larger value for slot n; a smaller one changes nothing. May switch."""

    def allocate_extent(self, pages: int) -> int:
        """First page of `pages` consecutive ones that belong to nobody: for what is no relation. May switch."""

    def free_ranges(
        self, ranges: list[tuple[int, int]], lsn: int, extra_changes: Iterable = (), notes: Iterable = ()
    ) -> None:
        """Puts page ranges [(start, pages)] into the free list, free once the prune horizon reaches `lsn`."""

    def unreleased(self) -> bool:
        """Has storage still to be told of an extent in the free list?"""

    def release(self) -> int:
        """Tells storage of the free extents that nobody may read any more (the prune horizon has passed them): it drops
        what is in them. Returns how many pages. May switch."""

    def free_extents(self, root: int, lsn: int) -> None:
        """Frees everything the relation has, its maps included. May switch."""

    def reclaim(self, roots: Iterable[int]) -> int:
        """Frees every page that no relation of `roots` and no list has; returns how many. Only before the first
        session; `roots` must be all that committed or prepared transactions know, pg_class's and the status pages'."""

    def unowned(self, roots: Iterable[int]) -> list[tuple[int, int]]:
        """Page ranges [(first, pages)] that no relation of `roots` and no list has. DataCorrupted when two have one.
        May switch."""

class RelationStorage:
    """A relation's place in the volume: blocks to pages, free space, visibility bits, growth."""

    pool: BufferPool
    mtr: MiniTransaction
    volume_space: VolumeSpace
    root: int
    blocks: int
    kind: int
    dropped: bool
    incomplete: tuple[int, int] | None
    """Of an index: the id of the transaction that made it and the LSN then, when older snapshots miss rows in it."""
    map_pages: list[int]
    meta_extents: list[int]
    space_pages: list[int]

    @staticmethod
    def create(space: VolumeSpace, owner_kind: int) -> RelationStorage:
        """A new, empty relation of `owner_kind` (a PageKind); its root is `.root`. May switch."""

    @staticmethod
    def open(space: VolumeSpace, root: int) -> RelationStorage:
        """The relation whose map begins at page `root`; the same object for everybody. May switch."""

    def capacity(self) -> int:
        """Blocks that fit into the extents."""

    def ranges(self) -> list[tuple[int, int]]:
        """Every page range of the relation, maps included: [(first page, pages)]."""

    def drop(self, lsn: int | None = None) -> None:
        """Gives all pages back, free when the prune horizon reaches `lsn` (default: now). May switch; final."""

    def truncate_to_empty(self) -> None:
        """No blocks any more; only for a relation nobody else has seen. May switch."""

    def allocate_extent(self) -> None:
        """Adds an extent when the last prepare_extend needs one. May switch."""

    def flush_space(self) -> None:
        """Logs the free-space bytes that changed in memory. May switch."""

    def add_visibility_page(self, index: int) -> None:
        """Makes visibility pages up to `index`. May switch."""

    def page_number(self, block: int) -> int:
        """Page of the volume that holds the block. IndexError beyond the extents."""

    def add_block(self, kind: int) -> int:
        """Appends one empty page of `kind`; returns its block number. May switch."""

    def space_of(self, block: int) -> int:
        """The hint: free bytes of the block, rounded down to 32."""

    def remember_space(self, block: int, free: int) -> None:
        """Notes a block's free bytes."""

    def block_with_space(self, need: int) -> int | None:
        """A block with room for `need` bytes, or None. May switch."""

    def all_visible(self, block: int) -> bool:
        """The block's visibility bit. May switch."""

    def mark_visible(self, block: int, on: bool) -> None:
        """Sets or clears the block's bit in a mini-transaction of its own. May switch."""
