"""How many rows: selectivity of conditions, sizes of relations and columns, numbers of groups.

PostgreSQL's estimators on pg_statistic's data (`catalog.model.ColumnStats`), with its defaults where there is none:
equality 0.005, inequality 1/3, range 0.005, LIKE 0.005, IS NULL 0.005, 200 distinct values.

    selectivity(t.a = 5)  with 100 distinct values, no common ones  →  0.01

Not here: costs (`sql.plan.costs`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from aurorapy.expressions import registry
from aurorapy.expressions.nodes import (
    And,
    BooleanTest,
    Call,
    Column,
    Const,
    DistinctFrom,
    Expr,
    Not,
    NullTest,
    Or,
    Relabel,
    ScalarArrayOp,
)
from aurorapy.expressions.ordering import sort_key
from aurorapy.sql.plan.columns import rels_of
from aurorapy.types.values import Array

EQUAL_DEFAULT = 0.005
INEQUALITY_DEFAULT = 0.3333333333333333
RANGE_DEFAULT = 0.005
MATCH_DEFAULT = 0.005
NULL_DEFAULT = 0.005
BOOL_DEFAULT = 0.5
DISTINCT_DEFAULT = 200.0

PAGE_BYTES_USABLE = 8192 - 24
ROW_OVERHEAD_BYTES = 24 + 4
_FIXED = {16: 1, 18: 1, 19: 64, 20: 8, 21: 2, 23: 4, 26: 4, 27: 6, 700: 4, 701: 8, 1082: 4, 1083: 8, 1114: 8, 1184: 8, 1186: 16, 2950: 16}


def clamp_rows(rows: float) -> float:
    return 1.0 if rows <= 1.0 else float(round(rows))


def type_width(oid: int, typmod: int = -1) -> int:
    """Bytes of a value of the type, as get_typavgwidth guesses."""
    fixed = _FIXED.get(oid)
    if fixed is not None:
        return fixed
    if oid in (1042, 1043) and typmod > 4:
        length = typmod - 4
        if oid == 1042 or length <= 32:
            return length
        return 32 + (min(length, 1000) - 32) // 2
    return 32


def column_width(relation: Any, attno: int) -> int:
    if attno <= 0:
        return {-1: 6, 0: 32}.get(attno, 4)
    stats = relation.stats.get(attno)
    if stats is not None and stats.width > 0:
        return stats.width
    column = relation.columns[attno - 1]
    return type_width(column.type_oid, column.typmod)


def relation_size(relation: Any, catalog: Any) -> tuple[float, float]:
    """(rows, pages) now, as estimate_rel_size: the density known from ANALYZE times the pages there are."""
    current = getattr(catalog, "relation_pages", None)
    pages = float(current(relation)) if current is not None else float(relation.pages)
    if relation.tuples < 0 and pages < 10:
        pages = 10.0
    if relation.tuples >= 0 and relation.pages > 0:
        density = relation.tuples / relation.pages
    elif relation.tuples >= 0 and pages == 0:
        return 0.0, 0.0
    else:
        width = sum(type_width(c.type_oid, c.typmod) for c in relation.columns if not c.dropped)
        density = float(int(PAGE_BYTES_USABLE / ((width + 7) // 8 * 8 + ROW_OVERHEAD_BYTES))) or 1.0
        if width % 8:
            density = float(int(PAGE_BYTES_USABLE / (width + ROW_OVERHEAD_BYTES))) or 1.0
    return float(round(density * pages)), pages


class Estimator:
    """Answers for one statement; `relation_of(rel)` gives the catalog Relation behind a relation id, or None."""

    def __init__(self, planner: Any) -> None:
        self._planner = planner

    def size(self, rel: int) -> tuple[float, float]:
        return self._planner.size_of(rel)

    # -- columns
    def stats_of(self, expr: Expr) -> tuple[Any, float]:
        """(ColumnStats or None, rows of its relation) for a plain column."""
        while type(expr) is Relabel:
            expr = expr.arg
        if type(expr) is not Column:
            return None, 1000.0
        relation = self._planner.relation_of(expr.rte)
        rows = self._planner.rows_of(expr.rte)
        if relation is None or expr.attno <= 0:
            return None, rows
        return relation.stats.get(expr.attno), rows

    def is_unique(self, expr: Expr) -> bool:
        while type(expr) is Relabel:
            expr = expr.arg
        if type(expr) is not Column:
            return False
        relation = self._planner.relation_of(expr.rte)
        if relation is None:
            return False
        return expr.attno == -1 or any(
            i.unique and i.predicate is None and (i.key_count or len(i.columns)) == 1 and i.columns[0] == expr.attno
            for i in relation.indexes
        )

    def distinct(self, expr: Expr) -> float:
        """Number of different values."""
        if type(expr) is Const:
            return 1.0
        stats, rows = self.stats_of(expr)
        if self.is_unique(expr):
            return max(rows, 1.0)
        if stats is None or stats.distinct == 0:
            if expr.type_oid == 16:
                return 2.0
            return min(DISTINCT_DEFAULT, max(rows, 1.0))
        return max(1.0, stats.distinct if stats.distinct > 0 else -stats.distinct * rows)

    def groups(self, keys: list[Expr], rows: float) -> float:
        """Number of groups that `rows` rows make, at most `rows`; correlated columns are damped as PostgreSQL does."""
        if not keys:
            return 1.0
        by_rel: dict[Any, list[float]] = {}
        for key in keys:
            rels = rels_of(key)
            by_rel.setdefault(min(rels) if rels else None, []).append(self.distinct(key) if rels else 1.0)
        total = 1.0
        for rel, counts in by_rel.items():
            product = 1.0
            for count in counts:
                product *= count
            if rel is not None:
                size = max(self._planner.rows_of(rel), 1.0)
                limit = size * 0.1 if len(counts) > 1 else size
                product = min(product, max(limit, max(counts)))
            total *= product
        return clamp_rows(min(total, max(rows, 1.0)))

    # -- conditions
    def all_of(self, quals: list[Expr]) -> float:
        result = 1.0
        bounds: dict[Expr, list[tuple[str, float]]] = {}
        for qual in quals:
            side = self._bound_side(qual)
            share = self.selectivity(qual)
            if side is not None:
                for seen in bounds:
                    if seen == side[0] and bounds[seen][0][0] != side[1]:
                        other = bounds[seen][0][1]
                        result = result / other * self._between(other, share)
                        break
                else:
                    bounds.setdefault(side[0], []).append((side[1], share))
                    result *= share
                continue
            result *= share
        return result

    @staticmethod
    def _between(low: float, high: float) -> float:
        if low == INEQUALITY_DEFAULT or high == INEQUALITY_DEFAULT:
            return RANGE_DEFAULT
        share = low + high - 1.0
        return share if share > 1e-10 else 1e-10 if share > -0.01 else RANGE_DEFAULT

    @staticmethod
    def _bound_side(qual: Expr) -> tuple[Column, str] | None:
        if type(qual) is Call and qual.op in ("<", "<=", ">", ">=") and len(qual.args) == 2:
            left, right = qual.args
            if type(left) is Column and not rels_of(right):
                return left, "low" if qual.op[0] == ">" else "high"
            if type(right) is Column and not rels_of(left):
                return right, "high" if qual.op[0] == ">" else "low"
        return None

    def selectivity(self, qual: Expr) -> float:
        return min(1.0, max(0.0, self._selectivity(qual)))

    def _selectivity(self, qual: Expr) -> float:
        kind = type(qual)
        if kind is Const:
            return 1.0 if qual.value else 0.0
        if kind is And:
            return self.all_of(list(qual.args))
        if kind is Or:
            result = 0.0
            for arg in qual.args:
                share = self.selectivity(arg)
                result = result + share - result * share
            return result
        if kind is Not:
            return 1.0 - self.selectivity(qual.arg)
        if kind is NullTest:
            stats, _ = self.stats_of(qual.arg)
            nulls = stats.null_fraction if stats is not None else NULL_DEFAULT
            return nulls if qual.is_null else 1.0 - nulls
        if kind is BooleanTest:
            share = self.selectivity(qual.arg) if qual.truth is True else BOOL_DEFAULT
            return 1.0 - share if qual.negated else share
        if kind is Call and qual.op and len(qual.args) == 2:
            return self._operator(qual)
        if kind is ScalarArrayOp:
            return self._array_op(qual)
        if kind is DistinctFrom:
            return EQUAL_DEFAULT if qual.negated else 1.0 - EQUAL_DEFAULT
        if kind is Column:
            stats, _ = self.stats_of(qual)
            if stats is not None and True in stats.common_values:
                return stats.common_freqs[stats.common_values.index(True)]
            return BOOL_DEFAULT
        return BOOL_DEFAULT if kind is not Call else INEQUALITY_DEFAULT

    def _operator(self, qual: Call) -> float:
        left, right = qual.args
        operator = registry.operator_by_oid(qual.op_oid) if qual.op_oid else None
        estimator = operator.restrict if operator is not None else ""
        if not estimator:
            estimator = {"=": "eq", "<>": "neq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}.get(qual.op, "")
        left_rels, right_rels = rels_of(left), rels_of(right)
        if left_rels and right_rels:
            if estimator in ("eq", "neq"):
                share = 1.0 / max(self.distinct(left), self.distinct(right), 1.0)
                return share if estimator == "eq" else 1.0 - share
            return INEQUALITY_DEFAULT
        if not left_rels and right_rels:
            left, right = right, left
            estimator = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}.get(estimator, estimator)
        if estimator in ("eq", "neq"):
            share = self._equals(left, right)
            if estimator == "eq":
                return share
            stats, _ = self.stats_of(left)
            return 1.0 - share - (stats.null_fraction if stats is not None else 0.0)
        if estimator in ("lt", "le", "gt", "ge"):
            return self._inequality(left, right, estimator)
        return MATCH_DEFAULT

    def _equals(self, column: Expr, value: Expr) -> float:
        if type(value) is Const and value.value is None:
            return 0.0
        stats, rows = self.stats_of(column)
        if self.is_unique(column):
            return 1.0 / max(rows, 1.0)
        if stats is None:
            return 1.0 / self.distinct(column)
        if type(value) is Const and value.value in stats.common_values:
            return stats.common_freqs[stats.common_values.index(value.value)]
        rest = 1.0 - sum(stats.common_freqs) - stats.null_fraction
        others = self.distinct(column) - len(stats.common_values)
        if type(value) is not Const:
            return (1.0 - stats.null_fraction) / self.distinct(column)
        share = max(rest, 0.0) / others if others > 1 else max(rest, 0.0)
        return min(share, stats.common_freqs[-1]) if stats.common_freqs else share

    def _inequality(self, column: Expr, value: Expr, estimator: str) -> float:
        stats, _ = self.stats_of(column)
        if stats is None or type(value) is not Const or value.value is None:
            return INEQUALITY_DEFAULT
        key = sort_key(column.type_oid) or (lambda v: v)
        try:
            bound = key(value.value)
            below = sum(f for v, f in zip(stats.common_values, stats.common_freqs) if key(v) < bound)
            rest = max(0.0, 1.0 - sum(stats.common_freqs) - stats.null_fraction)
            below += rest * self._histogram_share([key(v) for v in stats.histogram], bound)
        except TypeError:
            return INEQUALITY_DEFAULT
        return below if estimator in ("lt", "le") else 1.0 - below - stats.null_fraction

    @staticmethod
    def _histogram_share(histogram: list, bound: Any) -> float:
        if len(histogram) < 2:
            return INEQUALITY_DEFAULT
        place = bisect_left(histogram, bound)
        if place == 0:
            return 0.0001
        if place >= len(histogram):
            return 0.9999
        low, high = histogram[place - 1], histogram[place]
        inside = 0.5
        if isinstance(bound, (int, float)) and not isinstance(bound, bool) and high > low:
            inside = float(bound - low) / float(high - low)
        return (place - 1 + inside) / (len(histogram) - 1)

    def _array_op(self, qual: ScalarArrayOp) -> float:
        array = qual.array
        count = 10.0
        values: list[Any] | None = None
        if type(array) is Const and isinstance(array.value, Array):
            values = list(array.value.items)
            count = len(values)
        elif hasattr(array, "items"):
            count = len(array.items)
        if qual.op not in ("=", "<>"):
            return INEQUALITY_DEFAULT
        if values is not None:
            share = sum(self._equals(qual.left, Const(qual.left.type_oid, value=v)) for v in values if v is not None)
        else:
            share = count * self._equals(qual.left, Column(qual.left.type_oid, rte=-1, attno=1))
        share = min(1.0, share)
        return share if qual.any and qual.op == "=" else 1.0 - share
