"""Joins: nested loops and hash joins of every kind, and materialised inner sides.

    for ... outer:                                  ht = {}; for ... inner: ht.setdefault(key, []).append(row)
        for ... inner:                              for ... outer:
            if on: consume                              for row in ht.get(key, ()): consume

LEFT collects an outer row's matches first (`matches or NULLS`), so that the consumer is written once. FULL is a generator
function of its own, because its rows come from two places.
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.codegen import Key, Writer
from aurorapy.execute.rows.runtime import dispose, hash_facts
from aurorapy.expressions.ordering import equality_key
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import outer_columns

_PLAIN_SCANS = (nodes.SeqScan, nodes.IndexScan, nodes.TidScan, nodes.FunctionScan, nodes.Materialize, nodes.CteScan, nodes.ValuesScan)


def _nulls(w: Writer, count: int) -> str:
    return w.bind(((None,) * count,), "nulls") if count else "((),)"


def materialize(w: Writer, node: nodes.Materialize, needed: Any, consume: Any) -> None:
    """Rows kept in a list that is filled when first read, once a call of the function that has the join's loop."""
    name, keys = ops.function_of(w, node.child, needed)
    rows = w.name("mat")
    home = w.fn
    while home.repeats:
        home = home.parent
    home.prologue.append(f"{rows} = None")
    if home is not w.fn:
        w.fn.prologue.append(f"nonlocal {rows}")
    w.line(f"if {rows} is None: {rows} = list({name}())")
    names = w.declare(keys)
    with w.block(f"for {w.pattern(names)} in {rows}:"):
        consume()


def _inner_needed(node: nodes.Join, needed: Any) -> Any:
    return needed | ops.needed_by(node.expressions())


def nested_loop(w: Writer, node: nodes.NestedLoop, needed: Any, consume: Any) -> None:
    everything = _inner_needed(node, needed) | frozenset(outer_columns(node.inner))
    if node.kind == "full":
        return _full_loop(w, node, everything, consume)

    def outer_row() -> None:
        w.line("give_way()")
        if node.kind == "inner":
            _inner(w, node, everything, lambda: _matching(w, [*node.on, *node.quals], consume))
        elif node.kind == "left":
            _left(w, node, everything, consume)
        else:
            _half(w, node, everything, consume)

    ops.produce(w, node.outer, everything, outer_row)


def _matching(w: Writer, quals: list[Any], consume: Any) -> None:
    with w.passing(quals):
        consume()


def _inner(w: Writer, node: nodes.Join, needed: Any, consume: Any) -> None:
    """The inner side's loop; anything that keeps state of its own starts anew for each outer row."""
    lateral = any(rel in node.outer.rels for rel, _ in outer_columns(node.inner))
    if lateral and not isinstance(node.inner, _PLAIN_SCANS):
        ops.through_function(w, node.inner, needed, consume)
    else:
        ops.produce(w, node.inner, needed, consume)


def _left(w: Writer, node: nodes.Join, needed: Any, consume: Any) -> None:
    keys = ops.provided(node.inner, needed)
    matches = w.name("m")
    w.line(f"{matches} = []")

    def keep() -> None:
        _matching(w, node.on, lambda: w.line(f"{matches}.append({ops.row(w, keys)})"))

    _inner(w, node, needed, keep)
    names = w.declare(keys)
    with w.block(f"for {w.pattern(names)} in {matches} or {_nulls(w, len(keys))}:"):
        _matching(w, node.quals, consume)


def _half(w: Writer, node: nodes.Join, needed: Any, consume: Any) -> None:
    """Semi and anti: a nested function says whether there is a match."""
    name = w.name("has")
    with w.function(name) as has:
        has.repeats = True
        _inner(w, node, needed, lambda: _matching(w, node.on, lambda: w.line("return True")))
        w.line("return False")
    test = f"{name}()" if node.kind == "semi" else f"not {name}()"
    if w.fn.blocks:
        w.line(f"if not ({test}): continue")
        _matching(w, node.quals, consume)
    else:
        with w.block(f"if {test}:"):
            _matching(w, node.quals, consume)


