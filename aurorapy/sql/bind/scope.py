"""Names in scope: which tables a place in a query can see, and what a name means there.

A Scope belongs to one Query and has the scope around it as `parent`. Its `items` are what FROM has made visible so far:
tables, and joins whose USING columns stand merged before the rest. A column is an expression already, so a merged column
is simply COALESCE(a.x, b.x) for a FULL join and one side's column for the others.

    FROM a JOIN b USING (x)     items: a (only as a.…), b (only as b.…), the join (x, a's rest, b's rest) without a name

Errors: 42703 and 42P01 with PostgreSQL's hints, 42702 for what several tables have.

Not here: how FROM fills a scope (`fromclause`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, UndefinedColumn, UndefinedTable
from aurorapy.expressions import nodes as n
from aurorapy.records import dataclass, field, replace
from aurorapy.sql.tree import Cte, Query, Rte

SYSTEM_COLUMNS = {
    "ctid": (-1, 27),
    "xmin": (-2, 28),
    "cmin": (-3, 29),
    "xmax": (-4, 28),
    "cmax": (-5, 29),
    "tableoid": (-6, 26),
}


@dataclass(slots=True)
class ScopeColumn:
    name: str
    expr: n.Expr


@dataclass(slots=True)
class Item:
    """A name in FROM. `alone`: its columns can be named without it; `rte` is -1 for a join."""

    name: str
    rte: int
    columns: list[ScopeColumn]
    alone: bool = True
    named: bool = True
    lateral_only: bool = False
    lateral_ok: bool = True
    schema: str | None = None  # set for a table without an alias: schema.table.column works
    relation: Any = None


@dataclass(slots=True)
class Scope:
    query: Query
    parent: Scope | None = None
    items: list[Item] = field(default_factory=list)
    ctes: dict[str, tuple[Cte, list[str], list[int], list[int]]] = field(default_factory=dict)
    kind: str = ""  # what is being bound: WHERE, GROUP BY, ...; for messages
    windows: dict[str, Any] = field(default_factory=dict)
    has_windows: bool = False
    keep_unknown: bool = False  # literals without a type wait for the set operation or INSERT around
    leaves: dict[int, Any] = field(default_factory=dict)  # of a set operation: entry → the parsed query it was bound from


def outward(expr: n.Expr, levels: int) -> n.Expr:
    """The expression as seen from `levels` subqueries further inside."""
    if levels == 0:
        return expr
    if isinstance(expr, n.Column):
        return replace(expr, levels_up=expr.levels_up + levels)
    return expr.rebuild(lambda child: outward(child, levels))


def find_column(scope: Scope, name: str, position: int) -> n.Expr | None:
    """A bare column name; None when nothing has it."""
    level = 0
    current: Scope | None = scope
    while current is not None:
        found = _in_items(current, name, position)
        if found is not None:
            return _placed(outward(found, level), position)
        level += 1
        current = current.parent
    return None


def _in_items(scope: Scope, name: str, position: int) -> n.Expr | None:
    found: n.Expr | None = None
    for item in scope.items:
        if not item.alone:
            continue
        for column in item.columns:
            if column.name == name:
                if found is not None:
                    raise _ambiguous(name, position)
                if item.lateral_only and not item.lateral_ok:
                    raise _bad_lateral(item, position)
                found = column.expr
    if found is None and name in SYSTEM_COLUMNS:
        for item in scope.items:
            if item.rte >= 0 and item.alone and item.relation is not None:
                if found is not None:
                    raise _ambiguous(name, position)
                found = _system(item, name)
    return found


def _placed(expr: n.Expr, position: int) -> n.Expr:
    return replace(expr, position=position)


def _ambiguous(name: str, position: int) -> DatabaseError:
    return DatabaseError(f'column reference "{name}" is ambiguous', sqlstate="42702", position=position)


def _bad_lateral(item: Item, position: int) -> DatabaseError:
    return DatabaseError(
        f'invalid reference to FROM-clause entry for table "{item.name}"',
        sqlstate="42P10",
        detail="The combining JOIN type must be INNER or LEFT for a LATERAL reference.",
        position=position,
    )


def _system(item: Item, name: str) -> n.Column:
    attno, oid = SYSTEM_COLUMNS[name]
    return n.Column(oid, rte=item.rte, attno=attno, name=name)


def find_item(scope: Scope, name: str, schema: str | None, position: int) -> tuple[Item, int] | None:
    """(the FROM entry of that name, how many levels out)."""
    level = 0
    current: Scope | None = scope
    while current is not None:
        matches = [
            i for i in current.items if i.named and i.name == name and (schema is None or i.schema == schema)
        ]
        if len(matches) > 1:
            raise DatabaseError(f'table reference "{name}" is ambiguous', sqlstate="42P09", position=position)
        if matches:
            if matches[0].lateral_only and not matches[0].lateral_ok:
                raise _bad_lateral(matches[0], position)
            return matches[0], level
        level += 1
        current = current.parent
    return None


def column_of(item: Item, name: str, level: int, position: int) -> n.Expr | None:
    """A column of one FROM entry, by name; system columns included."""
    found = [c for c in item.columns if c.name == name]
    if len(found) > 1:
        raise _ambiguous(name, position)
    if found:
        return _placed(outward(found[0].expr, level), position)
    if name in SYSTEM_COLUMNS and item.rte >= 0 and item.relation is not None:
        return _placed(outward(_system(item, name), level), position)
    return None


def whole_row(item: Item, level: int, position: int) -> n.Expr:
    """`t` as a value: the row."""
    if item.rte < 0:
        items = tuple(outward(c.expr, level) for c in item.columns)
        return n.RowExpr(2249, -1, position, items, tuple(c.name for c in item.columns))
    oid = item.relation.row_type if item.relation is not None and item.relation.row_type else 2249
    return n.Column(oid, -1, position, item.rte, 0, level, item.name)


# -- errors ------------------------------------------------------------------------------------------------------------
def missing_table(scope: Scope, name: str, position: int) -> UndefinedTable:
    """FROM has no such entry; perhaps it goes by another name, or is out of reach."""
    current: Scope | None = scope
    while current is not None:
        for rte in current.query.rtes:
            if rte.alias == name and current.query.rtes:
                return UndefinedTable(
                    f'invalid reference to FROM-clause entry for table "{name}"',
                    hint=f'There is an entry for table "{name}", but it cannot be referenced from this part of the query.',
                    position=position,
                )
            if rte.kind == "table" and rte.relation is not None and rte.relation.name == name and rte.alias != name:
                return UndefinedTable(
                    f'invalid reference to FROM-clause entry for table "{name}"',
                    hint=f'Perhaps you meant to reference the table alias "{rte.alias}".',
                    position=position,
                )
        current = current.parent
    return UndefinedTable(f'missing FROM-clause entry for table "{name}"', position=position)


def missing_column(scope: Scope, table: str | None, name: str, position: int) -> UndefinedColumn:
    """No such column: names it as PostgreSQL does and suggests the nearest ones."""
    message = f"column {table}.{name} does not exist" if table else f'column "{name}" does not exist'
    return UndefinedColumn(message, hint=_suggestion(scope, table, name), position=position)


def _suggestion(scope: Scope, table: str | None, name: str) -> str | None:
    best: list[tuple[Rte, str]] = []
    distance = 4  # beyond three edits nothing is suggested
    current: Scope | None = scope
    while current is not None:
        for rte in current.query.rtes:
            if rte.kind == "result":
                continue
            offset = edit_distance(table, rte.alias, 3) if table else 0
            for i, column in enumerate(rte.columns):
                if rte.relation is not None and rte.relation.columns[i].dropped:
                    continue
                if column == name:
                    found = offset
                else:
                    found = offset + edit_distance(name, column, 3)
                if found > len(name) // 2 and column != name or found > 3:
                    continue
                if found < distance:
                    best, distance = [(rte, column)], found
                elif found == distance:
                    best.append((rte, column))
        current = current.parent
    if not best or len(best) > 2:
        return None
    shown = [f'"{rte.alias}.{column}"' for rte, column in best]
    if len(best) == 1:
        if distance == 0 and not table:
            return (
                f'There is a column named "{name}" in table "{best[0][0].alias}", but it cannot be referenced from this '
                "part of the query."
            )
        return f"Perhaps you meant to reference the column {shown[0]}."
    return f"Perhaps you meant to reference the column {shown[0]} or the column {shown[1]}."


def edit_distance(a: str, b: str, limit: int) -> int:
    """Levenshtein distance, limit + 1 when it is larger."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]
