"""A relation's pages as a reader knows them: its map pages followed record by record, its mirror kept as they say."""

from aurorapy_native.space import RelationStorage, VolumeSpace

class FollowedMaps:
    """The map pages of every relation that is open on a reader."""

    pages: dict[int, tuple[int, bytearray]]
    """Map page: (root of its relation, its bytes)."""
    def __init__(self, space: VolumeSpace) -> None: ...
    def open(self, storage: RelationStorage) -> None:
        """Mirrors a relation that nobody has open yet. May switch."""
    def forget(self, root: int) -> None:
        """The relation is gone for all but those who have it open; its map pages may become something else."""
    def mirror(self, storage: RelationStorage) -> bool:
        """Brings the mirror to what the map pages say; False when they do not hang together."""