def _full_loop(w: Writer, node: nodes.Join, needed: Any, consume: Any) -> None:
    """FULL without a hashable condition: every pair is tried, unmatched inner rows come last."""
    inner_name, inner_keys = ops.function_of(w, node.inner, needed)
    outer_keys = ops.provided(node.outer, needed)
    w.line(f"inner = [[row, False] for row in {inner_name}()]")

    def outer_row() -> None:
        _may_be_absent(w, outer_keys)
        w.line("matched = False")
        w.line("give_way()")
        with w.block("for entry in inner:"):
            names = w.declare(inner_keys)
            w.line(f"{w.pattern(names)} = entry[0]")
            with w.passing(node.on):
                w.line("matched = entry[1] = True")
                _matching(w, node.quals, consume)
        _unmatched(w, "if not matched:", inner_keys, node.quals, consume)

    ops.produce(w, node.outer, needed, outer_row)
    with w.block("for row, matched in inner:"):
        w.line("if matched: continue")
        _inner_alone(w, inner_keys, outer_keys, node.quals, consume)


def _unmatched(w: Writer, header: str, absent: list[Key], quals: list[Any], consume: Any) -> None:
    """One more row with NULLs for `absent`, written as a loop over one row so that `continue` stays inside."""
    with w.block(header):
        names = w.declare(absent)
        with w.block(f"for {w.pattern(names)} in {_nulls(w, len(absent))}:"):
            _matching(w, quals, consume)


def _may_be_absent(w: Writer, keys: list[Key]) -> None:
    """From here on the columns are variables that can be NULL: what consumes a row is a subquery too, written once, that
    reads them again when the row has only its other side."""
    sources = [w.fn.find(key) for key in keys]
    for (source, _), name in zip(sources, w.declare(keys), strict=True):
        if source != name:
            w.line(f"{name} = {source}")


def _inner_alone(w: Writer, inner_keys: list[Key], outer_keys: list[Key], quals: list[Any], consume: Any) -> None:
    w.line(f"{w.pattern(w.declare(inner_keys))} = row")
    names = w.declare(outer_keys)
    if names:
        w.line(f"{' = '.join(names)} = None")
    _matching(w, quals, consume)


# -- hash joins --------------------------------------------------------------------------------------------------------
def _key(w: Writer, exprs: list[Any]) -> tuple[str, list[str], list[str]]:
    """(key source, sources to test for NULL, assignments first)"""
    before, names, tests = [], [], []
    for expr in exprs:
        source, nullable = w.value(expr)
        normal = equality_key(expr.type_oid)
        if normal is not None:
            name = w.name("h")
            before.append(f"{name} = {source}")
            before.append(f"if {name} is not None: {name} = {w.bind(normal)}({name})")
            source = name
        elif not source.isidentifier():
            name = w.name("h")
            before.append(f"{name} = {source}")
            source = name
        names.append(source)
        if nullable:
            tests.append(source)
    return names[0] if len(names) == 1 else w.tuple_of(names), tests, before


def hash_join(w: Writer, node: nodes.HashJoin, needed: Any, consume: Any) -> None:
    everything = _inner_needed(node, needed)
    keys = ops.provided(node.inner, everything - _only_keys(node, needed))
    table = w.name("ht")
    w.line(f"{table} = {{}}")
    full = node.kind == "full"
    loose = w.name("loose")
    if full:
        w.line(f"{loose} = []")
    bare = node.kind in ("semi", "anti") and not node.on

    def build() -> None:
        source, tests, before = _key(w, node.inner_keys)
        for line in before:
            w.line(line)
        row = ops.row(w, keys)
        if tests:
            nulls = " or ".join(f"{t} is None" for t in tests)
            w.line(f"if {nulls}:")
            w.line(f"    {f'{loose}.append({row})' if full else 'pass'}")
            w.line("else:")
            with _indented(w):
                _insert(w, table, source, row, bare, full)
        else:
            _insert(w, table, source, row, bare, full)

    ops.produce(w, node.inner, everything, build)
    if w.analyze:
        w.line(f"{w.bind(hash_facts)}(stats, {node.number}, {table}, {node.inner.width}, {node.inner.number})")
    if full:
        return _full_probe(w, node, everything, table, loose, keys, consume)

    def probe() -> None:
        source, _, before = _key(w, node.outer_keys)
        for line in before:
            w.line(line)
        _probe(w, node, table, source, keys, consume)

    ops.produce(w, node.outer, everything, probe)
    w.line(f"{w.bind(dispose)}({table}, give_way)")


