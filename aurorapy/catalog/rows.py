"""One catalog row: a mapping from column names to values, completed with PostgreSQL's defaults.

    row("pg_namespace", oid=2200, nspname="public", nspowner=6171)
      → (2200, 'public', 6171, None)

Columns not given become NULL where that is allowed, else the zero of their type ('' for text, false, 0, an empty
vector). Errors: KeyError for a column that does not exist, which is a mistake of the caller.
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.schema import CatalogTable, catalog_tables
from aurorapy.types.values import Array

_ZERO = {"b": False, "t": "", "y": b"", "f": 0.0, "d": 0.0}


def row(table_name: str, **values: Any) -> tuple:
    """A full row tuple of the catalog `table_name`."""
    return complete(catalog_tables()[table_name], values)


def complete(table: CatalogTable, values: dict[str, Any]) -> tuple:
    found = table.defaults
    if not found:
        found = table.defaults = [zero_of(c.type) if c.not_null else None for c in table.columns]
    found = found.copy()
    position = table.position
    for name, value in values.items():
        found[position[name]] = value
    return tuple(found)


def zero_of(type_) -> Any:
    if type_.storage.startswith("a"):
        return Array((), (), (), type_.elem_oid)
    if type_.storage == "1":
        return ""
    return _ZERO.get(type_.storage[0], 0)


class Row:
    """A catalog row read back: columns as attributes, and `tid`, where it lies."""

    __slots__ = ("_table", "values", "tid")

    def __init__(self, table: CatalogTable, values: tuple, tid: int) -> None:
        self._table = table
        self.values = values
        self.tid = tid

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[self._table.position[name]]
        except KeyError:
            raise AttributeError(name) from None

    def changed(self, **changes: Any) -> tuple:
        """The row tuple with some columns replaced."""
        values = list(self.values)
        for name, value in changes.items():
            values[self._table.position[name]] = value
        return tuple(values)

    def __repr__(self) -> str:
        shown = ", ".join(f"{c.name}={v!r}" for c, v in zip(self._table.columns, self.values))
        return f"{self._table.name}({shown})"
