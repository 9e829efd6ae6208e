"""GROUP BY and aggregates: one dict from key to state, or plain variables when there is one group.

    SELECT b, sum(a) FROM t GROUP BY b
        groups = {}
        for ... : st = groups.get(c0_2)
                  if st is None: groups[c0_2] = st = [None]
                  if c0_1 is not None: st[0] = c0_1 if st[0] is None else st[0] + c0_1
        for c5_1, st in groups.items(): c5_2 = sum_int8(st[0]) ...

A dict keeps the order of first appearance, so over sorted input the groups come out sorted. DISTINCT, ORDER BY and
ordered-set aggregates collect their arguments and fold at the end. Grouping sets put the set's number into the key.
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.codegen import Key, Writer
from aurorapy.execute.rows.runtime import chunks, dispose, hash_facts, paced
from aurorapy.execute.rows.row_order import sort_rows
from aurorapy.expressions.nodes import Column
from aurorapy.expressions.ordering import equality_key, sort_key
from aurorapy.expressions.registry import CallTypes
from aurorapy.sql.plan import nodes
from aurorapy_native.row_totals import totals

INTEGERS = (20, 21, 23)
_TOTALS = {
    2803: "n", 2147: "n", 2107: "s", 2108: "s", 2109: "s", 2100: "a", 2101: "a", 2102: "a",
    2115: ">", 2116: ">", 2117: ">", 2131: "<", 2132: "<", 2133: "<",
}  # fmt: skip


class Fold:
    """One aggregate call while its code is written. `slot` is where its state is: a variable or `st[i]`."""

    def __init__(self, w: Writer, call: Any, slot: str) -> None:
        self.w = w
        self.call = call
        self.slot = slot
        self.fold = call.fn.aggregate
        self.types = CallTypes(tuple(a.type_oid for a in call.args), call.type_oid)
        self.collects = bool(call.distinct or call.order or self.fold.ordered_set)
        self.inline = bool(self.fold.inline_init) and not self.collects

    def initial(self) -> str:
        if self.collects:
            return "[]"
        return self.fold.inline_init if self.inline else f"{self.w.bind(self.fold.init, 'init')}()"

    def lead(self) -> list[str]:
        """Arguments that the step and final functions want first."""
        fn = self.call.fn
        lead = ["ectx"] if fn.needs_context else []
        return [*lead, self.w.bind(self.types, "types")] if fn.wants_types else lead

    def step(self) -> None:
        w, call = self.w, self.call
        if call.filter is not None:
            with w.block(f"if {w.condition(call.filter)}:"):
                self._step()
        else:
            self._step()

    def _step(self) -> None:
        w, call = self.w, self.call
        if self.collects:
            self._collect()
            return
        names, tests = [], []
        for arg in call.args:
            source, nullable = w.value(arg)
            if not source.isidentifier() and not source.isdigit():
                name = w.name("a")
                w.line(f"{name} = {source}")
                source = name
            names.append(source)
            if nullable and self.fold.strict:
                tests.append(f"{source} is not None")
        update = self._update(names)
        if tests:
            w.line(f"if {' and '.join(tests)}:")
            w.line(f"    {update}")
        else:
            w.line(update)

    def _update(self, names: list[str]) -> str:
        if self.inline:
            update = self.fold.inline_step.replace("{s}", self.slot)
            for i, name in enumerate(names):
                update = update.replace(f"{{{i}}}", name)
            return update
        arguments = ", ".join([*self.lead(), self.slot, *names])
        return f"{self.slot} = {self.w.bind(self.fold.step, 'step')}({arguments})"

    def _collect(self) -> None:
        w, call = self.w, self.call
        args = [w.source(a) for a in call.args]
        keys = [w.source(k.expr) for k in call.order]
        w.line(f"{self.slot}.append({w.tuple_of([*args, *keys])})")

    def final(self) -> str:
        if self.collects:
            return self._final_collected()
        if self.inline:
            return self.fold.inline_final.replace("{s}", self.slot)
        return f"{self.w.bind(self.fold.final, 'final')}({self.slot})"

    def _final_collected(self) -> str:
        w, call = self.w, self.call
        width = len(call.args)
        spec = [(width + i, sort_key(k.expr.type_oid), k.descending, k.nulls_first) for i, k in enumerate(call.order)]
        if call.distinct and not call.order:
            spec = [(i, sort_key(a.type_oid), False, False) for i, a in enumerate(call.args)]
        keys = tuple(equality_key(a.type_oid) for a in call.args) if call.distinct else None
        direct = w.tuple_of([w.source(d) for d in call.direct])
        plan = w.bind(Collected(self.fold, width, tuple(spec), keys, call.fn, self.types), "fold")
        return f"{plan}.fold({self.slot}, ectx, {direct})"


class Collected:
    """An aggregate over rows that were collected first: sorted, made distinct, then folded."""

    def __init__(self, fold: Any, width: int, spec: tuple, keys: tuple | None, fn: Any, types: CallTypes) -> None:
        self._fold = fold
        self._width = width
        self._spec = spec
        self._keys = keys
        self._fn = fn
        self._types = types

    def fold(self, collected: list[tuple], ectx: Any, direct: tuple) -> Any:
        """The aggregate's value; `collected` is used up."""
        fold, width, give_way = self._fold, self._width, ectx.give_way
        rows = collected
        if fold.strict or fold.ordered_set:
            rows = [r for r in paced(rows, give_way) if None not in r[:width]]
        if self._spec:
            sort_rows(rows, self._spec, give_way)
        if self._keys is not None:
            rows = self._distinct(rows, give_way)
        lead = ([ectx] if self._fn.needs_context else []) + ([self._types] if self._fn.wants_types else [])
        if fold.ordered_set:
            arguments = [r[:width] for r in paced(rows, give_way)]
            value = fold.final(ectx, self._types, arguments, *direct)
            dispose(arguments, give_way)
        else:
            state = fold.init()
            for row in paced(rows, give_way):
                state = fold.step(*lead, state, *row[:width])
            value = fold.final(state)
        dispose(rows, give_way)
        dispose(collected, give_way)
        return value

    def _distinct(self, rows: list[tuple], give_way: Any) -> list[tuple]:
        seen: dict[tuple, tuple] = {}
        for row in paced(rows, give_way):
            values = row[: self._width]
            key = tuple(v if k is None or v is None else k(v) for v, k in zip(values, self._keys))
            seen.setdefault(key, row)
        found = list(seen.values())
        dispose(seen, give_way)
        return found