class _indented:
    """One level deeper, below a line that was written already."""

    def __init__(self, w: Writer) -> None:
        self._fn = w.fn

    def __enter__(self) -> None:
        self._fn.indent += 1

    def __exit__(self, *error: Any) -> None:
        self._fn.indent -= 1


def _only_keys(node: nodes.HashJoin, needed: Any) -> Any:
    """Inner columns that serve to build the key and nothing else."""
    elsewhere = needed | ops.needed_by([*node.on, *node.quals])
    return ops.needed_by(node.inner_keys) - elsewhere


def _insert(w: Writer, table: str, key: str, row: str, bare: bool, full: bool) -> None:
    if bare:
        w.line(f"{table}[{key}] = True")
        return
    entry = f"[{row}, False]" if full else row
    bucket = w.name("b")
    w.line(f"{bucket} = {table}.get({key})")
    w.line(f"if {bucket} is None: {table}[{key}] = [{entry}]")
    w.line(f"else: {bucket}.append({entry})")


def _probe(w: Writer, node: nodes.HashJoin, table: str, key: str, keys: list[Key], consume: Any) -> None:
    if node.kind in ("semi", "anti"):
        return _probe_half(w, node, table, key, keys, consume)
    names = w.declare(keys)
    pattern = w.pattern(names)
    if node.kind == "inner":
        with w.block(f"for {pattern} in {table}.get({key}, ()):"):
            _matching(w, [*node.on, *node.quals], consume)
        return
    nulls = _nulls(w, len(keys))
    found = f"{table}.get({key})"
    if node.on:
        matches = w.name("m")
        w.line(f"{matches} = []")
        with w.block(f"for {pattern} in {found} or ():"):
            _matching(w, node.on, lambda: w.line(f"{matches}.append({ops.row(w, keys)})"))
        found = matches
    with w.block(f"for {pattern} in {found} or {nulls}:"):
        _matching(w, node.quals, consume)


def _probe_half(w: Writer, node: nodes.HashJoin, table: str, key: str, keys: list[Key], consume: Any) -> None:
    if not node.on:
        found = f"{key} in {table}"
    else:
        found = w.name("hit")
        w.line(f"{found} = False")
        names = w.declare(keys)
        with w.block(f"for {w.pattern(names)} in {table}.get({key}, ()):"):
            with w.passing(node.on):
                w.line(f"{found} = True")
                w.line("break")
    test = found if node.kind == "semi" else f"not ({found})"
    if w.fn.blocks:
        w.line(f"if not ({test}): continue")
        _matching(w, node.quals, consume)
    else:
        with w.block(f"if {test}:"):
            _matching(w, node.quals, consume)


def _full_probe(w: Writer, node: nodes.HashJoin, needed: Any, table: str, loose: str, keys: list[Key], consume: Any) -> None:
    outer_keys = ops.provided(node.outer, needed)

    def probe() -> None:
        source, _, before = _key(w, node.outer_keys)
        for line in before:
            w.line(line)
        _may_be_absent(w, outer_keys)
        w.line("matched = False")
        with w.block(f"for entry in {table}.get({source}, ()):"):
            names = w.declare(keys)
            w.line(f"{w.pattern(names)} = entry[0]")
            with w.passing(node.on):
                w.line("matched = entry[1] = True")
                _matching(w, node.quals, consume)
        _unmatched(w, "if not matched:", keys, node.quals, consume)

    ops.produce(w, node.outer, needed, probe)
    w.line(f"{loose} += [entry[0] for bucket in {table}.values() for entry in bucket if not entry[1]]")
    w.line(f"{w.bind(dispose)}({table}, give_way)")
    with w.block(f"for row in {loose}:"):
        _inner_alone(w, keys, outer_keys, node.quals, consume)
    w.line(f"{w.bind(dispose)}({loose}, give_way)")
