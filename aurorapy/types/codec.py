"""What a family module says about a type, and how a value of unknown type finds its Type.

A family exports `CODECS: dict[name, Codec]`; `types.builtin` joins each with its line of `types.facts`.

    CODECS = {"bool": Codec(parse, show, receive, send, storage="b", key="b")}

`find_type` is for the few places where the type is known only by OID at run time: elements of anyarray, fields of a
record, binary arrays. Errors: InternalError for an OID nobody knows.

Not here: facts of pg_type (`types.facts`), user types (they come through `TypeContext.catalog`).
"""

from __future__ import annotations

from typing import Callable, NamedTuple

from aurorapy.errors import DataError, InternalError
from aurorapy.types.model import Input, Output, Receive, Send, Type, TypeContext


class Codec(NamedTuple):
    """The conversions of one type; fields as in `types.model.Type`."""

    input: Input
    output: Output
    receive: Receive
    send: Send
    storage: str
    key: str = ""
    sql_name: str = ""
    typmod_in: Callable[[tuple[str, ...]], int] | None = None
    typmod_out: Callable[[int], str] | None = None


BUILTIN: dict[int, Type] = {}  # filled by types.builtin when it is imported; shared with builtin.TYPES


def find_type(oid: int, ctx: TypeContext) -> Type:
    """The type with that OID, built in or from the session's catalog."""
    found = BUILTIN.get(oid)
    if found is not None:
        return found
    if ctx.catalog is None:
        raise InternalError(f"cache lookup failed for type {oid}")
    return ctx.catalog.type_by_oid(oid)


def invalid_syntax(type_name: str, text: str) -> DataError:
    """22P02, the error of most input functions."""
    return DataError(f'invalid input syntax for type {type_name}: "{text}"', sqlstate="22P02")


def out_of_range(type_name: str, text: str) -> DataError:
    """22003 of the integer families."""
    return DataError(f'value "{text}" is out of range for type {type_name}', sqlstate="22003")


def need_bytes(data: bytes, count: int) -> bytes:
    """`data` if it has exactly `count` bytes; PostgreSQL's errors for a message too short or too long."""
    if len(data) < count:
        raise DataError("insufficient data left in message", sqlstate="08P01")
    if len(data) > count:
        raise DataError("incorrect binary data format", sqlstate="22P03")
    return data