def aggregate(w: Writer, node: nodes.Aggregate, needed: Any, consume: Any) -> None:
    below = ops.needed_by([*node.keys, *node.calls]) | needed
    if node.strategy == "plain":
        _plain(w, node, below, consume)
    elif node.sets is not None:
        _grouping_sets(w, node, below, consume)
    else:
        _grouped(w, node, below, consume)


def _output(w: Writer, node: nodes.Aggregate, folds: list[Fold], consume: Any) -> None:
    """Final values into the node's columns, HAVING, consumer. The keys are in their variables."""
    for i, fold in enumerate(folds, len(node.keys) + 1):
        name = w.variable((node.rel, i))
        w.line(f"{name} = {fold.final()}")
        w.fn.env[node.rel, i] = (name, not fold.call.fn.not_null)
    with w.passing(node.quals):
        consume()


def distinct_columns(node: nodes.Aggregate, columns: list[Key]) -> list[Key] | None:
    """The child's columns whose different values the node's `columns` are, when it does nothing but that."""
    keys = [(k.rte, k.attno) if type(k) is Column else None for k in node.keys]
    if node.calls or node.sets is not None or node.quals or None in keys or not all(_is_plain_key(node, k) for k in node.keys):
        return None
    if sorted(columns) != [(node.rel, i) for i in range(1, len(keys) + 1)]:
        return None
    return [keys[attno - 1] for _, attno in columns]


