"""How large relations are: pages in use, in bytes.

Errors: none; a storage that is gone is empty. Not here: the maps themselves (`aurorapy_native.space`).
"""

from __future__ import annotations

from typing import Any

from aurorapy_native.space import RelationStorage

PAGE_BYTES = 8192


def relation_pages(instance: Any, root: int) -> int:
    """Blocks of the storage at this map page, 0 for none."""
    return RelationStorage.open(instance.space, root).blocks if root else 0


def relation_bytes(instance: Any, root: int) -> int:
    return relation_pages(instance, root) * PAGE_BYTES
