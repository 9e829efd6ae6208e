"""ANALYZE: a sample of a table's rows becomes pg_statistic, and pg_class learns how large the table is.

    blocks at random ─▶ ~30,000 rows in physical order ─▶ per column: nulls, width, distinct values,
    most common values, histogram of the rest, correlation of value and place

The estimators are PostgreSQL's: Haas and Stokes for the number of distinct values, its rule for which values are common
enough to be listed. Values are kept as texts (catalog.load.load_statistics reads them so).

Not here: who calls it when (`maintenance`), what the planner makes of it (`sql.plan.stats`).
"""

from __future__ import annotations

import math
from typing import Any, Callable

from aurorapy.catalog.model import Column, Relation
from aurorapy.expressions import registry
from aurorapy.expressions.ordering import sort_key
from aurorapy.host.preemption import long_call
from aurorapy.instance.sizes import relation_pages
from aurorapy.records import dataclass
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import Type, TypeContext
from aurorapy.types.values import Array

ROWS_PER_TARGET = 300
DEFAULT_TARGET = 100
BLOCKS_MAX = 3000
RUN = 2000  # values sorted without giving way
WIDTH_MAX = 1024  # wider values are counted, not compared
FLOAT4, TEXT = 700, 25


@dataclass(slots=True)
class Sample:
    rows: list[tuple]  # in physical order
    total_rows: float  # estimate for the whole table
    pages: int


@dataclass(slots=True)
class Found:
    """One column's statistics; `values` are texts."""

    null_fraction: float = 0.0
    width: int = 0
    distinct: float = 0.0
    common: list[tuple[str, float]] | None = None
    histogram: list[str] | None = None
    correlation: float | None = None


def analyze_table(instance: Any, store: Any, relation: Relation, transaction: Any, give_way: Callable[[], None]) -> None:
    """Replaces the table's rows of pg_statistic and its size in pg_class, in the given transaction."""
    columns = [] if relation.is_catalog else [c for c in relation.live_columns() if c.statistics != 0]
    target = max([DEFAULT_TARGET, *(c.statistics for c in columns)])
    sample = take_sample(instance, relation, columns, transaction, target * ROWS_PER_TARGET, give_way)
    found = []
    for place, column in enumerate(columns):
        give_way()
        values = [row[place] for row in sample.rows]
        type_ = TYPES.get(column.type_oid)
        if type_ is not None and sample.rows:
            statistics = long_call(column_statistics, values, type_, column, sample.total_rows, give_way)
            found.append((column, type_, statistics))
    for row in store.find("pg_statistic", starelid=relation.oid):
        store.delete(row)
    for column, type_, statistics in found:
        store.insert("pg_statistic", **_row(relation.oid, column, type_, statistics))
    own = store.one("pg_class", oid=relation.oid)
    if own is not None:
        store.update(own, relpages=sample.pages, reltuples=float(sample.total_rows))
    for index in relation.indexes:
        row = store.one("pg_class", oid=index.oid)
        if row is not None:
            rows = float(sample.total_rows) if not index.predicate else max(row.reltuples, 0.0)
            store.update(row, relpages=relation_pages(instance, index.root), reltuples=rows)
    store.invalidate(relation.oid)


# -- the sample --------------------------------------------------------------------------------------------------------
def take_sample(instance: Any, relation: Relation, columns: list[Column], transaction: Any, wanted: int,
                give_way: Callable[[], None]) -> Sample:  # fmt: skip
    """Whole blocks at random, thinned to about `wanted` rows."""
    table = instance.table(relation)
    pages = table.blocks
    attnos = tuple(c.attno for c in columns) or (-1,)
    snapshot = transaction.fresh_snapshot()
    draw = instance.host.random.bytes
    blocks = _blocks(pages, draw)
    kept: list[tuple] = []
    seen = 0
    chance = 1.0
    for block in blocks:
        give_way()
        for page in table.scan(snapshot, attnos, block, block + 1):
            seen += len(page)
            kept.extend(page if chance >= 1.0 else _thinned(page, chance, draw))
        if len(kept) > 2 * wanted:
            kept = kept[::2] if chance == 1.0 else long_call(_thinned, kept, 0.5, draw)
            chance /= 2
    if len(kept) > wanted:
        share = wanted / len(kept)
        kept = long_call(_thinned, kept, share, draw)
    total = float(seen) if len(blocks) == pages else float(round(seen / max(len(blocks), 1) * pages))
    return Sample(kept, total, pages)


def _thinned(rows: list[tuple], share: float, draw: Callable[[int], bytes]) -> list[tuple]:
    """Each row with this chance; all drawn at once, as numbers of 32 bits."""
    limit = share * (1 << 32)
    return [row for row, number in zip(rows, memoryview(draw(4 * len(rows))).cast("I")) if number < limit]