def distinct_pages(w: Writer, node: nodes.Aggregate, columns: list[Key], pages: str | None = None) -> str | None:
    """See operators.pages: the different values of columns, without aggregates. `pages`: the child's, when they are known."""
    below = distinct_columns(node, columns)
    if below is None:
        return None
    pages = pages or ops.pages(w, node.child, below)
    if pages is None:
        return None
    name, found = w.name("distinct"), w.name("found")
    with w.function(name):
        w.line(f"{found} = {{}}")
        with w.block(f"for page in {pages}:"):
            w.line("give_way()")
            w.line(f"{found}.update(dict.fromkeys(page))")
        w.line(f"yield from {w.bind(chunks)}({found})")
        w.line(f"{w.bind(dispose)}({found}, give_way)")
    return f"{name}()"


def _is_plain_key(node: nodes.Aggregate, key: Any) -> bool:
    """Are values of the key equal where PostgreSQL says so? A column's character(n) are all of one length."""
    if equality_key(key.type_oid) is None:
        return True
    child = node.child
    return (
        key.type_oid == 1042 and type(key) is Column and isinstance(child, nodes.Scan) and key.rte == child.rel
        and key.attno > 0 and child.relation.columns[key.attno - 1].typmod > 4
    )  # fmt: skip


def _totals(w: Writer, node: nodes.Aggregate, folds: list[Fold]) -> bool:
    """Lets native code fold integers of a scan, if that is all there is to do."""
    child = node.child
    if w.analyze or type(child) not in (nodes.SeqScan, nodes.IndexScan) or not folds:
        return False
    columns: list[Key] = []
    items = []
    for call in node.calls:
        kind = _TOTALS.get(call.fn.oid)
        if kind is None or call.filter is not None or call.distinct or call.order:
            return False
        if not call.args:
            items.append((kind, 0))
            continue
        arg = call.args[0]
        if type(arg) is not Column or arg.rte != child.rel or arg.attno <= 0 or arg.levels_up:
            return False
        if kind == "n":
            kind = "c"
        elif arg.type_oid not in INTEGERS:
            return False
        key = (arg.rte, arg.attno)
        columns += [key] if key not in columns else []
        items.append((kind, columns.index(key)))
    pages = ops.pages(w, child, columns)
    if pages is None:
        return False
    w.line(f"{', '.join(f.slot for f in folds)}, = {w.bind(totals)}({pages}, {tuple(items)!r}, give_way)")
    return True


def _plain(w: Writer, node: nodes.Aggregate, below: Any, consume: Any) -> None:
    folds = [Fold(w, call, w.name("s")) for call in node.calls]
    if _totals(w, node, folds):
        return _output(w, node, folds, consume)
    for fold in folds:
        w.line(f"{fold.slot} = {fold.initial()}")

    def each() -> None:
        for fold in folds:
            fold.step()
        if not folds:
            w.line("pass")

    ops.produce(w, node.child, below, each)
    _output(w, node, folds, consume)


def _group_key(w: Writer, exprs: list[Any]) -> tuple[list[str], list[str]]:
    """(sources of the values, sources of what they are grouped by)"""
    values, normals = [], []
    for expr in exprs:
        source, _ = w.value(expr)
        if not source.isidentifier():
            name = w.name("k")
            w.line(f"{name} = {source}")
            source = name
        values.append(source)
        normal = equality_key(expr.type_oid)
        normals.append(source if normal is None else f"({source} if {source} is None else {w.bind(normal)}({source}))")
    return values, normals


