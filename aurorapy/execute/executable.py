"""A compiled plan: `compile_plan(plan)` gives an Executable, which is re-entrant and holds no state of an execution."""

from __future__ import annotations

from itertools import islice
from typing import Any, Callable, Iterator

from aurorapy.execute.context import ExecContext
from aurorapy.execute.rows.operators import generate
from aurorapy.execute.rows.point import generate_point
from aurorapy.execute.rows.program import point_program
from aurorapy.expressions.nodes import Column, Const
from aurorapy.records import dataclass
from aurorapy.sql.plan.nodes import Limit, Plan, Sort
from aurorapy_native.lexer import too_deep


BLOCK_ROWS = 1024


@dataclass(slots=True)
class OutputColumn:
    """What RowDescription says about a result column."""

    name: str
    type_oid: int
    typmod: int = -1
    origin_table: int = 0
    origin_column: int = 0


class Executable:
    """`columns` is empty for a statement that returns no rows; `source` is the Python text, for the curious; `program` does
    the whole statement natively where it is about one row."""

    __slots__ = (
        "plan", "kind", "columns", "param_types", "locks", "privileges", "relation_oids", "source", "run", "program",
    )  # fmt: skip

    def __init__(self, plan: Plan, function: Any, source: str) -> None:
        self.plan = plan
        self.kind = plan.kind
        self.columns = [
            OutputColumn(name, expr.type_oid, expr.typmod, *origin)
            for name, expr, origin in zip(plan.names, plan.targets, plan.origins)
        ]
        self.param_types = plan.param_types
        self.locks = plan.locks
        self.privileges = plan.privileges
        self.relation_oids = plan.relation_oids
        self.source = source
        self.run: Any = in_blocks(function) if _sorted_then_computed(plan) else function  # run(ExecContext) -> tuples
        self.program = point_program(plan)

    def rows(self, ctx: ExecContext) -> Iterator[tuple]:
        return iter(self.run(ctx))


def _sorted_then_computed(plan: Plan) -> bool:
    """PostgreSQL computes the result columns before it sorts, so an error in one comes before any row."""
    root = plan.root.child if type(plan.root) is Limit else plan.root
    return type(root) is Sort and not all(type(target) in (Column, Const) for target in plan.targets)


def in_blocks(run: Callable[[ExecContext], Any]) -> Callable[[ExecContext], Iterator[tuple]]:
    """The same rows, each block of them computed before its first is given."""

    def blocks(ctx: ExecContext) -> Iterator[tuple]:
        rows = iter(run(ctx))
        try:
            while block := list(islice(rows, BLOCK_ROWS)):
                yield from block
        finally:
            close = getattr(rows, "close", None)
            if close is not None:
                close()

    return blocks


def compile_plan(plan: Plan, analyze: bool = False) -> Executable:
    """Python source of the plan, compiled. `analyze` counts and times every node into `ctx.stats`."""
    try:
        if plan.point is not None and not analyze:
            function, source = generate_point(plan)
        else:
            function, source = generate(plan, analyze)
        return Executable(plan, function, source)
    except (RecursionError, MemoryError):  # Python's compiler runs out of its own stack with a MemoryError
        raise too_deep() from None