def _blocks(pages: int, draw: Callable[[int], bytes]) -> list[int]:
    """All of them, or BLOCKS_MAX in ascending order, each equally likely."""
    if pages <= BLOCKS_MAX:
        return list(range(pages))
    chosen, needed = [], BLOCKS_MAX
    for start in range(0, pages, BLOCKS_MAX):
        count = min(BLOCKS_MAX, pages - start)
        for block, number in enumerate(memoryview(draw(4 * count)).cast("I"), start):
            if number * (pages - block) < needed << 32:
                chosen.append(block)
                needed -= 1
    return chosen


# -- one column --------------------------------------------------------------------------------------------------------
def column_statistics(values: list[Any], type_: Type, column: Column, total_rows: float,
                      give_way: Callable[[], None] = lambda: None) -> Found:  # fmt: skip
    """`values` in physical order, NULLs included. Gives way every few milliseconds."""
    found = Found()
    rows = len(values)
    present = [(value, place) for place, value in enumerate(values) if value is not None]
    found.null_fraction = (rows - len(present)) / rows
    if not present:
        found.width = type_.length if type_.length > 0 else 0
        found.distinct = 0.0
        return found
    context = TypeContext()
    found.width = _width(present, type_, context)
    give_way()
    key = _key(type_)
    if key is None:
        return found
    narrow = present
    if type_.length < 0:
        narrow = [pair for pair in present if _size(pair[0], type_, context) <= WIDTH_MAX]
    wide = len(present) - len(narrow)
    if not narrow:
        found.distinct = -1.0 * (1.0 - found.null_fraction)
        return found
    ordered = _sorted(narrow, key, give_way)
    counts = _counts(ordered)
    give_way()
    multiple = sum(1 for count, _ in counts if count > 1)
    found.distinct = _distinct(len(counts), multiple, wide, rows, len(present), total_rows, found.null_fraction)
    target = column.statistics if column.statistics > 0 else DEFAULT_TARGET
    give_way()
    common = _common(counts, multiple, wide, target, found, rows, total_rows)
    show = lambda value: type_.output(value, context)  # noqa: E731
    if common:
        found.common = [(show(ordered[start][2]), count / rows) for count, start in common]
    give_way()
    found.histogram = _histogram(ordered, counts, common, target, show)
    if len(narrow) > 1:
        give_way()
        found.correlation = _correlation([place for _, place, _ in ordered])
    for used in (ordered, counts, narrow, present):
        while len(used) > RUN:  # in pieces: freed at once they would keep everybody waiting
            del used[-RUN:]
            give_way()
    return found


def _sorted(pairs: list[tuple[Any, int]], key: Callable[[Any], Any], give_way: Callable[[], None]) -> list[tuple]:
    """(key, place, value) in order: short runs are sorted, then merged two by two, giving way in between."""
    runs = []
    for start in range(0, len(pairs), RUN):
        runs.append(sorted((key(value), place, value) for value, place in pairs[start : start + RUN]))
        give_way()
    while len(runs) > 1:
        merged = []
        for one, other in zip(runs[::2], [*runs[1::2], []]):
            one.extend(other)
            one.sort()  # two ascending runs: one merge
            merged.append(one)
            give_way()
        runs = merged
    return runs[0]


def _key(type_: Type) -> Callable[[Any], Any] | None:
    """An ordering key for the type's values, None for types without an order."""
    if registry.default_operators(type_.oid) is None:
        return None
    return sort_key(type_.oid) or (lambda value: value)


def _size(value: Any, type_: Type, context: TypeContext) -> int:
    """About how many bytes the value takes in a row."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        length = len(value)
    elif isinstance(value, str):
        length = len(value) if value.isascii() else len(value.encode())
    elif type_.name == "numeric":
        whole, _, fraction = str(value).lstrip("-").partition(".")
        return 3 + 2 * (math.ceil(len(whole.lstrip("0")) / 4) + math.ceil(len(fraction.rstrip("0")) / 4))
    else:
        length = len(type_.output(value, context))
    return length + (1 if length < 127 else 4)


def _width(present: list[tuple[Any, int]], type_: Type, context: TypeContext) -> int:
    if type_.length > 0:
        return type_.length
    return int(sum(_size(value, type_, context) for value, _ in present) / len(present))


def _counts(ordered: list[tuple]) -> list[tuple[int, int]]:
    """(how often, where it starts in `ordered`) of each distinct value, ascending by value."""
    counts, start = [], 0
    for place in range(1, len(ordered) + 1):
        if place == len(ordered) or ordered[place][0] != ordered[start][0]:
            counts.append((place - start, start))
            start = place
    return counts


def _distinct(distinct: int, multiple: int, wide: int, rows: int, present: int, total: float, nulls: float) -> float:
    """Haas and Stokes' Duj1 where the sample leaves a doubt; negative: a fraction of the rows."""
    if multiple == 0:
        return -1.0 * (1.0 - nulls)
    if wide == 0 and multiple == distinct:
        estimate = float(distinct)
    else:
        once = distinct - multiple + wide
        seen = once + multiple
        all_present = total * (1.0 - nulls)
        if all_present > 0:
            estimate = present * seen / ((present - once) + once * present / all_present)
        else:
            estimate = 0.0
        estimate = math.floor(min(max(estimate, seen), all_present) + 0.5)
    return -(estimate / total) if estimate > 0.1 * total else estimate


