"""Running plans: which rows come out?

A physical plan is compiled once into the source of one Python generator function and then run any number of times. Each
operator writes its loop around its consumer's code (produce/consume): a scan, its filter and its projection become

    for page in tab.scan(snap, (1, 3)):
        give_way()
        for c0_1, c0_3 in page:
            if not (c0_1 is not None and c0_1 > p1): continue
            yield (c0_3,)

Reading order: `rows/codegen` (functions under construction, names), `rows/operators` (which operator writes what),
then `rows/scans`, `joins`, `sorting`, `grouping`, `windows`, `sets`, `subplans`, `locking`, `point`; `modify/` for
INSERT, UPDATE, DELETE; `explain`.

    compile_plan(plan) -> Executable;  executable.run(ExecContext) -> iterator of tuples

Not here: choosing the plan (`sql.plan`), definition statements (`execute.ddl`), long scans in columns
(`execute.columns`).
"""

from __future__ import annotations

from aurorapy.execute.context import ExecContext
from aurorapy.execute.executable import Executable, OutputColumn, compile_plan

__all__ = ["ExecContext", "Executable", "OutputColumn", "compile_plan"]
