"""The Python values that stand for SQL values everywhere above `wire` and `access`.

| SQL type | Python value |
|---|---|
| boolean | bool |
| smallint, integer, bigint, oid, xid, cid, reg* | int |
| real, double precision | float (a real is always rounded to 24 bits) |
| numeric | decimal.Decimal; its exponent carries the display scale; NaN and Infinity as Decimal |
| text, varchar, name, json, "char", unknown | str |
| character(n) | str, padded with blanks to n |
| jsonb | str in PostgreSQL's canonical output form |
| bytea | bytes |
| date | int, days since 2000-01-01; DATE_INFINITY / DATE_MINUS_INFINITY |
| time | int, microseconds since midnight |
| timetz | TimeTz |
| timestamp, timestamptz | int, microseconds since 2000-01-01 (UTC); TIMESTAMP_INFINITY / _MINUS_INFINITY |
| interval | Interval |
| uuid | bytes, 16 of them |
| any array, int2vector, oidvector | Array |
| record, composite | Record |
| tid | int, see ids.make_tid |
| void | "" |
| NULL of any type | None |

Values are immutable and hashable, and ==, <, hash() of two values of one type agree with PostgreSQL's default B-tree
operators, with three exceptions which the expression compiler handles: NaN in floats and numerics (equal to itself,
above everything), trailing blanks of character(n), and NULL.

Not here: text and binary forms (`types.<family>`), key forms (`aurorapy_native.keys`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Sequence

DATE_INFINITY = 2**31 - 1
DATE_MINUS_INFINITY = -(2**31)
TIMESTAMP_INFINITY = 2**63 - 1
TIMESTAMP_MINUS_INFINITY = -(2**63)

USECS_PER_DAY = 86_400_000_000
DAYS_PER_MONTH = 30


class Interval:
    """A span of time in three parts that PostgreSQL keeps apart: months, days, microseconds.

    Comparison takes a month as 30 days and a day as 24 hours (PostgreSQL manual, "Date/Time Types").
    """

    __slots__ = ("months", "days", "micros")

    def __init__(self, months: int, days: int, micros: int) -> None:
        self.months = months
        self.days = days
        self.micros = micros

    @property
    def span(self) -> int:
        """Microseconds, for comparison only."""
        return (self.months * DAYS_PER_MONTH + self.days) * USECS_PER_DAY + self.micros

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Interval) and self.span == other.span

    def __lt__(self, other: Interval) -> bool:
        return self.span < other.span

    def __le__(self, other: Interval) -> bool:
        return self.span <= other.span

    def __gt__(self, other: Interval) -> bool:
        return self.span > other.span

    def __ge__(self, other: Interval) -> bool:
        return self.span >= other.span

    def __hash__(self) -> int:
        return hash(self.span)

    def __repr__(self) -> str:
        return f"Interval({self.months}, {self.days}, {self.micros})"


class TimeTz(NamedTuple):
    """A time of day and its offset in seconds east of UTC.

    Order (`sort_key`): by the instant in UTC, then the greater offset first. Equality is that of both parts.
    """

    micros: int
    offset: int

    @property
    def sort_key(self) -> tuple[int, int]:
        return self.micros - self.offset * 1_000_000, -self.offset


LARGE_ITEMS = 20_000
LARGE_LIST = 4_096  # of what is more than one object each: rows of nodes, tokens
LET_GO_MAX = 8
let_go: list[Sequence] = []  # elements of what nobody has any more: freed piece by piece behind the statement


def let_go_of(*lists: list) -> None:
    """For a __del__: what a long statement's tree holds most of."""
    if len(lists[0]) > LARGE_LIST and len(let_go) + len(lists) <= LET_GO_MAX:
        let_go.extend(lists)


class Array(NamedTuple):
    """An array: its elements in row-major order and the shape they have.

    `items` is flat; `dims` holds the length of each dimension (empty for an empty array), `lower` the lower bounds.
    """

    items: tuple
    dims: tuple[int, ...]
    lower: tuple[int, ...]
    elem_oid: int

    def __del__(self) -> None:
        if len(self.items) > LARGE_ITEMS and len(let_go) < LET_GO_MAX:
            let_go.append(self.items)

    @classmethod
    def of(cls, items, elem_oid: int) -> Array:
        """A one-dimensional array with lower bound 1."""
        items = tuple(items)
        return cls(items, (len(items),), (1,), elem_oid) if items else cls((), (), (), elem_oid)


class Record(NamedTuple):
    """A row value: fields and their type OIDs."""

    fields: tuple
    type_oids: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names where the row came from a query; () where only its type knows them."""
        return ()


@lru_cache(1024)
def record_named(names: tuple[str, ...]) -> type[Record]:
    """A Record whose fields have names: row_to_json(r) of a subquery r. It equals a plain one of the same fields."""

    def reduce(self: Record) -> tuple:
        return _named_again, (names, *self)

    return type("Record", (Record,), {"__slots__": (), "names": names, "__reduce__": reduce})


def _named_again(names: tuple[str, ...], fields: tuple, type_oids: tuple[int, ...]) -> Record:
    return record_named(names)(fields, type_oids)
