"""Rule: columns that equal each other and a constant are compared with the constant, each for itself.

    a.id = b.id AND a.id = 5   →   a.id = 5 AND b.id = 5

Both tables are then found by their keys, and the join needs no condition. Only among conditions that all must hold, and
only where both sides have one type, so that equality is transitive.

Not here: equalities of columns without a constant.
"""

from __future__ import annotations

from typing import Iterator

from aurorapy.expressions.nodes import Call, Column, Const, Expr, Param, Relabel
from aurorapy.records import replace

_Equality = tuple[Expr, Expr]


def share_constants(quals: list[Expr]) -> list[Expr]:
    """The conditions with constants in place of columns; the list itself when there is nothing to share."""
    if len(quals) < 2:
        return quals
    joins = [(q, pair) for q in quals if (pair := _column_pair(q)) is not None]
    if not joins:
        return quals
    known = [(pair[0], q) for q in quals if (pair := _with_constant(q)) is not None]
    fresh: list[Expr] = []
    used: list[Expr] = []
    changed = bool(known)
    while changed:
        changed = False
        for qual, (left, right) in joins:
            if any(qual is u for u in used):
                continue
            for one, other in ((left, right), (right, left)):
                source = _known(known, one)
                if source is None:
                    continue
                if _known(known, other) is None:
                    made = _moved(source, one, other)
                    known.append((other, made))
                    fresh.append(made)
                if _constant(source) == _constant(_known(known, other)):
                    used.append(qual)
                    changed = True
                break
    return [*(q for q in quals if not any(q is u for u in used)), *fresh]


def _is_column(expr: Expr) -> bool:
    return type(expr) is Column or (type(expr) is Relabel and type(expr.arg) is Column)


def _is_constant(expr: Expr) -> bool:
    if type(expr) is Relabel:
        return _is_constant(expr.arg)
    return (type(expr) is Const and expr.value is not None) or (type(expr) is Param and expr.number > 0)


def _equality(qual: Expr) -> _Equality | None:
    """The two sides of `=` between values of one type."""
    if type(qual) is not Call or qual.op != "=" or len(qual.args) != 2:
        return None
    left, right = qual.args
    return (left, right) if left.type_oid == right.type_oid else None


def _column_pair(qual: Expr) -> _Equality | None:
    sides = _equality(qual)
    return sides if sides is not None and all(map(_is_column, sides)) and sides[0] != sides[1] else None


def _with_constant(qual: Expr) -> _Equality | None:
    """(column, constant)"""
    sides = _equality(qual)
    for column, other in _both_ways(sides):
        if _is_column(column) and _is_constant(other):
            return column, other
    return None


def _both_ways(sides: _Equality | None) -> Iterator[_Equality]:
    if sides is not None:
        yield sides
        yield sides[1], sides[0]


def _known(known: list[tuple[Expr, Expr]], column: Expr) -> Expr | None:
    return next((qual for of, qual in known if of == column), None)


def _constant(qual: Expr) -> Expr:
    return _with_constant(qual)[1]


def _moved(qual: Call, column: Expr, other: Expr) -> Expr:
    return replace(qual, args=tuple(other if arg == column else arg for arg in qual.args))
