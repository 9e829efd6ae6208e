"""jsonb's B-tree order over the trees of `types.jsonb`.

    Object > Array > Boolean > Number > String > Null; arrays and objects by count first

An empty array sorts below everything else, PostgreSQL's own oddity.

Not here: parsing and printing (`types.jsonb`), the functions (`functions.jsonb`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aurorapy.types.jsonb import to_tree


def key_order(item: tuple[str, Any]) -> tuple[int, bytes]:
    """Keys of an object stand by length in bytes, then by bytes."""
    encoded = item[0].encode()
    return len(encoded), encoded


def json_order(tree: Any) -> tuple:
    """A tuple that Python orders as jsonb orders the tree."""
    if tree is None:
        return (1,)
    if isinstance(tree, bool):
        return (4, tree)
    if isinstance(tree, str):
        return (2, tree)
    if isinstance(tree, Decimal):
        return (3, tree)
    if isinstance(tree, list):
        return (5, len(tree), tuple(map(json_order, tree))) if tree else (0,)
    members = sorted(tree.items(), key=key_order)
    return (6, len(members), tuple((k, json_order(v)) for k, v in members))


def jsonb_key(text: str) -> tuple:
    """The sort key of a jsonb value."""
    return json_order(to_tree(text))
