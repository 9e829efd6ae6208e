"""What a type is to the rest of the server.

A `Type` is a row of pg_type plus the four conversions. Conversions get a `TypeContext` because some texts depend on
settings (DateStyle, TimeZone, IntervalStyle, extra_float_digits, bytea_output) and the reg* types on the catalog.

Not here: the built-in types themselves (`types.builtin` lists them all).
"""

from __future__ import annotations

from typing import Any, Callable, Protocol

from aurorapy.records import dataclass, field


class TypeCatalog(Protocol):
    """What types need of a catalog that they must not import; handed in by the session."""

    def type_by_oid(self, oid: int) -> Type: ...
    def parse_type_name(self, text: str) -> tuple[int, int]:
        """`numeric(10,2)[]` → (type OID, typmod). Raises UndefinedObject."""

    def reg_in(self, kind: str, text: str) -> int:
        """kind: regclass, regtype, regproc, regprocedure, regoper, regoperator, regnamespace, regrole, ..."""

    def reg_out(self, kind: str, oid: int) -> str: ...


@dataclass(slots=True)
class TypeContext:
    """The settings that input and output depend on; one a session, changed by SET."""

    date_style: str = "ISO"  # ISO, SQL, Postgres, German
    date_order: str = "MDY"  # MDY, DMY, YMD
    interval_style: str = "postgres"  # postgres, postgres_verbose, sql_standard, iso_8601
    time_zone: str = "UTC"
    extra_float_digits: int = 1
    bytea_output: str = "hex"
    catalog: TypeCatalog | None = None
    now_us: int = 0  # transaction start, microseconds since 2000-01-01 UTC: 'now', 'today' in input
    give_way: Callable[[], None] = lambda: None
    long_call: Callable[..., Any] = lambda call, *args: call(*args)  # during which others may run: host.preemption


Input = Callable[[str, int, TypeContext], Any]  # (text, typmod, ctx) → value; raises DataError 22P02 ...
Output = Callable[[Any, TypeContext], str]
Receive = Callable[[bytes, int, TypeContext], Any]  # raises DataError 22P03
Send = Callable[[Any, TypeContext], bytes]


@dataclass(slots=True, eq=False)
class Type:
    """One data type.

    `storage` is the letter the native row codec switches on (see aurorapy_native/tuples): b bool, 1 "char", 2 int16,
    4 int32, 8 int64, u uint32 (oid, reg*, xid), f float32, d float64, t text-like (UTF-8), y bytes, n numeric,
    i interval, g 16 raw bytes (uuid), a array, r record, 6 tid (6 bytes), z timetz, v void. `key` is the letter of the key codec
    (aurorapy_native/keys), the same letters plus p for character(n), whose trailing blanks do not count, and D for
    jsonb; '' means the type has no default B-tree order.
    """

    oid: int
    name: str
    length: int  # typlen: bytes, -1 variable, -2 C string
    category: str  # typcategory
    storage: str
    input: Input
    output: Output
    receive: Receive
    send: Send
    key: str = ""
    kind: str = "b"  # typtype: b base, c composite, d domain, e enum, p pseudo
    preferred: bool = False
    array_oid: int = 0
    elem_oid: int = 0
    by_value: bool = False
    align: str = "i"
    toast: str = "p"  # typstorage
    delimiter: str = ","
    collation: int = 0
    typmod_in: Callable[[tuple[str, ...]], int] | None = None
    typmod_out: Callable[[int], str] | None = None  # "(10,2)"
    sql_name: str = ""  # format_type's spelling, e.g. "character varying"; "" = name
    extra: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<type {self.name} {self.oid}>"
