"""Subqueries in expressions and WITH queries, as nested functions.

    uncorrelated scalar       s1() computes once and remembers          (in the outermost function)
    correlated                s1() computes anew from closure variables (in the function around it)
    x = ANY (uncorrelated)    s1((x,)) probes a set built once
    WITH                      cte1, a Shared whose rows are made once, on demand
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows import runtime
from aurorapy.execute.rows.codegen import Source, Writer
from aurorapy.expressions.ordering import equality_key
from aurorapy.expressions.typeoids import ELEMENT_OF
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.nodes import CtePlan, SubPlan


def source(w: Writer, part: SubPlan) -> Source:
    """Source of the subplan's value where it is used."""
    tests_row = part.kind in ("any", "all", "row") and not part.hashed  # with the columns of the function around it
    home = w.fn if part.outer or tests_row else w.root
    known = w.done.get(("subplan", id(part), id(home)))
    if known is None:
        known = _write(w, part, home)
        w.done["subplan", id(part), id(home)] = known
        w.done["keep", id(part)] = part  # its id must stay its own
    if part.hashed:
        args = w.tuple_of([w.source(a) for a in part.hash_args])
        return f"{known}().any({args})", True
    return f"{known}()", part.kind not in ("exists", "array")


def _write(w: Writer, part: SubPlan, home: Any) -> str:
    outer, w.fn = w.fn, home
    try:
        name = w.name("s")
        if part.hashed:
            rows = _rows_function(w, part)
            keys = w.bind(tuple(equality_key(t.type_oid) for t in part.targets), "keys")
            kept = _once(w, name, f"{w.bind(runtime.HashedRows)}({rows}(), {keys})")
            if home is w.root:
                w.epilogue.append(f"if {kept} is not {w.bind(runtime.UNSET, 'unset')}: {kept}.dispose(give_way)")
            return name
        if part.kind in ("any", "all", "row"):
            _quantified(w, part, name)
            return name
        value = _value(w, part, _rows_function(w, part))
        if part.outer:
            with w.function(name):
                w.line(f"return {value}")
        else:
            _once(w, name, value)
        return name
    finally:
        w.fn = outer


def _value(w: Writer, part: SubPlan, rows: str) -> str:
    if part.kind == "exists":
        return f"{w.bind(runtime.exists)}({rows}())"
    if part.kind == "array":
        return f"{w.bind(runtime.array_of)}({rows}(), {ELEMENT_OF.get(part.type_oid, 0)})"
    return f"{w.bind(runtime.scalar)}({rows}())"


def _once(w: Writer, name: str, value: str) -> str:
    """A function that computes the value at its first call; the variable that keeps it."""
    kept = w.name("once")
    unset = w.bind(runtime.UNSET, "unset")
    w.fn.prologue.append(f"{kept} = {unset}")
    with w.function(name):
        w.line(f"nonlocal {kept}")
        with w.block(f"if {kept} is {unset}:"):
            w.line(f"{kept} = {value}")
        w.line(f"return {kept}")
    return kept


def _rows_function(w: Writer, part: SubPlan) -> str:
    """A nested generator function over the subquery's output rows."""
    return rows_function(w, part.plan, [] if part.kind == "exists" else list(part.targets))


def rows_function(w: Writer, node: nodes.Node, targets: list[Any]) -> str:
    name = w.name("g")
    with w.function(name):
        w.fn.prologue.append("if 0: yield")
        ops.write_rows(w, node, targets)
    return name


def _quantified(w: Writer, part: SubPlan, name: str) -> None:
    """`test` for each row: ANY is true at the first true, ALL false at the first false; a row comparison has one row."""
    rows = _rows_function(w, part)
    if part.kind == "row":
        rows = f"{w.bind(runtime.single_row)}({rows}(), {len(part.targets)})"
        outputs = [w.name("o") for _ in part.targets]
        with w.function(name):
            w.line(f"{w.pattern(outputs)} = {rows}")
            w.line(f"return {_test(w, part, outputs)}")
        return
    outputs = [w.name("o") for _ in part.targets]
    stop = part.kind == "any"
    with w.function(name):
        w.line("unknown = False")
        with w.block(f"for {w.pattern(outputs)} in {rows}():"):
            w.line(f"test = {_test(w, part, outputs)}")
            w.line("if test is None: unknown = True")
            w.line(f"elif test is {stop}: return {stop}")
        w.line(f"return None if unknown else {not stop}")


def _test(w: Writer, part: SubPlan, outputs: list[str]) -> str:
    """Source of the comparison, with the subquery's columns in the variables `outputs`."""
    saved = dict(w.scope.inner)
    w.scope.inner.update({-i: (o, True) for i, o in enumerate(outputs, 1)})
    test = w.source(part.test)
    w.scope.inner.clear()
    w.scope.inner.update(saved)
    return test


# -- WITH --------------------------------------------------------------------------------------------------------------
def cte_name(cte: CtePlan) -> str:
    return f"cte{cte.number}"


def work_name(cte: CtePlan) -> str:
    return f"work{cte.number}"


def write_cte(w: Writer, cte: CtePlan) -> str:
    """The variable that holds the WITH query's Shared rows, written at its first use."""
    home = w.root if not cte.outer else w.fn
    name = cte_name(cte)
    key = ("cte", cte.number, id(home))
    if key in w.done or (cte.outer and any(("cte", cte.number, id(f)) in w.done for f in _around(w.fn))):
        return name
    w.done[key] = True
    outer, w.fn = w.fn, home
    try:
        if cte.step is not None:
            rows = _recursive(w, cte)
        elif isinstance(cte.node, nodes.Modify):
            from aurorapy.execute.modify.statements import modify_function

            rows = modify_function(w, cte.node)
        else:
            rows = rows_function(w, cte.node, cte.targets)
        w.fn.prologue.append(f"{name} = {w.bind(runtime.Shared)}({rows})")
        if home is w.root:
            w.epilogue.append(f"{name}.dispose(give_way)")
    finally:
        w.fn = outer
    return name


def _around(fn: Any) -> list[Any]:
    found = []
    while fn is not None:
        found.append(fn)
        fn = fn.parent
    return found


def _recursive(w: Writer, cte: CtePlan) -> str:
    """First rows, then the step over the rows of the last round until a round is empty."""
    work = work_name(cte)
    w.fn.prologue.append(f"{work} = ()")
    first = rows_function(w, cte.node, cte.targets)
    step = rows_function(w, cte.step, cte.step_targets)
    name = w.name("g")
    keys = [equality_key(oid) for oid in cte.type_oids]
    with w.function(name):
        w.line(f"nonlocal {work}")
        if cte.distinct:
            w.line("seen = set()")
        w.line(f"rows = {first}")
        with w.block("while True:"):
            w.line("new = []")
            with w.block("for row in rows():"):
                if cte.distinct:
                    normal = "row"
                    if any(keys):
                        normal = f"{w.bind(_normal)}(row, {w.bind(tuple(keys))})"
                    w.line(f"key = {normal}")
                    w.line("if key in seen: continue")
                    w.line("seen.add(key)")
                w.line("new.append(row)")
                w.line("yield row")
            w.line("if not new: return")
            w.line("give_way()")
            w.line(f"{work} = new")
            w.line(f"rows = {step}")
    return name


def _normal(row: tuple, keys: tuple) -> tuple:
    return tuple(v if k is None or v is None else k(v) for v, k in zip(row, keys))
