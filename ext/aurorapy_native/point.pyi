"""One row by its whole unique key, in one call: stub of point.pyx, which holds the chapter."""

from collections.abc import Callable
from typing import Any

class PlainIndex:
    """An index on columns of its table, without expressions or predicate."""

    def __init__(self, description: Any) -> None:
        """description: access.table.IndexDescription."""

class PointProgram:
    """What a statement does to the row under a unique key, or the row it inserts."""

    def __init__(
        self,
        kind: str,
        relation: Any,
        index_oid: int,
        key: tuple[int | tuple[Any], ...],
        columns: tuple[int, ...],
        compute: Callable[[Any, tuple, tuple | None], tuple] | None,
        calm: bool = False,
    ) -> None:
        """kind: select, insert, update, delete. key: a key column the number of a parameter (from 1) or (constant,).
        columns: attnos of the result, or what `compute(eval, params, found)` is given to make the new row of. calm:
        doing so does nothing else, so it may be done again."""
    @property
    def kind(self) -> str: ...
    @property
    def relation(self) -> Any: ...
    @property
    def calm(self) -> bool: ...
    @property
    def index_oid(self) -> int: ...
    @property
    def key(self) -> tuple: ...
    @property
    def columns(self) -> tuple[int, ...]: ...
    @property
    def compute(self) -> Any: ...