def _grouped(w: Writer, node: nodes.Aggregate, below: Any, consume: Any) -> None:
    groups, state = w.name("groups"), w.name("st")
    w.line(f"{groups} = {{}}")
    folds = [Fold(w, call, f"{state}[{i}]") for i, call in enumerate(node.calls)]
    plain = all(equality_key(k.type_oid) is None for k in node.keys)

    def each() -> None:
        values, normals = _group_key(w, node.keys)
        key = normals[0] if len(normals) == 1 else w.tuple_of(normals)
        initial = [f.initial() for f in folds] + ([] if plain else [w.tuple_of(values)])
        if not folds:
            keep = "True" if plain else w.tuple_of(values)
            w.line(f"{groups}.setdefault({key}, {keep})" if not plain else f"{groups}[{key}] = True")
            return
        w.line(f"{state} = {groups}.get({key})")
        w.line(f"if {state} is None: {groups}[{key}] = {state} = [{', '.join(initial)}]")
        for fold in folds:
            fold.step()

    ops.produce(w, node.child, below, each)
    if w.analyze:
        w.line(f"{w.bind(hash_facts)}(stats, {node.number}, {groups}, {node.width})")
    names = w.declare([(node.rel, i + 1) for i in range(len(node.keys))])
    pattern = names[0] if len(names) == 1 else ", ".join(names)
    if plain and not folds:
        header = f"for {pattern} in {groups}:"
    elif plain:
        header = f"for {'(' + pattern + ')' if len(names) > 1 else pattern}, {state} in {groups}.items():"
    else:
        header = f"for {state} in {groups}.values():"
    with w.block(header):
        if not plain:
            w.line(f"{w.pattern(names)} = {state}[-1]" if folds else f"{w.pattern(names)} = {state}")
        _output(w, node, folds, consume)
    w.line(f"{w.bind(dispose)}({groups}, give_way)")


def _grouping_sets(w: Writer, node: nodes.Aggregate, below: Any, consume: Any) -> None:
    groups, state = w.name("groups"), w.name("st")
    w.line(f"{groups} = {{}}")
    count = len(node.keys)
    folds = [Fold(w, call, f"{state}[{i}]") for i, call in enumerate(node.calls)]
    initial = ", ".join(f.initial() for f in folds)
    for number, members in enumerate(node.sets):
        if not members:
            w.line(f"{groups}[({number},)] = [{initial}{', ' if initial else ''}({'None, ' * count})]")

    def each() -> None:
        values, normals = _group_key(w, node.keys)
        variants = []
        for number, members in enumerate(node.sets):
            key = w.tuple_of([str(number), *(normals[i] for i in members)])
            shown = w.tuple_of([values[i] if i in members else "None" for i in range(count)])
            variants.append(f"({key}, {shown})")
        with w.block(f"for key, shown in ({', '.join(variants)},):"):
            w.line(f"{state} = {groups}.get(key)")
            w.line(f"if {state} is None: {groups}[key] = {state} = [{initial}{', ' if initial else ''}shown]")
            for fold in folds:
                fold.step()

    ops.produce(w, node.child, below, each)
    if w.analyze:
        w.line(f"{w.bind(hash_facts)}(stats, {node.number}, {groups}, {node.width})")
    names = w.declare([(node.rel, i + 1) for i in range(count)])
    with w.block(f"for key, {state} in {groups}.items():"):
        if names:
            w.line(f"{w.pattern(names)} = {state}[-1]")
        for attno, places in enumerate(node.groupings, count + len(folds) + 1):
            masks = w.bind(tuple(_mask(places, members) for members in node.sets), "masks")
            mask = w.variable((node.rel, attno))
            w.line(f"{mask} = {masks}[key[0]]")
            w.fn.env[node.rel, attno] = (mask, False)
        _output(w, node, folds, consume)
    w.line(f"{w.bind(dispose)}({groups}, give_way)")


def _mask(places: tuple[int, ...], members: list[int]) -> int:
    """GROUPING's value in one grouping set: a bit for each argument that the set leaves out, the last one lowest."""
    mask = 0
    for place in places:
        mask = mask << 1 | (place not in members)
    return mask
