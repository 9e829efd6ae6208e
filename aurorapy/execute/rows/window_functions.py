"""What window functions compute: rows cut into partitions, peers and frames found, one value a row.

    rank() over rows with order values 1 1 2   →  1 1 3
    sum(a) OVER (ORDER BY t)                   →  running sum up to the last peer

A row comes in as (columns, partition key, order key, arguments of all calls, filters of all calls).

Errors: 22013 for a negative frame offset, 22014 / 22016 for bad ntile / nth_value arguments.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Iterator

from aurorapy.errors import DatabaseError, FeatureNotSupported
from aurorapy.execute.rows.runtime import dispose, paced
from aurorapy.expressions.ordering import equality_key, sort_key
from aurorapy.expressions.registry import CallTypes

_DEFAULT_FRAME = ("range", "unbounded preceding", None, "current row", None, None)


class WindowRun:
    """The window calls of one node; made once a plan."""

    def __init__(self, node: Any) -> None:
        self.calls = node.calls
        window = node.window
        self.frame = window.frame or _DEFAULT_FRAME
        self.partition_keys = tuple(equality_key(e.type_oid) for e in window.partition)
        self.order_keys = tuple(equality_key(k.expr.type_oid) for k in window.order)
        self.descending = bool(window.order) and window.order[0].descending
        self.has_order = bool(window.order)
        self.range_key = sort_key(window.order[0].expr.type_oid) if window.order else None
        self.places, self.filters = [], []
        at = filters = 0
        for call in self.calls:
            self.places.append((at, at + len(call.args)))
            at += len(call.args)
            self.filters.append(filters if call.filter is not None else None)
            filters += call.filter is not None

    def rows(self, rows: list[tuple], ectx: Any, bounds: tuple) -> Iterator[tuple]:
        """((columns), (results)) for each row."""
        for start, end in zip(bounds, ("starting", "ending")):
            if isinstance(start, (int, float)) and start < 0:
                raise DatabaseError(f"frame {end} offset must not be negative", sqlstate="22013")
        for name, bound in zip(("starting", "ending"), (self.frame[1], self.frame[3])):
            value = bounds[0] if name == "starting" else bounds[1]
            if bound in ("preceding", "following") and value is None:
                raise DatabaseError(f"frame {name} offset must not be null", sqlstate="22004")
        for _, members in groupby(paced(rows, ectx.give_way), key=lambda r: _normal(r[1], self.partition_keys)):
            partition = Partition(self, list(members), bounds, ectx.give_way)
            columns = [partition.compute(i, call, ectx) for i, call in enumerate(self.calls)]
            ectx.give_way()
            for row, *values in paced(zip(partition.rows, *columns), ectx.give_way):
                yield row[0], tuple(values)
            for column in (partition.rows, *columns, partition.peer_start, partition.peer_end, partition.peer_number):
                dispose(column, ectx.give_way)


def _normal(row: tuple, keys: tuple) -> tuple:
    return tuple(v if k is None or v is None else k(v) for v, k in zip(row, keys))


class Partition:
    """One partition: its rows and where each row's peers begin and end."""

    def __init__(self, run: WindowRun, rows: list[tuple], bounds: tuple, give_way: Any) -> None:
        self.run = run
        self.rows = rows
        self.bounds = bounds
        self.peer_start: list[int] = []
        self.peer_end: list[int] = []
        self.peer_number: list[int] = []
        keys = [_normal(r[2], run.order_keys) for r in paced(rows, give_way)]
        position = number = 0
        while position < len(rows):
            end = position + 1
            if not position & 0x3FF:
                give_way()
            while end < len(rows) and keys[end] == keys[position]:
                end += 1
            count = end - position
            self.peer_start += [position] * count
            self.peer_end += [end] * count
            self.peer_number += [number] * count
            number += 1
            position = end
        dispose(keys, give_way)

    def compute(self, index: int, call: Any, ectx: Any) -> list:
        low, high = self.run.places[index]
        args = [r[3][low:high] for r in paced(self.rows, ectx.give_way)]
        fn = call.fn
        if fn.aggregate is not None:
            result = self._aggregate(index, call, args, ectx)
        else:
            handler = getattr(self, "_" + fn.name, None)
            if handler is None:
                raise FeatureNotSupported(f"window function {fn.name} is not supported")
            result = handler(args)
        dispose(args, ectx.give_way)
        return result

    # -- ranks
    def _row_number(self, args: list) -> list:
        return list(range(1, len(self.rows) + 1))

    def _rank(self, args: list) -> list:
        return [s + 1 for s in self.peer_start]

    def _dense_rank(self, args: list) -> list:
        return [n + 1 for n in self.peer_number]

    def _percent_rank(self, args: list) -> list:
        count = len(self.rows)
        return [s / (count - 1) if count > 1 else 0.0 for s in self.peer_start]

    def _cume_dist(self, args: list) -> list:
        return [e / len(self.rows) for e in self.peer_end]

    def _ntile(self, args: list) -> list:
        buckets = args[0][0] if args else None
        count = len(self.rows)
        if buckets is None:
            return [None] * count
        if buckets <= 0:
            raise DatabaseError("argument of ntile must be greater than zero", sqlstate="22014")
        size, larger = divmod(count, buckets)
        result: list[int] = []
        for bucket in range(1, buckets + 1):
            result += [bucket] * (size + (bucket <= larger))
            if len(result) >= count:
                break
        return result

    # -- neighbours
    def _lag(self, args: list) -> list:
        return self._shift(args, -1)

    def _lead(self, args: list) -> list:
        return self._shift(args, 1)

    def _shift(self, args: list, direction: int) -> list:
        result = []
        for i, row in enumerate(args):
            offset = row[1] if len(row) > 1 else 1
            if offset is None:
                result.append(None)
                continue
            place = i + direction * offset
            default = row[2] if len(row) > 2 else None
            result.append(args[place][0] if 0 <= place < len(args) else default)
        return result

    def _first_value(self, args: list) -> list:
        return [args[f[0]][0] if f else None for f in self.frames()]

    def _last_value(self, args: list) -> list:
        return [args[f[-1]][0] if f else None for f in self.frames()]

    def _nth_value(self, args: list) -> list:
        result = []
        for row, frame in zip(args, self.frames()):
            n = row[1]
            if n is not None and n <= 0:
                raise DatabaseError("argument of nth_value must be greater than zero", sqlstate="22016")
            result.append(args[frame[n - 1]][0] if n is not None and n <= len(frame) else None)
        return result

    # -- frames
    def frames(self) -> Iterator[Any]:
        """For each row the places of its frame's rows, a range or (with EXCLUDE) a list."""
        exclude = self.run.frame[5]
        for i in range(len(self.rows)):
            start, end = self._bound(i, True), self._bound(i, False)
            frame: Any = range(max(start, 0), max(min(end, len(self.rows)), max(start, 0)))
            if exclude and exclude != "no others":
                frame = self._excluding(frame, i, exclude)
            yield frame

    def _excluding(self, frame: range, i: int, exclude: str) -> list[int]:
        peers = range(self.peer_start[i], self.peer_end[i])
        if exclude == "current row":
            return [p for p in frame if p != i]
        if exclude == "group":
            return [p for p in frame if p not in peers]
        return [p for p in frame if p not in peers or p == i]

    def _bound(self, i: int, is_start: bool) -> int:
        unit = self.run.frame[0]
        kind = self.run.frame[1 if is_start else 3] or "current row"
        offset = self.bounds[0 if is_start else 1]
        count = len(self.rows)
        if kind == "unbounded preceding":
            return 0
        if kind == "unbounded following":
            return count
        if kind == "current row":
            if unit == "rows":
                return i if is_start else i + 1
            return self.peer_start[i] if is_start else self.peer_end[i]
        sign = -1 if kind == "preceding" else 1
        if unit == "rows":
            place = i + sign * offset
            return place if is_start else place + 1
        if unit == "groups":
            return self._group_bound(self.peer_number[i] + sign * offset, is_start)
        return self._range_bound(i, sign, offset, is_start)

    def _group_bound(self, number: int, is_start: bool) -> int:
        if number < 0:
            return 0
        for place, of in enumerate(self.peer_number):
            if of == number:
                return place if is_start else self.peer_end[place]
        return len(self.rows)

    def _range_bound(self, i: int, sign: int, offset: Any, is_start: bool) -> int:
        """RANGE with an offset: by value of the one ORDER BY column; NULLs are peers of each other only."""
        value = self.rows[i][2][0]
        if value is None:
            return self.peer_start[i] if is_start else self.peer_end[i]
        down = self.run.descending
        limit = _shifted(value, offset, -sign if down else sign)
        values = [r[2][0] for r in self.rows]
        if is_start:
            for place, other in enumerate(values):
                if other is not None and (other <= limit if down else other >= limit):
                    return place
            return len(values)
        last = 0
        for place, other in enumerate(values):
            if other is not None and (other >= limit if down else other <= limit):
                last = place + 1
        return last

    # -- aggregates
    def _aggregate(self, index: int, call: Any, args: list, ectx: Any) -> list:
        fold, fn = call.fn.aggregate, call.fn
        types = CallTypes(tuple(a.type_oid for a in call.args), call.type_oid)
        lead = ([ectx] if fn.needs_context else []) + ([types] if fn.wants_types else [])
        place = self.run.filters[index]
        keep = [
            (place is None or self.rows[i][4][place] is True) and not (fold.strict and None in row)
            for i, row in enumerate(args)
        ]
        if self.run.frame[1] == "unbounded preceding" and not self.run.frame[5]:
            return self._running(fold, lead, args, keep)
        result = []
        for frame in self.frames():
            state = fold.init()
            for at in frame:
                if keep[at]:
                    state = fold.step(*lead, state, *args[at])
            result.append(fold.final(state))
        return result

    def _running(self, fold: Any, lead: list, args: list, keep: list) -> list:
        """Frames that start with the partition only grow: one state serves all rows."""
        result, done, state = [], 0, fold.init()
        value, fresh = None, False
        for frame in self.frames():
            while done < len(frame):
                if keep[done]:
                    state = fold.step(*lead, state, *args[done])
                done += 1
                fresh = False
            if not fresh:
                value, fresh = fold.final(state), True
            result.append(value)
        return result


def _shifted(value: Any, offset: Any, sign: int) -> Any:
    span = getattr(offset, "span", None)
    if span is not None:  # an interval against timestamps, in microseconds
        return value + sign * span
    return value + sign * offset