def _common(counts: list[tuple[int, int]], multiple: int, wide: int, target: int, found: Found, rows: int,
            total: float) -> list[tuple[int, int]]:  # fmt: skip
    """The most common values, most common first: all when they are few, else those that stand out."""
    repeated = sorted((c for c in counts if c[0] > 1), key=lambda c: (-c[0], c[1]))[:target]
    if multiple == len(counts) and wide == 0 and found.distinct > 0 and multiple <= target:
        return repeated
    return repeated[: _standing_out([count for count, _ in repeated], found, rows, total)]


def _standing_out(counts: list[int], found: Found, rows: int, total: float) -> int:
    """How many of the counts are clearly above what an average other value would have."""
    number = len(counts)
    if rows >= total or total <= 1.0:
        return number
    distinct = found.distinct if found.distinct >= 0 else -found.distinct * total
    before = sum(counts[:-1])
    while number > 0:
        share = min(max(1.0 - before / rows - found.null_fraction, 0.0), 1.0)
        others = distinct - (number - 1)
        if others > 1:
            share /= others
        expected = total * counts[number - 1] / rows
        variance = rows * expected * (total - expected) * (total - rows) / (total * total * (total - 1))
        if counts[number - 1] > share * rows + 2 * math.sqrt(max(variance, 0.0)) + 0.5:
            break
        number -= 1
        if number:
            before -= counts[number - 1]
    return number


def _histogram(ordered: list[tuple], counts: list[tuple[int, int]], common: list[tuple[int, int]], target: int,
               show: Callable[[Any], str]) -> list[str] | None:  # fmt: skip
    """Bounds of equally full bins over the values that are not common."""
    bounds = min(len(counts) - len(common), target + 1)
    if bounds < 2:
        return None
    listed = {start for _, start in common}
    rest: list[int] = []
    for count, start in counts:
        if start not in listed:
            rest.extend(range(start, start + count))
    return [show(ordered[rest[i * (len(rest) - 1) // (bounds - 1)]][2]) for i in range(bounds)]


def _correlation(places: list[int]) -> float:
    """Of the order of values with the order of rows; `places` are row numbers in value order."""
    ranks = {place: rank for rank, place in enumerate(sorted(places))}
    n = float(len(places))
    total = (n - 1) * n / 2
    squares = (n - 1) * n * (2 * n - 1) / 6
    products = float(sum(i * ranks[place] for i, place in enumerate(places)))
    return (n * products - total * total) / (n * squares - total * total)


# -- the row -----------------------------------------------------------------------------------------------------------
def _row(relation: int, column: Column, type_: Type, found: Found) -> dict[str, Any]:
    row: dict[str, Any] = dict(starelid=relation, staattnum=column.attno, stainherit=False, stawidth=found.width,
                               stanullfrac=found.null_fraction, stadistinct=found.distinct)  # fmt: skip
    operators = registry.default_operators(column.type_oid)
    slots: list[tuple[int, int, list[float] | None, list[str] | None]] = []
    if operators is not None:
        if found.common:
            slots.append((1, operators.equals.oid, [f for _, f in found.common], [v for v, _ in found.common]))
        if found.histogram:
            slots.append((2, operators.less.oid, None, found.histogram))
        if found.correlation is not None:
            slots.append((3, operators.less.oid, [found.correlation], None))
    for number, (kind, operator, numbers, values) in enumerate(slots, 1):
        row[f"stakind{number}"], row[f"staop{number}"], row[f"stacoll{number}"] = kind, operator, column.collation
        if numbers is not None:
            row[f"stanumbers{number}"] = Array.of(numbers, FLOAT4)
        if values is not None:
            row[f"stavalues{number}"] = Array.of(values, TEXT)
    return row
