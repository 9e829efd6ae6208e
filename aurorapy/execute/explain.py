"""EXPLAIN: a plan as PostgreSQL's text, with ANALYZE's times and counts.

    Sort  (cost=179.78..186.16 rows=2550 width=4)
      Sort Key: a
      ->  Seq Scan on t  (cost=0.00..35.50 rows=2550 width=4)

    explain(session, statement, {"analyze": True}, params) -> list of lines

Options: analyze, verbose, costs, buffers, timing, summary as PostgreSQL's; format other than text is refused (0A000).

Not here: the numbers' origin (`sql.plan.costs`), counting (`rows.runtime.timed`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported
from aurorapy.execute.deparse import Deparser, quoted
from aurorapy.execute.executable import compile_plan
from aurorapy.expressions.nodes import Const
from aurorapy.sql.bind import bind
from aurorapy.sql.plan import nodes, plan
from aurorapy.sql.plan.costs import subplans
from aurorapy.sql.plan.nodes import Plan

_OPTIONS = {"analyze", "verbose", "costs", "settings", "buffers", "wal", "timing", "summary", "format"}
_BARE = (nodes.Scan, nodes.FunctionScan, nodes.ValuesScan, nodes.CteScan)  # whose conditions name columns alone
_JOINS = {"inner": "", "left": " Left", "right": " Right", "full": " Full", "semi": " Semi", "anti": " Anti"}


def explain(session: Any, statement: Any, options: dict[str, Any], params: tuple = (), positions: Any = None) -> list[str]:
    """Lines of EXPLAIN's output for a QueryStatement; with ANALYZE it is executed. `positions`: of the options' names."""
    chosen = read_options(options, positions)
    clock = session.eval.wall_us
    started = clock()
    query = bind(statement, session.catalog, [])
    planned = plan(query, session.catalog, session.settings)
    planning = clock() - started
    stats: dict[Any, Any] = {}  # by node number, and (what, node number)
    number_nodes(planned)
    executed = 0
    buffers: list[int] = []
    if chosen["analyze"]:
        executed, buffers = _execute(session, planned, params, stats)
    lines = render(planned, chosen, stats, buffers if chosen["buffers"] else [])
    if chosen["summary"]:
        lines.append(f"Planning Time: {planning / 1000:.3f} ms")
        if chosen["analyze"]:
            lines.append(f"Execution Time: {executed / 1000:.3f} ms")
    return lines


def read_options(options: dict[str, Any], positions: Any = None) -> dict[str, Any]:
    """Defaults filled in. Raises 42601 for an unknown option or value, 22023 for one that needs ANALYZE."""
    chosen: dict[str, Any] = {}
    at = positions or {}
    for name, value in options.items():
        if name not in _OPTIONS:
            raise DatabaseError(f'unrecognized EXPLAIN option "{name}"', sqlstate="42601", position=at.get(name, 0))
        if name == "format":
            _check_format(str(value), at.get(name, 0))
        else:
            chosen[name] = _boolean(name, value)
    analyze = chosen.setdefault("analyze", False)
    for name in ("wal", "timing"):
        if chosen.get(name) and not analyze:
            raise DatabaseError(f"EXPLAIN option {name.upper()} requires ANALYZE", sqlstate="22023")
    for name, default in (("verbose", False), ("costs", True), ("buffers", False), ("timing", analyze), ("summary", analyze)):
        chosen.setdefault(name, default)
    return chosen


def _boolean(name: str, value: Any) -> bool:
    text = "true" if value is None else str(value).lower()
    if text not in ("true", "on", "1", "false", "off", "0"):
        raise DatabaseError(f"{name} requires a Boolean value", sqlstate="42601")
    return text in ("true", "on", "1")


def _check_format(name: str, position: int) -> None:
    if name in ("json", "yaml", "xml"):
        raise FeatureNotSupported("EXPLAIN formats other than text are not supported", hint="Use FORMAT TEXT.")
    if name != "text":
        raise DatabaseError(
            f'unrecognized value for EXPLAIN option "format": "{name}"', sqlstate="22023", position=position
        )


def _execute(session: Any, planned: Plan, params: tuple, stats: dict) -> tuple[int, list[int]]:
    """(µs, pages hit and read) of running the plan to its end."""
    transaction = session.transaction
    for oid, mode in planned.locks:
        transaction.lock_relation(oid, mode, session.lock_timeout())
    snapshot = transaction.snapshot()
    ctx = session.exec_context(transaction, snapshot, params)
    ctx.stats = stats
    counters = getattr(session.instance, "buffer_counters", None)
    before = counters() if counters is not None else None
    started = session.eval.wall_us()
    executable = compile_plan(planned, analyze=True)
    rows = 0
    try:
        for _ in executable.run(ctx):
            rows += 1
    finally:
        transaction.release_snapshot(snapshot)
    took = session.eval.wall_us() - started
    stats.setdefault(planned.root.number, [1, rows, took, took])
    after = counters() if counters is not None else None
    return took, [b - a for a, b in zip(before, after)] if before is not None else []


def number_nodes(planned: Plan) -> None:
    """Gives every node of the plan, its subplans and WITH queries a number from 1."""
    count = 0
    pending = [planned.root, *(part.plan for target in planned.targets for part in subplans(target))]
    for cte in planned.ctes:
        pending += [node for node in (cte.node, cte.step) if node is not None]
    while pending:
        node = pending.pop()
        if node.number:
            continue
        count += 1
        node.number = count
        pending += node.children()
        pending += [part.plan for expr in node.expressions() for part in subplans(expr)]


def render(planned: Plan, options: dict[str, Any], stats: dict, buffers: list[int]) -> list[str]:
    return _Renderer(planned, options, stats, buffers).lines()


class _Renderer:
    def __init__(self, planned: Plan, options: dict[str, Any], stats: dict, buffers: list[int]) -> None:
        self.plan = planned
        self.options = options
        self.stats = stats
        self.buffers = buffers
        self.deparser = Deparser(planned, options["verbose"])
        self.out: list[str] = []
        self.shown: set[int] = set()

    def lines(self) -> list[str]:
        self._node(self.plan.root, 0, targets=self.plan.targets)
        return self.out

    # -- layout
    def _line(self, indent: int, text: str) -> None:
        self.out.append(" " * indent + text)

    def _node(self, node: nodes.Node, indent: int, targets: Any = (), label: str = "") -> None:
        """One node and what is below; `indent` is the column of its properties' parent."""
        while isinstance(node, nodes.Project) or (isinstance(node, nodes.SubqueryScan) and node.invisible):
            targets = [*targets, *node.expressions()]
            node = node.children()[0]
        head = self._title(node) + self._numbers(node)
        root = not self.out
        if root:
            self._line(0, head)
            inside = 2
        else:
            self._line(indent, "->  " + head)
            inside = indent + 6
        if self.options["verbose"] and targets:
            self.deparser.prefix(False)
            self._line(inside, "Output: " + ", ".join(self.deparser.text(t) for t in targets))
        for text in self._properties(node):
            self._line(inside, text)
        if root and self.buffers and any(self.buffers):
            hit, read = self.buffers[:2]
            parts = [f"hit={hit}"] * (hit > 0) + [f"read={read}"] * (read > 0)
            self._line(inside, "Buffers: shared " + " ".join(parts))
        if root:
            self._ctes(inside)
        self._subplans(node, inside, targets)
        for child in self._children(node):
            self._child(child, inside)

    def _child(self, child: Any, indent: int) -> None:
        if isinstance(child, tuple):  # the Hash above a hash join's inner side
            inner = child[1]
            self._line(indent, "->  Hash" + self._numbers(inner, startup=inner.total))
            if ("hash", child[0]) in self.stats:
                slots, size = self.stats["hash", child[0]]
                self._line(indent + 6, f"Buckets: {slots}  Batches: 1  Memory Usage: {size}kB")
            self._node(inner, indent + 6)
            return
        self._node(child, indent)

    def _children(self, node: nodes.Node) -> list[Any]:
        if isinstance(node, nodes.Result) and any(type(q) is Const and not q.value for q in node.quals):
            return []
        if isinstance(node, nodes.HashJoin):
            return [node.outer, (node.number, node.inner)]
        return node.children()

    def _ctes(self, indent: int) -> None:
        for cte in self.plan.ctes:
            self._line(indent, f"CTE {quoted(cte.name)}")
            if cte.step is None:
                self._node(cte.node, indent + 2)
                continue
            rows = cte.node.rows + cte.step.rows * 10
            cost = f"  (cost={cte.node.startup:.2f}..{cte.node.total + cte.step.total * 10:.2f} rows={rows:.0f} width={cte.node.width})"
            self._line(indent + 2, "->  Recursive Union" + (cost if self.options["costs"] else ""))
            self._node(cte.node, indent + 8)
            self._node(cte.step, indent + 8)

    def _subplans(self, node: nodes.Node, indent: int, targets: Any) -> None:
        for expr in [*node.expressions(), *targets]:
            for part in subplans(expr):
                if part.number in self.shown:
                    continue
                self.shown.add(part.number)
                init = not part.outer and not part.hashed and part.kind not in ("any", "all", "row")
                self._line(indent, f"InitPlan {part.number} (returns ${part.number - 1})" if init else f"SubPlan {part.number}")
                self._node(part.plan, indent + 2, part.targets)

    def _numbers(self, node: nodes.Node, startup: float | None = None) -> str:
        text = ""
        if self.options["costs"]:
            first = node.startup if startup is None else startup
            width = 0 if isinstance(node, nodes.Modify) and not node.returning else node.width
            text = f"  (cost={first:.2f}..{node.total:.2f} rows={node.rows:.0f} width={width})"
        if self.options["analyze"]:
            entry = self.stats.get(node.number)
            if entry is None or not entry[0]:
                return text + " (never executed)"
            loops, rows, first_us, total_us = entry
            times = f"time={first_us / 1000 / loops:.3f}..{total_us / 1000 / loops:.3f} " if self.options["timing"] else ""
            text += f" (actual {times}rows={round(rows / loops)} loops={loops})"
        return text

    # -- words
    def _on(self, node: Any) -> str:
        relation = node.relation
        name = quoted(relation.name)
        if self.options["verbose"]:
            name = f"{quoted(relation.schema)}.{name}"
        return f"{name} {quoted(node.alias)}" if node.alias and node.alias != relation.name else name

    def _title(self, node: nodes.Node) -> str:
        kind = type(node)
        if kind is nodes.SeqScan:
            return f"Seq Scan on {self._on(node)}"
        if kind is nodes.IndexScan:
            return f"Index Scan {'Backward ' if node.backward else ''}using {quoted(node.index.name)} on {self._on(node)}"
        if kind is nodes.TidScan:
            return f"Tid Scan on {self._on(node)}"
        if kind is nodes.FunctionScan:
            name = getattr(getattr(node.functions[0], "fn", None), "name", node.alias) if node.functions else node.alias
            return f"Function Scan on {name}" + (f" {quoted(node.alias)}" if node.alias != name else "")
        if kind is nodes.ValuesScan:
            return f"Values Scan on {quoted(node.alias)}"
        if kind is nodes.CteScan:
            name = quoted(node.cte.name)
            word = "WorkTable Scan" if node.work_table else "CTE Scan"
            return f"{word} on {name}" + (f" {quoted(node.alias)}" if node.alias != node.cte.name else "")
        if kind is nodes.SubqueryScan:
            return f"Subquery Scan on {quoted(node.alias)}"
        if isinstance(node, nodes.Join):
            word = "Hash" if kind is nodes.HashJoin else "Nested Loop"
            suffix = " Join" if kind is nodes.HashJoin or node.kind != "inner" else ""
            return f"{word}{_JOINS[node.kind]}{suffix}"
        if kind is nodes.Aggregate:
            return {"plain": "Aggregate", "sorted": "GroupAggregate", "hashed": "HashAggregate", "mixed": "MixedAggregate"}[
                node.strategy
            ]
        if kind is nodes.SetOperation:
            return f"HashSetOp {node.op.capitalize()}{' All' if node.all else ''}"
        if kind is nodes.Modify:
            return f"{node.kind.capitalize()} on {self._on(node)}"
        return kind.__name__

    def _properties(self, node: nodes.Node) -> list[str]:
        d = self.deparser
        d.prefix(self.options["verbose"], node.rel if isinstance(node, _BARE) else -1)
        d.bare = frozenset((node.rel,)) if isinstance(node, nodes.Aggregate) else frozenset()
        found: list[str] = []
        if isinstance(node, nodes.IndexScan) and node.conditions:
            found.append(f"Index Cond: {d.quals(node.conditions)}")
        elif isinstance(node, nodes.TidScan):
            found.append(f"TID Cond: {d.quals(node.conditions)}")
        elif isinstance(node, nodes.HashJoin):
            found.append(f"Hash Cond: {d.quals(node.conditions)}")
        elif isinstance(node, nodes.Sort):
            found.append(f"Sort Key: {', '.join(d.sort_key(k) for k in node.keys)}")
            if ("sort", node.number) in self.stats:
                found.append(f"Sort Method: {self.stats['sort', node.number]}")
        elif isinstance(node, nodes.Aggregate) and node.keys and node.sets is None:
            found.append(f"Group Key: {', '.join(d.text(k) for k in node.keys)}")
        elif isinstance(node, nodes.Aggregate) and node.sets is not None:
            for members in node.sets:
                keys = ", ".join(d.text(node.keys[i]) for i in members)
                found.append(f"Hash Key: {keys}" if keys else "Group Key: ()")
        elif isinstance(node, nodes.Modify) and node.conflict is not None:
            found.append(f"Conflict Resolution: {node.conflict.action.upper()}")
            names = [i.name for i in node.relation.indexes if i.oid in node.conflict.arbiters]
            if names:
                found.append(f"Conflict Arbiter Indexes: {', '.join(quoted(i) for i in names)}")
        if isinstance(node, nodes.Join) and node.on:
            found.append(f"Join Filter: {d.quals(node.on)}")
            found += self._removed(node, "join_filter", "Join Filter")
        if node.quals:
            word = "One-Time Filter" if isinstance(node, nodes.Result) else "Filter"
            found.append(f"{word}: {d.quals(node.quals)}")
        if isinstance(node, nodes.Aggregate) and node.strategy in ("hashed", "mixed") and ("hash", node.number) in self.stats:
            found.append(f"Batches: 1  Memory Usage: {self.stats['hash', node.number][1]}kB")
        return [*found, *self._removed(node, "filter", "Filter")]

    def _removed(self, node: nodes.Node, counter: str, word: str) -> list[str]:
        """Rows a loop that did not pass a condition, where there were any."""
        (count,), loops = self.stats.get((counter, node.number), (0,)), self.stats.get(node.number, (1,))[0]
        return [f"Rows Removed by {word}: {count / loops:.0f}"] if count else []
