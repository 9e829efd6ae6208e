"""Types as the binder needs them: by OID, by name, their category, what PostgreSQL calls them in messages.

Not here: conversions between them (`coerce`), the types themselves (`aurorapy.types`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.model import CatalogReader
from aurorapy.errors import DatabaseError, FeatureNotSupported, UndefinedObject
from aurorapy.sql.statements import TypeName
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import Type
from aurorapy.types.names import format_type, typmod_of

BOOL, INT8, INT2, INT4, TEXT, OID, FLOAT8, UNKNOWN = 16, 20, 21, 23, 25, 26, 701, 705
CHAR, BPCHAR, VARCHAR, NUMERIC, RECORD, CSTRING, NAME, INTERVAL = 18, 1042, 1043, 1700, 2249, 2275, 19, 1186
ANY, ANYARRAY, VOID, ANYELEMENT, ANYNONARRAY, ANYENUM = 2276, 2277, 2278, 2283, 2776, 3500
ANYRANGE, ANYMULTIRANGE = 3831, 4537
ANYCOMPATIBLE, ANYCOMPATIBLEARRAY, ANYCOMPATIBLENONARRAY, ANYCOMPATIBLERANGE = 5077, 5078, 5079, 5080
INT2VECTOR, OIDVECTOR, RECORD_ARRAY = 22, 30, 2287
POLYMORPHIC = frozenset(
    {ANYARRAY, ANYELEMENT, ANYNONARRAY, ANYENUM, ANYRANGE, ANYMULTIRANGE, ANYCOMPATIBLE, ANYCOMPATIBLEARRAY,
     ANYCOMPATIBLENONARRAY, ANYCOMPATIBLERANGE}
)  # fmt: skip

# what PostgreSQL 15 has and this server does not, by catalog name: the name in errors
_MISSING = {"bit": "bit", "varbit": "bit varying"} | {name: name for name in (
    "money", "xml", "jsonpath", "inet", "cidr", "macaddr", "macaddr8", "point", "line", "lseg", "box", "path", "polygon",
    "circle", "tsvector", "tsquery", "regconfig", "regdictionary", "pg_snapshot", "txid_snapshot",
    "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange", "int4multirange", "int8multirange",
    "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange")}  # fmt: skip


class Types:
    """The types one statement can see."""

    __slots__ = ("catalog",)

    def __init__(self, catalog: CatalogReader) -> None:
        self.catalog = catalog

    def get(self, oid: int) -> Type:
        return TYPES.get(oid) or self.catalog.type_by_oid(oid)

    def show(self, oid: int, typmod: int | None = None) -> str:
        """The type's SQL name, for messages."""
        return format_type(oid, typmod, self.catalog)

    def category(self, oid: int) -> str:
        return self.get(oid).category

    def is_preferred(self, category: str, oid: int) -> bool:
        found = self.get(oid)
        return found.category == category and found.preferred

    def element(self, oid: int) -> int:
        """The element type of a true array (also int2vector, oidvector), else 0."""
        found = TYPES.get(oid) or (self.catalog.type_by_oid(oid) if oid else None)
        if found is not None and found.category == "A" and found.elem_oid:
            return found.elem_oid
        return found.elem_oid if found is not None and oid in (INT2VECTOR, OIDVECTOR) else 0

    def array_of(self, oid: int) -> int:
        return self.get(oid).array_oid if oid else 0

    def base(self, oid: int) -> int:
        """The type below a domain."""
        found = self.get(oid)
        while found.kind == "d":
            found = self.get(found.extra["base_oid"])
        return found.oid

    def resolve(self, name: TypeName) -> tuple[int, int]:
        """(OID, typmod) of a type as written. 42704 when there is none, 0A000 when PostgreSQL has it."""
        written = name.name
        found = self.catalog.type_by_name(written.schema, written.name)
        if found is None and written.schema in (None, "pg_catalog"):
            found = next((t for t in TYPES.values() if t.name == written.name), None)
        if found is None:
            raise _unknown_type(name)
        typmod = self._typmod(found, name)
        if name.dims:
            if found.category == "A":
                return found.oid, typmod
            if not found.array_oid:
                raise UndefinedObject(
                    f"could not find array type for data type {self.show(found.oid)}", position=written.position
                )
            return found.array_oid, typmod
        return found.oid, typmod

    def _typmod(self, found: Type, name: TypeName) -> int:
        try:
            return typmod_of(found, name.args, name.name.position)
        except DatabaseError as error:
            error.position = error.position or name.name.position
            raise


def _unknown_type(name: TypeName) -> DatabaseError:
    written, brackets = name.name, "[]" * bool(name.dims)
    missing = _MISSING.get(written.name) if written.schema in (None, "pg_catalog") else None
    if missing is not None:
        return FeatureNotSupported(f'type "{missing}{brackets}" is not supported', position=written.position,
                                   hint="This type is known to PostgreSQL but not to this server.")  # fmt: skip
    return UndefinedObject(f'type "{written}{brackets}" does not exist', position=written.position)


def literal_type(kind: str, text: str) -> int:
    """The type of a numeric literal: the first of integer, bigint, numeric that holds it."""
    if kind == "integer" or (kind == "numeric" and text.lstrip("-").isdigit()):
        value = int(text)
        if -(2**31) <= value < 2**31:
            return INT4
        if -(2**63) <= value < 2**63:
            return INT8
    return NUMERIC


def same(a: Any, b: Any) -> bool:
    """Whether two bound expressions mean the same, wherever they were written."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple) and not hasattr(a, "_fields"):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if hasattr(a, "type_oid") and hasattr(a, "__dataclass_fields__"):
        return all(
            same(getattr(a, name), getattr(b, name))
            for name in a.__dataclass_fields__
            if name not in ("position", "form", "name")
        )
    if hasattr(a, "__dataclass_fields__") and type(a).__name__ == "SortKey":
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__)
    return bool(a == b)
