"""What a running plan needs from outside: transaction, snapshot, parameters, tables.

    ctx = ExecContext(instance, session, transaction, snapshot, (42,), eval_context)
    for row in executable.run(ctx): ...
    ctx.processed        # rows changed, for the command tag

`instance.table(relation)` opens a catalog Relation (access.table.Table). Errors are those of the plan.

Not here: who makes it (`session`, COPY, DDL).
"""

from __future__ import annotations

from typing import Any

from aurorapy.records import dataclass, field


@dataclass(slots=True)
class ExecContext:
    """One execution of one plan. `snapshot` serves all of the statement's reads."""

    instance: Any
    session: Any
    transaction: Any
    snapshot: Any
    params: tuple = ()
    eval: Any = None  # expressions.context.EvalContext
    processed: int = 0  # rows inserted, updated or deleted
    stats: Any = None  # EXPLAIN ANALYZE's counters, by node number
    work_mem_bytes: int = 4 << 20
    temp_file_limit_bytes: int | None = None
    memory: dict[str, Any] = field(default_factory=dict)

    def open_table(self, relation: Any) -> Any:
        """The access.table.Table of a catalog Relation."""
        return self.instance.table(relation)

    @property
    def give_way(self) -> Any:
        """Called in loops: sees cancels and lets other sessions run."""
        return self.eval.give_way

    @property
    def lock_timeout(self) -> float | None:
        """Seconds to wait for a row; None: for ever."""
        return self.session.lock_timeout() if self.session is not None else None
