"""What stands behind the numbered names that the query parser sees.

`feed` hands sqlglot a statement in which every name, literal, operator, type and special syntax is one quoted identifier:
a number, the index of a mark. The parser arranges them; `query` looks them up again. So nothing of what a statement says
can be misread, only its clauses and brackets are the parser's business:

    SELECT a + 1 AS b FROM t WHERE c IS UNKNOWN
    SELECT "0" + "1" + "2" AS "3" FROM "4" WHERE "5" + "6"
            a     +     1      b        t        c   is unknown

Not here: precedence (`operators`), which needs only the row of marks between two plus signs.
"""

from __future__ import annotations

from typing import Any

from aurorapy.records import dataclass, field
from aurorapy.sql.statements import TypeName


@dataclass(slots=True)
class Word:
    """An identifier, folded. On the table of an INSERT: which OVERRIDING it has, where its ON CONFLICT stands.

    `element`: on a column of an INSERT, the tokens from its name to the end of its subscripts, (0, 0) for none.
    """

    text: str
    position: int
    overriding: str = ""
    conflict: int = 0
    element: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class OpMark:
    """An operator between, before or behind operands.

    kind: op, prefix, not, and, or, is, distinct, like, in, between, between and, escape, timezone, overlaps, using,
    argument, variadic, ties. `token` serves syntax errors.
    """

    kind: str
    name: str
    position: int
    token: int = 0
    schema: str | None = None
    negated: bool = False


@dataclass(slots=True)
class CallMark:
    """The name of a call with a syntax of its own; `separators` are the words that stood between its arguments."""

    name: str
    position: int
    separators: list[str] = field(default_factory=list)


@dataclass(slots=True)
class CastMark:
    type: TypeName
    position: int


@dataclass(slots=True)
class CollateMark:
    names: tuple[str, ...]
    position: int


@dataclass(slots=True)
class IndexMark:
    """`[i]` or `[lo:hi]`: which of the bounds were written."""

    position: int
    is_slice: bool = False
    has_lower: bool = False
    has_upper: bool = False


@dataclass(slots=True)
class FrameMark:
    """A window frame, as in raw.WindowDef.frame."""

    frame: tuple


@dataclass(slots=True)
class RowsMark:
    """VALUES rows of plain literals, which the query parser never sees."""

    rows: list[list[Any]]
