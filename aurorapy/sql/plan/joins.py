"""Join order and method: dynamic programming over subsets of up to eight relations, greedy beyond.

FROM is cut into *items*: relations that join freely (inner), and right-hand sides of LEFT, SEMI and ANTI joins, which
join last to a set that holds the relations their condition needs. A FULL join is an item planned on its own. Plans are
left-deep, either side may be hashed. For each subset the cheapest plan is kept, the cheapest to start, and the cheapest
with the order that the query wants.

    a JOIN b ON … LEFT JOIN c ON c.x = a.x     items: a, b, c(left, needs a)

Not here: reading one relation (`sql.plan.paths`), what comes above the joins (`sql.plan.select`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import FeatureNotSupported
from aurorapy.expressions.nodes import Call, Column, Expr
from aurorapy.records import dataclass, field, replace
from aurorapy.sql.plan import costs as cost
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import conjuncts, has_sublink, is_volatile, outer_columns, rels_of
from aurorapy.sql.plan.paths import other_paths, same_family, satisfies, table_paths
from aurorapy.sql.plan.rules.reduce_outer_joins import tree_rels
from aurorapy.sql.plan.rules.share_constants import share_constants
from aurorapy.sql.plan.stats import clamp_rows
from aurorapy.sql.tree import Join, Ref, SortKey

EXHAUSTIVE_ITEMS_MAX = 8
_UNHASHABLE = frozenset({114})


@dataclass(slots=True, eq=False)
class Item:
    """kind: inner, left, semi, anti. `before`: relations that must be joined already. `paths`: plans of its own."""

    rels: frozenset[int]
    kind: str = "inner"
    on: list[Expr] = field(default_factory=list)
    before: frozenset[int] = frozenset()
    rel: int = -1  # a single relation's id
    quals: list[Expr] = field(default_factory=list)
    paths: list[nodes.Node] = field(default_factory=list)


class JoinPlanner:
    """Plans the FROM and WHERE of one query level."""

    def __init__(self, planner: Any, rtes: dict[int, Any], wanted: tuple[SortKey, ...], fetched: float) -> None:
        self.planner = planner
        self.rtes = rtes
        self.wanted = wanted
        self.fetched = fetched  # rows that will be fetched (LIMIT); 0 = all
        self.items: list[Item] = []
        self.quals: list[tuple[Expr, frozenset[int]]] = []

    # -- cutting FROM into items
    def plan(self, from_: list[Any], where: list[Expr]) -> nodes.Node:
        for item in from_:
            self._flatten(item)
        mine = frozenset(self.rtes)
        gates: list[Expr] = []
        special = {r for i in self.items if i.kind != "inner" for r in i.rels}
        for qual in share_constants([*where, *(q for q, _ in self.quals)]):
            rels = rels_of(qual) & mine
            if not rels and not is_volatile(qual):
                gates.append(qual)
                continue
            item = next((i for i in self.items if rels <= i.rels and not rels & special), None)
            if item is not None:
                item.quals.append(qual)
            elif not rels:
                self._volatile.append(qual)
            else:
                self._join_quals.append((qual, rels))
        if not self.items:
            node: nodes.Node = nodes.Result(quals=[*gates, *self._volatile], total=self.planner.costs.cpu_tuple)
            return node
        for item in self.items:
            self._base(item)
        node = self._order()
        if self._volatile:
            node.quals.extend(self._volatile)
        if gates:
            gated = nodes.Result(node, quals=gates, rels=node.rels, order=node.order)
            cost.pass_through(gated, [], self.planner.costs)
            node = gated
        return node

    _volatile: list[Expr]
    _join_quals: list[tuple[Expr, frozenset[int]]]

    def run(self, from_: list[Any], where: list[Expr]) -> nodes.Node:
        self._volatile, self._join_quals = [], []
        return self.plan(from_, where)

    def _flatten(self, item: Any) -> frozenset[int]:
        if isinstance(item, Ref):
            self.items.append(Item(frozenset((item.rte,)), rel=item.rte))
            return frozenset((item.rte,))
        kind = item.kind
        if kind == "right":
            return self._flatten(Join("left", item.right, item.left, item.on))
        if kind in ("inner", "cross"):
            rels = self._flatten(item.left) | self._flatten(item.right)
            self.quals.extend((q, rels) for q in conjuncts(item.on))
            return rels
        if kind == "full":
            return self._full(item)
        left = self._flatten(item.left)
        right = frozenset(tree_rels(item.right))
        on, pushed = [], []
        for qual in conjuncts(item.on):
            (on if rels_of(qual) & left or is_volatile(qual) else pushed).append(qual)
        before = frozenset().union(*(rels_of(q) & left for q in on)) if on else frozenset()
        made = Item(right, kind, on, before or left)
        if isinstance(item.right, Ref):
            made.rel = item.right.rte
            made.quals = pushed
        else:
            made.paths = [self._side(item.right, pushed)]
        self.items.append(made)
        return left if kind in ("semi", "anti") else left | right

    def _side(self, tree: Any, quals: list[Expr]) -> nodes.Node:
        inner = JoinPlanner(self.planner, {r: self.rtes[r] for r in tree_rels(tree)}, (), 0.0)
        return inner.run([tree], quals)

    def _full(self, item: Any) -> frozenset[int]:
        left, right = self._side(item.left, []), self._side(item.right, [])
        on = conjuncts(item.on)
        node = self._hash_join("full", left, right, on)
        if node is None and on:
            raise FeatureNotSupported("FULL JOIN is only supported with merge-joinable or hash-joinable join conditions")
        if node is None:
            node = nodes.NestedLoop("full", left, self._kept(right), on, rels=left.rels | right.rels, width=left.width + right.width)
            cost.nested_loop(node, max(left.rows, right.rows), self.planner.costs)
        rels = frozenset(tree_rels(item))
        self.items.append(Item(rels, paths=[node]))
        return rels

    # -- one item
    def _base(self, item: Item) -> None:
        if item.paths:
            if item.quals:
                node = item.paths[0]
                node.quals.extend(item.quals)
                node.rows = clamp_rows(node.rows * self.planner.estimator.all_of(item.quals))
            return
        rte = self.rtes[item.rel]
        if rte.kind == "table":
            item.paths = table_paths(self.planner, item.rel, rte, item.quals, [], self.wanted)
        else:
            item.paths = other_paths(self.planner, item.rel, rte, item.quals)
            lateral = frozenset().union(*(rels_of(e) for e in _outside_expressions(item.paths[0]))) & frozenset(self.rtes)
            item.before = item.before | (lateral - item.rels)
        self.planner.note_rows(item.rel, item.paths[0].rows)

    # -- the order
    def _order(self) -> nodes.Node:
        items = self.items
        if len(items) == 1:
            return self._final(items[0].paths)
        if len(items) <= EXHAUSTIVE_ITEMS_MAX:
            return self._exhaustive()
        return self._greedy()

    def _final(self, paths: list[nodes.Node]) -> nodes.Node:
        return min(paths, key=self._price)

    def _price(self, node: nodes.Node) -> float:
        """Cost of the rows that will be fetched, with the sort that the wanted order still needs."""
        startup, total = node.startup, node.total
        share = min(1.0, self.fetched / max(node.rows, 1.0)) if self.fetched else 1.0
        if self.wanted and not satisfies(node.order, self.wanted):
            probe = nodes.Sort(node, list(self.wanted))
            cost.sort(probe, self.fetched, self.planner.costs)
            startup, total = probe.startup, probe.total
        return startup + share * (total - startup)

    def _exhaustive(self) -> nodes.Node:
        best: dict[int, list[nodes.Node]] = {}
        for i, item in enumerate(self.items):
            if item.kind == "inner" and not item.before:
                best[1 << i] = self._trim(item.paths)
        everything = (1 << len(self.items)) - 1
        for size in range(1, len(self.items)):
            for mask in [m for m in best if m.bit_count() == size]:
                for i in self._choices(mask, best[mask][0].rels):
                    target = mask | 1 << i
                    made = self._join(best[mask], self.items[i], self._joined_rels(mask))
                    best[target] = self._trim([*best.get(target, []), *made])
        if everything not in best:
            return self._greedy()
        return self._final(best[everything])

    def _joined_rels(self, mask: int) -> frozenset[int]:
        return frozenset().union(*(item.rels for i, item in enumerate(self.items) if mask >> i & 1))

    def _choices(self, mask: int, rels: frozenset[int]) -> list[int]:
        joined = self._joined_rels(mask)
        allowed = [i for i, item in enumerate(self.items) if not mask >> i & 1 and item.before <= joined]
        connected = [i for i in allowed if self.items[i].kind != "inner" or self._clauses(joined, self.items[i])]
        return connected or allowed

    def _greedy(self) -> nodes.Node:
        starts = [i for i, item in enumerate(self.items) if item.kind == "inner" and not item.before]
        first = min(starts, key=lambda i: min(p.rows for p in self.items[i].paths))
        mask, paths = 1 << first, self._trim(self.items[first].paths)
        while mask != (1 << len(self.items)) - 1:
            options = []
            for i in self._choices(mask, paths[0].rels):
                made = self._trim(self._join(paths, self.items[i], self._joined_rels(mask)))
                options.append((min(n.rows for n in made), min(n.total for n in made), i, made))
            _, _, i, paths = min(options, key=lambda o: o[:3])
            mask |= 1 << i
        return self._final(paths)

    def _trim(self, paths: list[nodes.Node]) -> list[nodes.Node]:
        cheapest = min(paths, key=lambda n: n.total)
        kept = [cheapest]
        if self.fetched:
            kept.append(min(paths, key=lambda n: n.startup + min(1.0, self.fetched / max(n.rows, 1.0)) * (n.total - n.startup)))
        if self.wanted:
            ordered = [n for n in paths if satisfies(n.order, self.wanted)]
            if ordered:
                kept.append(min(ordered, key=lambda n: n.total))
        unique: list[nodes.Node] = []
        for node in kept:
            if not any(node is u for u in unique):
                unique.append(node)
        return unique

    # -- one join
    def _clauses(self, joined: frozenset[int], item: Item) -> list[Expr]:
        """WHERE and inner ON conditions that become computable when `item` joins."""
        both = joined | item.rels
        return [q for q, rels in self._join_quals if rels <= both and not rels <= joined and (not rels <= item.rels or item.kind != "inner")]

    def _join(self, lefts: list[nodes.Node], item: Item, joined: frozenset[int]) -> list[nodes.Node]:
        clauses = self._clauses(joined, item)
        on = clauses if item.kind == "inner" else item.on
        above = [] if item.kind == "inner" else clauses
        made: list[nodes.Node] = []
        rows = self._join_rows(item, lefts[0].rows, item.paths[0].rows, on, above)
        for left in lefts:
            made.extend(self._nested_loops(left, item, on, above, rows))
            if not (item.before & self._lateral(item)):
                right = min(item.paths, key=lambda n: n.total)
                node = self._hash_join(item.kind, left, right, on, above, rows)
                if node is not None:
                    made.append(node)
                if item.kind == "inner":
                    node = self._hash_join("inner", right, left, on, above, rows)
                    if node is not None:
                        made.append(node)
        return made

    def _lateral(self, item: Item) -> frozenset[int]:
        if item.rel >= 0 and self.rtes[item.rel].kind == "table":
            return frozenset()
        used = frozenset().union(*(rels_of(e) for p in item.paths for e in _outside_expressions(p)))
        return used & frozenset(self.rtes) - item.rels

    def _join_rows(self, item: Item, left: float, right: float, on: list[Expr], above: list[Expr]) -> float:
        estimator = self.planner.estimator
        share = estimator.all_of(on)
        if item.kind == "inner":
            return clamp_rows(left * right * share)
        if item.kind in ("semi", "anti"):
            matched = min(1.0, right * share) if on else 1.0
            rows = left * matched if item.kind == "semi" else left * (1.0 - min(matched, 0.9999))
        else:
            rows = max(left * right * share, left)
        return clamp_rows(rows * estimator.all_of(above))

    def _nested_loops(self, left: nodes.Node, item: Item, on: list[Expr], above: list[Expr], rows: float) -> list[nodes.Node]:
        made = []
        right = min(item.paths, key=lambda n: n.total)
        inner = right if self._lateral(item) else self._kept(right)
        made.append(self._loop(left, inner, item, on, above, rows))
        if inner is not right and isinstance(right, nodes.Scan):
            made.append(self._loop(left, right, item, on, above, rows))
        rte = self.rtes.get(item.rel)
        if rte is not None and rte.kind == "table" and on:
            self.planner.loops = max(left.rows, 1.0)
            try:
                indexed = table_paths(self.planner, item.rel, rte, item.quals, on, ())
            finally:
                self.planner.loops = 1.0
            for path in indexed:
                rest = [q for q in on if not any(q is c for c in path.conditions)]
                made.append(self._loop(left, path, item, rest, above, rows))
        return made

    def _loop(self, left, right, item: Item, on: list[Expr], above: list[Expr], rows: float) -> nodes.Node:
        rels = left.rels if item.kind in ("semi", "anti") else left.rels | right.rels
        width = left.width if item.kind in ("semi", "anti") else left.width + right.width
        node = nodes.NestedLoop(item.kind, left, right, list(on), quals=list(above), rels=rels, order=left.order, width=width)
        cost.nested_loop(node, rows, self.planner.costs)
        return node

    def _kept(self, node: nodes.Node) -> nodes.Node:
        if isinstance(node, (nodes.Materialize, nodes.CteScan, nodes.ValuesScan)) or not self.planner.costs.enable_material:
            return node
        kept = nodes.Materialize(node, rels=node.rels, order=node.order)
        cost.materialize(kept, self.planner.costs)
        return kept

    def _hash_join(self, kind: str, left, right, on: list[Expr], above: list[Expr] = (), rows: float = -1.0) -> nodes.Node | None:
        keys = [(q, pair) for q in on if (pair := hash_pair(q, left.rels, right.rels)) is not None]
        if not keys:
            return None
        conditions = [q for q, _ in keys]
        rest = [q for q in on if not any(q is c for c in conditions)]
        rels = left.rels if kind in ("semi", "anti") else left.rels | right.rels
        order = left.order if kind != "full" else ()
        width = left.width if kind in ("semi", "anti") else left.width + right.width
        node = nodes.HashJoin(
            kind, left, right, rest, [a for _, (a, _) in keys], [b for _, (_, b) in keys],
            [q if q.args[0] is a else replace(q, args=(a, b)) for q, (a, b) in keys],
            quals=list(above), rels=rels, order=order, width=width,
        )  # fmt: skip
        distinct = max(self.planner.estimator.distinct(node.inner_keys[0]), 1.0)
        if rows < 0:
            rows = clamp_rows(max(left.rows, right.rows))
        cost.hash_join(node, rows, 1.0 / distinct, self.planner.costs)
        return node


def hash_pair(qual: Expr, left: frozenset[int], right: frozenset[int]) -> tuple[Expr, Expr] | None:
    """(left key, right key) when the condition is a hashable equality across the join."""
    if type(qual) is not Call or qual.op != "=" or len(qual.args) != 2 or is_volatile(qual):
        return None
    a, b = qual.args
    if not same_family(a.type_oid, b.type_oid) or a.type_oid in _UNHASHABLE or has_sublink(qual):
        return None
    a_rels, b_rels = rels_of(a), rels_of(b)
    if a_rels & left and b_rels & right and not a_rels & right and not b_rels & left:
        return a, b
    if a_rels & right and b_rels & left and not a_rels & left and not b_rels & right:
        return b, a
    return None


def _outside_expressions(node: nodes.Node) -> list[Expr]:
    """Columns that a plan reads from relations it does not provide."""
    return [Column(0, rte=rel, attno=attno) for rel, attno in outer_columns(node)]
