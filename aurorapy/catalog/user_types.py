"""Types that are not built in: the row types of tables and their arrays, read from pg_type.

`Type.extra` holds `schema` (OID) and, for a composite, `relation` and `fields` ((name, type OID, typmod), …).

Not here: enums, domains and ranges.
"""

from __future__ import annotations

from typing import Any

from aurorapy.types.arrays import array_codec
from aurorapy.types.model import Type
from aurorapy.types.records import composite_codec


def load_type(reader: Any, oid: int) -> Type | None:
    """The type behind a pg_type row, None when there is none."""
    row = reader.one("pg_type", oid=oid)
    if row is None:
        return None
    if row.typtype == "c":
        return _composite(reader, row)
    if row.typcategory == "A" and row.typelem:
        return _array(reader, row)
    return None


def _composite(reader: Any, row: Any) -> Type:
    attributes = [a for a in reader.find("pg_attribute", attrelid=row.typrelid) if a.attnum > 0 and not a.attisdropped]
    attributes.sort(key=lambda a: a.attnum)
    fields = tuple((a.attname, a.atttypid, a.atttypmod) for a in attributes)
    codec = composite_codec(row.typname, tuple((t, m) for _, t, m in fields))
    return Type(
        oid=row.oid, name=row.typname, length=-1, category="C", storage="r", key="r", kind="c", input=codec.input,
        output=codec.output, receive=codec.receive, send=codec.send, array_oid=row.typarray, align="d", toast="x",
        extra={"schema": row.typnamespace, "relation": row.typrelid, "fields": fields},
    )  # fmt: skip


def _array(reader: Any, row: Any) -> Type:
    element = load_type(reader, row.typelem)
    codec = array_codec(element)
    return Type(
        oid=row.oid, name=row.typname, length=-1, category="A", storage="a", key="a", input=codec.input,
        output=codec.output, receive=codec.receive, send=codec.send, elem_oid=row.typelem, align="d", toast="x",
        extra={"schema": row.typnamespace},
    )  # fmt: skip
